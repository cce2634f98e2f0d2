package io.quire.datasets;

import io.quire.ager.Ager;
import io.quire.ager.Draft;
import io.quire.ager.Extent;
import io.quire.base.Member;
import io.quire.datasets.Holding.Held;
import io.quire.fabric.FabricException;
import io.quire.ns.NsObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Coordinates the load of a stream of lines: fills extents here, and has the members, in turn, pull
 * one each. An extent stays here until a member has it. Confined to the thread that called, but for
 * the placing of the few extents in flight, which waits on threads of its own.
 */
final class LineLoad {
  private static final int IN_FLIGHT_MAX = 8;
  private static final int ATTEMPTS_MAX = 8;
  private static final Duration RETRY = Duration.ofMillis(200);

  private final Members members;
  private final Publication publication;
  private final Ager ager;
  private final Registry registry;
  private final ExtentTaking taking;
  private final Workers workers;
  private final DatasetsConfig config;
  private final Progress progress;
  private final Deadline deadline;

  private final Queue<CompletableFuture<Placed>> inFlight = new ArrayDeque<>();
  private final List<Placed> placed = new ArrayList<>();
  private final Set<Member> touched = ConcurrentHashMap.newKeySet();
  private long bytes;
  private volatile boolean ending;

  /** Where an extent is. */
  private record Placed(Member member, ExtentInfo info) {}

  LineLoad(
      Members members,
      Publication publication,
      Ager ager,
      Registry registry,
      ExtentTaking taking,
      Workers workers,
      DatasetsConfig config,
      Progress progress) {
    this.members = members;
    this.publication = publication;
    this.ager = ager;
    this.registry = registry;
    this.taking = taking;
    this.workers = workers;
    this.config = config;
    this.progress = progress;
    deadline = Deadline.in(config.loadDeadline());
  }

  /**
   * Loads all that the stream gives.
   *
   * @throws UncheckedIOException if it fails
   */
  NsObject run(InputStream in) {
    registry
        .holding(publication.xid(), publication.dataset())
        .loadedBy(members.self().incarnation());
    touched.add(members.self());
    boolean published = false;
    try {
      place(in);
      Map<Member, List<ExtentInfo>> held = held();
      checkHeld(held);
      NsObject object = publication.publish(made(), held);
      published = true;
      return object;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the lines of dataset " + publication.name(), e);
    } finally {
      ending = true;
      inFlight.forEach(Await::end);
      if (!published && !publication.unsettled()) {
        publication.abandon(touched);
      }
    }
  }

  private void place(InputStream in) throws IOException {
    LineCutter cutter = new LineCutter(in, config.extentBytes());
    for (int group = 0; cutter.next(); group++) {
      LineCutter.Piece piece = cutter.piece();
      ExtentKey key = new ExtentKey(0, group, 0);
      Extent extent = fill(piece.bytes());
      while (inFlight.size() >= IN_FLIGHT_MAX) {
        settleOldest();
      }
      Call.Take call =
          new Call.Take(
              publication.xid(),
              publication.dataset(),
              members.self().incarnation(),
              key,
              piece.lines(),
              extent.bytes(),
              extent.crc(),
              publication.durable(),
              members.self().address());
      inFlight.add(workers.await(() -> place(call, extent)));
    }
    while (!inFlight.isEmpty()) {
      settleOldest();
    }
  }

  private Extent fill(byte[] piece) {
    try (Draft draft = ager.allocate(piece.length, deadline.within(config.partDeadline()).left())) {
      draft.segment().copyFrom(MemorySegment.ofArray(piece));
      return draft.seal();
    }
  }

  private void settleOldest() {
    Placed done = Await.value("placing lines", inFlight.element(), deadline);
    inFlight.remove();
    placed.add(done);
    bytes += done.info.bytes();
    progress.made(placed.size(), -1, bytes);
  }

  /** Finds a member for an extent. Waits, on a thread of its own. */
  private Placed place(Call.Take call, Extent extent) {
    Holding holding = registry.holding(call.xid(), call.dataset());
    if (!holding.put(new Held(extent, call.info(members.self().node(), null)))) {
      registry.drop(extent);
      throw new DatasetsException.LoadAborted("load was given up: " + call.key());
    }
    String last = "no member in the view";
    for (int attempt = 0; attempt < ATTEMPTS_MAX && !ending; attempt++) {
      Member member = choose(call.key().group() + attempt);
      if (member != null) {
        touched.add(member);
        try {
          return at(member, call, holding, extent);
        } catch (Refusal | FabricException e) {
          last = member + " " + e.getMessage();
        }
      }
      pause(attempt);
    }
    throw new DatasetsException.LoadAborted(
        "extent cannot be placed: dataset=%s %s attempts=%d reason=%s"
            .formatted(publication.name(), call.key(), ATTEMPTS_MAX, last));
  }

  private @Nullable Member choose(int number) {
    List<Member> all = members.view().members();
    return all.isEmpty() ? null : all.get(number % all.size());
  }

  private Placed at(Member member, Call.Take call, Holding holding, Extent extent) {
    byte[] answer;
    if (members.isSelf(member)) {
      answer = taking.keep(holding, extent, call, deadline.within(config.partDeadline()));
    } else {
      answer =
          Await.value(
              "placing " + call.key(),
              members.call(member, call, config.partDeadline()),
              Deadline.in(config.partDeadline().plusSeconds(5)));
      registry.remove(call.xid(), call.key());
    }
    return new Placed(member, DescriptorCodec.read(answer).extents().getFirst());
  }

  private static void pause(int attempt) {
    CompletableFuture<Void> never = new CompletableFuture<>();
    Await.end(
        never.completeOnTimeout(null, RETRY.toMillis() << attempt / 2, TimeUnit.MILLISECONDS));
  }

  private Map<Member, List<ExtentInfo>> held() {
    Map<Member, List<ExtentInfo>> held = new HashMap<>();
    touched.forEach(member -> held.put(member, new ArrayList<>()));
    for (Placed one : placed) {
      held.computeIfAbsent(one.member, _ -> new ArrayList<>()).add(one.info);
    }
    return held;
  }

  private Descriptor made() {
    return Descriptor.of(new byte[0], placed.stream().map(Placed::info).toList());
  }

  /** The stream cannot be read again: what was lost with a member meanwhile ends the load. */
  private void checkHeld(Map<Member, List<ExtentInfo>> held) {
    Publication.Missing missing = publication.missing(held);
    for (Placed one : placed) {
      if (missing.lost(one.member, one.info)) {
        throw new DatasetsException.LoadAborted(
            "a member lost its extents: dataset=%s member=%s"
                .formatted(publication.name(), one.member));
      }
    }
  }
}
