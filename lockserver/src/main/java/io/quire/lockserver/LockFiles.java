package io.quire.lockserver;

import io.quire.base.Log;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Changes of files under a session, perhaps guarded by one of its locks. Contents are up to 64 KiB;
 * all files together, 100,000 and 64 MiB. Versions are positions in the log: they only grow, and
 * are never those of another change. Any thread may call.
 *
 * <p>A guarded change takes effect only if the lock is still held at the place in the log where it
 * is applied; otherwise it fails with {@link LockException.StaleSequencer}, whatever was known when
 * it was made.
 *
 * <p>Every change costs an entry of the log and blocks, or its future is open, until this node has
 * applied it. Beside what a method says, it fails with {@link LockException.SessionEnded}, {@link
 * LockException.LimitReached}, {@link LockException.Unavailable} or, if nobody can tell, {@link
 * LockException.Indeterminate}; with {@link IllegalArgumentException} for a path or contents that
 * cannot be.
 */
public final class LockFiles {
  /** Any version will do. */
  public static final long ANY_VERSION = LockOperation.ANY_VERSION;

  private final Locks locks;
  private final LockSession session;
  private final Log.Fence fence;

  LockFiles(Locks locks, LockSession session, @Nullable Sequencer guard) {
    this.locks = locks;
    this.session = session;
    fence = guard == null ? Log.Fence.NONE : guard.fence();
  }

  /**
   * Makes a file and answers its version.
   *
   * @throws LockException.FileExists if there is one
   */
  public long create(String path, byte[] contents, Duration deadline) {
    return Await.answer(createAsync(path, contents, deadline), deadline);
  }

  /** As {@link #create}. */
  public CompletableFuture<Long> createAsync(String path, byte[] contents, Duration deadline) {
    return create(path, contents, false, deadline);
  }

  /**
   * Makes a file that goes with the session, and answers its version.
   *
   * @throws LockException.FileExists if there is one
   */
  public long createEphemeral(String path, byte[] contents, Duration deadline) {
    return Await.answer(createEphemeralAsync(path, contents, deadline), deadline);
  }

  /** As {@link #createEphemeral}. */
  public CompletableFuture<Long> createEphemeralAsync(
      String path, byte[] contents, Duration deadline) {
    return create(path, contents, true, deadline);
  }

  private CompletableFuture<Long> create(
      String path, byte[] contents, boolean ephemeral, Duration deadline) {
    byte[] copy = copy(path, contents);
    return change(
        new LockOperation.Create(session.id(), LockPath.checkChange(path), copy, ephemeral),
        deadline,
        "creating: path=" + path,
        LockAnswer::number);
  }

  /**
   * Gives a file other contents, and answers the new version.
   *
   * @param version that it must have, or {@link #ANY_VERSION}
   * @throws LockException.FileNotFound if there is none
   * @throws LockException.OtherVersion if it has another version
   */
  public long write(String path, byte[] contents, long version, Duration deadline) {
    return Await.answer(writeAsync(path, contents, version, deadline), deadline);
  }

  /** As {@link #write}. */
  public CompletableFuture<Long> writeAsync(
      String path, byte[] contents, long version, Duration deadline) {
    byte[] copy = copy(path, contents);
    return change(
        new LockOperation.Write(session.id(), LockPath.checkChange(path), version, copy),
        deadline,
        "writing: path=" + path + " version=" + version,
        LockAnswer::number);
  }

  /**
   * Removes a file.
   *
   * @param version that it must have, or {@link #ANY_VERSION}
   * @throws LockException.FileNotFound if there is none
   * @throws LockException.OtherVersion if it has another version
   */
  public void remove(String path, long version, Duration deadline) {
    Await.answer(removeAsync(path, version, deadline), deadline);
  }

  /** As {@link #remove}; answers the position of the removal. */
  public CompletableFuture<Long> removeAsync(String path, long version, Duration deadline) {
    return change(
        new LockOperation.Remove(session.id(), LockPath.checkChange(path), version),
        deadline,
        "removing: path=" + path + " version=" + version,
        LockAnswer::number);
  }

  /**
   * Adds to a counter, and answers its new value. One that is not there is made, from 0. A counter
   * is a file of eight bytes, little-endian.
   *
   * @throws LockException.NotACounter if the file has another length, or the sum does not fit
   */
  public long add(String path, long delta, Duration deadline) {
    return Await.answer(addAsync(path, delta, deadline), deadline);
  }

  /** As {@link #add}. */
  public CompletableFuture<Long> addAsync(String path, long delta, Duration deadline) {
    return change(
        new LockOperation.Add(session.id(), LockPath.checkChange(path), delta),
        deadline,
        "adding: path=" + path + " delta=" + delta,
        LockAnswer::number);
  }

  private CompletableFuture<Long> change(
      LockOperation operation, Duration deadline, String what, ToLongFunction<LockAnswer> result) {
    String doing = what + " session=" + session.id();
    return locks.onLoop(
        () ->
            locks
                .requests()
                .submit(session.tenure(), operation, fence, deadline, doing)
                .answer()
                .thenApply(answer -> result.applyAsLong(Locks.good(answer, doing))));
  }

  private static byte[] copy(String path, byte[] contents) {
    if (contents.length > LockLimits.FILE_BYTES_MAX) {
      throw new IllegalArgumentException(
          "contents too long: path="
              + path
              + " bytes="
              + contents.length
              + " max="
              + LockLimits.FILE_BYTES_MAX);
    }
    return contents.clone();
  }
}
