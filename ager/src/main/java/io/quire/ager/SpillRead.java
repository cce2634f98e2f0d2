package io.quire.ager;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * One of a batch of reads: what is wanted, where it lies, and, afterwards, why it was not read.
 * Confined to one thread.
 */
final class SpillRead {
  private final Body wanted;
  private final long place;
  private @Nullable IOException failure;

  /**
   * A read of a spilled copy.
   *
   * @param wanted says what must lie there, and gives the memory that is filled
   */
  SpillRead(Body wanted, long place) {
    this.wanted = wanted;
    this.place = place;
  }

  Body wanted() {
    return wanted;
  }

  long place() {
    return place;
  }

  /**
   * Null if the bytes are there and verified; {@link CorruptCopy} if something else lies there;
   * anything else if the store cannot tell.
   */
  @Nullable IOException failure() {
    return failure;
  }

  /** Forgets the failure, since it is tried once more. */
  void again() {
    failure = null;
  }

  void failed(IOException why) {
    failure = why;
  }
}
