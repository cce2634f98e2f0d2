package io.quire.node;

import io.javalin.Javalin;
import io.javalin.http.Context;
import io.quire.base.Position;
import io.quire.lockserver.LockException;
import io.quire.lockserver.Locks;
import io.quire.lockserver.PathStat;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The lock server over HTTP, to be looked at: files and locks, who holds and how many wait. */
final class LockRoutes {
  private static final Duration DEADLINE = Duration.ofSeconds(10);
  private static final int PAGE = 1_000;

  private final Locks locks;

  private LockRoutes(Locks locks) {
    this.locks = locks;
  }

  static void add(Javalin http, Locks locks) {
    LockRoutes routes = new LockRoutes(locks);
    http.get("/api/locks", routes::list);
    http.get("/api/locks/stat", routes::stat);
  }

  private void list(Context call) {
    String directory = call.queryParam("directory");
    List<PathStat> page =
        locks.list(directory == null ? "/" : directory, call.queryParam("after"), PAGE, DEADLINE);
    String next = page.size() < PAGE ? null : page.getLast().path();
    call.json(new Page(page.stream().map(LockRoutes::describe).toList(), next));
  }

  private void stat(Context call) {
    String path = call.queryParam("path");
    if (path == null) {
      throw new IllegalArgumentException("parameter missing: name=path");
    }
    PathStat stat = locks.stat(path, DEADLINE);
    if (stat == null) {
      throw new Failure.NoSuchName("no such file or lock: path=" + path);
    }
    call.json(describe(stat));
  }

  /** The HTTP status that says the same. */
  static int status(LockException e) {
    return switch (e) {
      case LockException.FileNotFound _ -> 404;
      case LockException.FileExists _,
          LockException.OtherVersion _,
          LockException.NotACounter _,
          LockException.AlreadyHeld _,
          LockException.NotHeld _,
          LockException.Deadlock _,
          LockException.StaleSequencer _ ->
          409;
      case LockException.NotInView _,
          LockException.SessionEnded _,
          LockException.TimedOut _,
          LockException.LimitReached _,
          LockException.Unavailable _ ->
          503;
      case LockException.Indeterminate _, LockException.IllegalAnswer _ -> 500;
    };
  }

  private static Described describe(PathStat stat) {
    return new Described(
        stat.path(),
        stat.file(),
        Position.text(stat.version()),
        stat.bytes(),
        stat.session(),
        stat.holders().stream()
            .map(
                holder ->
                    new Holder(
                        holder.sequencer().mode().name(),
                        holder.sequencer().generation(),
                        holder.session(),
                        Long.toHexString(holder.incarnation()),
                        new String(holder.note(), StandardCharsets.UTF_8),
                        holder.lost()))
            .toList(),
        stat.waiting());
  }

  /** What there is at a path; JSON by field name. */
  record Described(
      String path,
      boolean file,
      String version,
      int bytes,
      long session,
      List<Holder> holders,
      int waiting) {}

  /** Who holds a lock; JSON by field name. */
  record Holder(
      String mode, long generation, long session, String incarnation, String note, boolean lost) {}

  /** Part of a list; {@code next} is what to pass as {@code after} for more. */
  record Page(List<Described> paths, @Nullable String next) {}
}
