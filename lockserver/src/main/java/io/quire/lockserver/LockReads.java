package io.quire.lockserver;

import io.quire.base.Log;
import io.quire.base.Loop;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads of files and locks. Confined to the loop.
 *
 * <p>Changes of the lock server are not prepared on every member, as those of cells are, so a
 * node's own copy may be older than what another node has seen. A read therefore puts an entry into
 * the log that changes nothing, and looks when this node applies it. Reads that come while such an
 * entry is under way share the next one.
 */
final class LockReads {
  private static final Duration SYNC_DEADLINE = Duration.ofSeconds(5);
  private static final int WAITING_MAX = 10_000;

  private final Sessions sessions;
  private final LockTree tree;
  private final LockRequests requests;
  private final Loop loop;
  private List<Read<?>> waiting = new ArrayList<>();
  private boolean syncing;
  private long syncs;

  private record Read<T>(Supplier<T> look, CompletableFuture<T> result) {
    void run() {
      if (!result.isDone()) {
        result.complete(look.get());
      }
    }
  }

  LockReads(Sessions sessions, LockTree tree, LockRequests requests, Loop loop) {
    this.sessions = sessions;
    this.tree = tree;
    this.requests = requests;
    this.loop = loop;
  }

  /** How many entries were made for reads. */
  long syncs() {
    return syncs;
  }

  /** Looks at a state that is not older than this call. The result completes while applying. */
  <T> CompletableFuture<T> read(Supplier<T> look, Duration deadline, String doing) {
    loop.confine();
    if (waiting.size() >= WAITING_MAX) {
      return CompletableFuture.failedFuture(
          new LockException.LimitReached(doing + ": too many reads wait: max=" + WAITING_MAX));
    }
    Read<T> read = new Read<>(look, new CompletableFuture<>());
    Loop.Timer late =
        loop.after(
            deadline,
            () ->
                read.result.completeExceptionally(
                    new LockException.Unavailable(doing + ": waited=" + deadline)));
    read.result.whenComplete((_, _) -> late.cancel());
    waiting.add(read);
    sync(doing);
    return read.result;
  }

  private void sync(String doing) {
    waiting.removeIf(read -> read.result.isDone());
    if (syncing || waiting.isEmpty()) {
      return;
    }
    List<Read<?>> batch = waiting;
    waiting = new ArrayList<>();
    syncing = true;
    syncs++;
    requests
        .submit(new LockOperation.Sync(), Log.Fence.NONE, SYNC_DEADLINE, doing)
        .answer()
        .whenComplete(
            (_, failure) -> {
              syncing = false;
              for (Read<?> read : batch) {
                if (failure == null) {
                  read.run();
                } else {
                  read.result.completeExceptionally(reading(failure, doing));
                }
              }
              if (!waiting.isEmpty()) {
                loop.execute(() -> sync("reading"));
              }
            });
  }

  /** A read changes nothing, so whether its entry is in the log is nobody's concern. */
  private static LockException reading(Throwable failure, String doing) {
    return failure instanceof LockException known && !known.mayHaveHappened()
        ? known
        : new LockException.Unavailable(doing + ": why=" + failure.getMessage());
  }

  @Nullable PathStat stat(String path) {
    LockFile server = server(path);
    if (server != null) {
      int bytes = contents(server).length;
      return new PathStat(path, true, server.made(), server.made(), bytes, 0, List.of(), 0);
    }
    FileTable.TreeFile file = tree.files().file(path);
    LockTable.PathLock lock = tree.locks().lock(path);
    if (file == null && lock == null) {
      return null;
    }
    List<PathStat.Holder> holders = new ArrayList<>();
    if (lock != null) {
      lock.holds.values().forEach(hold -> holders.add(holder(hold)));
    }
    int waits = lock == null ? 0 : lock.queue.size() + lock.conversions.size();
    return file == null
        ? new PathStat(path, false, 0, 0, 0, 0, holders, waits)
        : new PathStat(
            path,
            true,
            file.version(),
            file.made(),
            file.contents().length,
            file.session(),
            holders,
            waits);
  }

  private static PathStat.Holder holder(LockTable.Hold hold) {
    return new PathStat.Holder(
        new Sequencer(hold.path(), hold.mode(), hold.generation()),
        hold.asker().session(),
        hold.asker().tenure().incarnation(),
        hold.requested(),
        hold.note().clone(),
        hold.lost());
  }

  @Nullable FileContents contents(String path) {
    LockFile server = server(path);
    if (server != null) {
      return new FileContents(path, server.made(), contents(server));
    }
    FileTable.TreeFile file = tree.files().file(path);
    return file == null ? null : new FileContents(path, file.version(), file.contents().clone());
  }

  /** What lies below the directory, in the order of paths, from behind {@code after} on. */
  List<PathStat> list(String directory, @Nullable String after, int max) {
    String below = LockPath.below(directory);
    String from = after == null || after.compareTo(below) < 0 ? below : after;
    TreeSet<String> paths = new TreeSet<>();
    for (LockFile server : sessions.files()) {
      if (server.path().startsWith(below) && server.path().compareTo(from) > 0) {
        paths.add(server.path());
      }
    }
    collect(paths, tree.files().after(from), below, max);
    collect(paths, tree.locks().after(from), below, max);
    List<PathStat> found = new ArrayList<>();
    for (String path : paths) {
      PathStat stat = found.size() < max ? stat(path) : null;
      if (stat != null) {
        found.add(stat);
      }
    }
    return found;
  }

  private static void collect(
      TreeSet<String> paths, SortedMap<String, ?> candidates, String below, int max) {
    int taken = 0;
    for (String path : candidates.keySet()) {
      if (taken++ == max || !path.startsWith(below)) {
        return;
      }
      paths.add(path);
    }
  }

  boolean held(Sequencer sequencer) {
    LockTable.Hold hold = tree.locks().hold(sequencer.generation());
    return hold != null
        && !hold.lost()
        && hold.path().equals(sequencer.path())
        && hold.mode() == sequencer.mode();
  }

  private @Nullable LockFile server(String path) {
    if (!path.startsWith(LockPath.SERVERS)) {
      return null;
    }
    for (LockFile server : sessions.files()) {
      if (server.path().equals(path)) {
        return server;
      }
    }
    return null;
  }

  private static byte[] contents(LockFile server) {
    return server.owner().address().toString().getBytes(StandardCharsets.UTF_8);
  }
}
