package io.quire.twopc;

import io.quire.base.WireWriter;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Measures for how long the loop stands still for a snapshot of all the requests that are known,
 * and of 64 MiB of blobs. Not a test: run it by itself.
 */
final class RequestCaptureStall {
  private static final int ROUNDS = 15;

  private RequestCaptureStall() {}

  /** Prints one line. */
  public static void main(String[] arguments) {
    Requests requests = new Requests();
    for (int i = 0; i < Requests.KNOWN_MAX; i++) {
      requests.add(new RequestId(7, i), i, new byte[12]);
    }
    Blobs blobs = new Blobs();
    for (int i = 0; i < 64; i++) {
      blobs.add(new TxnEntry.Chunk(7, i / 16, i % 16, 16, new byte[Blobs.CHUNK_BYTES]));
    }
    long[] encoded = new long[ROUNDS];
    long[] captured = new long[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
      long begun = System.nanoTime();
      Consumer<WireWriter> capture = requests.capture().andThen(blobs.capture());
      captured[round] = System.nanoTime() - begun;
      begun = System.nanoTime();
      WireWriter out = new WireWriter();
      capture.accept(out);
      encoded[round] = System.nanoTime() - begun;
    }
    Arrays.sort(encoded);
    Arrays.sort(captured);
    System.out.printf(
        "requests=%d blobBytes=%d captureOnLoopMillis median=%.2f max=%.2f,"
            + " encodeBesideMillis median=%.1f%n",
        Requests.KNOWN_MAX,
        blobs.bytes(),
        captured[ROUNDS / 2] / 1e6,
        captured[ROUNDS - 1] / 1e6,
        encoded[ROUNDS / 2] / 1e6);
  }
}
