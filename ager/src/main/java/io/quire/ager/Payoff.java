package io.quire.ager;

/**
 * Whether compressing what a store writes saves time: measured, of what was compressed and what was
 * written lately. One body in sixteen is compressed in any case, so that a change is noticed. Any
 * thread.
 *
 * <p>A byte costs {@code 1/store} to write as it is, and {@code 1/codec + ratio/store} compressed,
 * where the speeds are in bytes a second and the ratio is what is left of a byte. Reading is left
 * out: the codecs decompress faster than they compress, and a store that gains from writing less
 * gains more from reading less.
 */
final class Payoff {
  private static final int TRY_EVERY = 16;

  /** Older measurements count for less, by this much for each newer one. */
  private static final double FORGET = 0.8;

  private double plainBytes;
  private double storedBytes;
  private double codecNanos;
  private double writtenBytes;
  private double writeNanos;
  private int left;

  /** Whether to compress the next body. */
  synchronized boolean worthATry() {
    if (pays() || left == 0) {
      left = TRY_EVERY - 1;
      return true;
    }
    left--;
    return false;
  }

  /** Whether compressing is faster than not, as far as is known; at first it is not known. */
  synchronized boolean pays() {
    if (plainBytes == 0 || writtenBytes == 0) {
      return false;
    }
    double store = writeNanos / writtenBytes;
    double codec = codecNanos / plainBytes;
    double ratio = storedBytes / plainBytes;
    return codec + ratio * store < store;
  }

  synchronized void compressed(long plain, long stored, long nanos) {
    plainBytes = FORGET * plainBytes + plain;
    storedBytes = FORGET * storedBytes + stored;
    codecNanos = FORGET * codecNanos + nanos;
  }

  synchronized void wrote(long bytes, long nanos) {
    writtenBytes = FORGET * writtenBytes + bytes;
    writeNanos = FORGET * writeNanos + nanos;
  }
}
