package io.quire.twopc;

import io.quire.base.RequestId;
import io.quire.base.WireWriter;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Measures for how long the loop stands still for a snapshot of all the requests that are known,
 * and of 64 MiB of blobs. Processor time, so that others on the machine do no harm. Not a test: run
 * it by itself.
 */
final class RequestCaptureStall {
  private static final ThreadMXBean THREAD = ManagementFactory.getThreadMXBean();
  private static final int ROUNDS = 31;

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
      long begun = THREAD.getCurrentThreadCpuTime();
      Consumer<WireWriter> capture = requests.capture().andThen(blobs.capture());
      captured[round] = THREAD.getCurrentThreadCpuTime() - begun;
      begun = THREAD.getCurrentThreadCpuTime();
      WireWriter out = new WireWriter();
      capture.accept(out);
      encoded[round] = THREAD.getCurrentThreadCpuTime() - begun;
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
