package io.quire.node;

import io.javalin.Javalin;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;
import io.quire.ager.OrphanSearch.Mode;
import io.quire.ager.Orphans;
import io.quire.ager.Orphans.Found;
import io.quire.ager.Orphans.Verdict;
import io.quire.datasets.Datasets;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Durable copies that nobody needs, over HTTP: counted, or removed. */
final class StoreRoutes {
  private static final Duration DEADLINE = Duration.ofMinutes(30);

  /** More files than this are counted only. */
  static final int FILES_MAX = 1_000;

  private final Node node;
  private final Jobs jobs;

  StoreRoutes(Node node, Jobs jobs) {
    this.node = node;
    this.jobs = jobs;
  }

  /**
   * Asks for a search; JSON by field name.
   *
   * @param remove whether files of which nothing is needed are removed
   * @param brokenLoads whether loads whose coordinator is gone are given up before; only if files
   *     are removed
   */
  record OrphansRequest(boolean remove, boolean brokenLoads) {}

  /** Files of one verdict; JSON by field name. */
  record VerdictInfo(Verdict verdict, long files, long bytes, long unneededBytes) {}

  /**
   * What was found; JSON by field name.
   *
   * @param complete whether everything was looked at
   * @param brokenLoads whose coordinator is gone, and that are kept
   * @param givenUp loads that were given up
   * @param files those that are orphans, and those that a person has to look at; {@value
   *     #FILES_MAX} at most
   */
  record OrphansInfo(
      boolean removed,
      boolean complete,
      int brokenLoads,
      int givenUp,
      List<VerdictInfo> verdicts,
      List<Found> files) {}

  void add(Javalin http) {
    http.post("/api/orphans", this::search);
  }

  private void search(Context call) throws IOException {
    OrphansRequest request = AdminServer.body(call, OrphansRequest.class);
    if (request.brokenLoads() && !request.remove()) {
      throw new IllegalArgumentException("broken loads are given up only where files are removed");
    }
    Jobs.Job job = jobs.start("orphans", _ -> search(node.datasets(), request));
    call.status(HttpStatus.ACCEPTED).json(job.status());
  }

  private static OrphansInfo search(Datasets datasets, OrphansRequest request) {
    int givenUp = request.brokenLoads() ? datasets.giveUpBrokenLoads() : 0;
    Mode mode = request.remove() ? Mode.REMOVE : Mode.COUNT;
    Orphans found = datasets.orphans(mode, DEADLINE);
    List<VerdictInfo> verdicts = new ArrayList<>();
    for (Verdict verdict : Verdict.values()) {
      long unneeded =
          found.files().stream()
              .filter(file -> file.verdict() == verdict)
              .mapToLong(Found::unneededBytes)
              .sum();
      verdicts.add(new VerdictInfo(verdict, found.count(verdict), found.bytes(verdict), unneeded));
    }
    List<Found> files =
        found.files().stream().filter(StoreRoutes::isForPeople).limit(FILES_MAX).toList();
    return new OrphansInfo(
        request.remove(), found.complete(), datasets.brokenLoads(), givenUp, verdicts, files);
  }

  private static boolean isForPeople(Found file) {
    return switch (file.verdict()) {
      case ORPHAN, DAMAGED, UNREADABLE -> true;
      case NEEDED, OF_OTHERS, LIVING -> false;
    };
  }
}
