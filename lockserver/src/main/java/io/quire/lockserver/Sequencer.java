package io.quire.lockserver;

import io.quire.base.Log;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;

/**
 * Proof that somebody was granted a lock. Whoever does something for the holder can see by it
 * whether the lock is still held: by {@link Locks#check}, by {@link #fence} on an entry of the log,
 * or, without asking, by refusing a generation that is lower than one it has seen for this path.
 *
 * @param path the lock
 * @param mode how it was granted
 * @param generation of the grant: no other grant of any lock has it, and later ones have higher
 *     ones. A conversion is a grant: it puts a new generation in the place of the old one, which is
 *     held no more
 */
public record Sequencer(String path, LockMode mode, long generation) {
  /** An entry with this fence takes effect only where the lock is still held. */
  public Log.Fence fence() {
    return Log.Fence.lock(generation);
  }

  /** To send it along. */
  public byte[] toBytes() {
    return new WireWriter().string(path).int8(mode.number).int64(generation).toBytes();
  }

  /**
   * Reads what {@link #toBytes} wrote.
   *
   * @throws WireReader.MalformedException if it is not that
   */
  public static Sequencer of(byte[] bytes) {
    WireReader in = new WireReader(bytes);
    Sequencer read = new Sequencer(in.string(), LockMode.of(in.int8()), in.int64());
    in.end();
    return read;
  }
}
