package io.quire.lockserver;

import io.quire.base.Log.Capture;
import io.quire.base.Rules;
import io.quire.base.WireWriter;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;

/**
 * Measures for how long the loop stands still for a snapshot of the lock server with so many files,
 * of 64 bytes each, and half as many locks that are held. Processor time, so that others on the
 * machine do no harm. Not a test: run it by itself, with the number of files as argument.
 */
final class LockCaptureStall {
  private static final ThreadMXBean THREAD = ManagementFactory.getThreadMXBean();
  private static final int ROUNDS = 31;

  private LockCaptureStall() {}

  /** Prints one line. */
  public static void main(String[] arguments) {
    int files = Integer.parseInt(arguments[0]);
    TreeDriver driver = new TreeDriver(LockLimits.DEFAULT, Rules.ALL);
    Tenure tenure = driver.join("a", 1);
    long session = driver.open(tenure);
    for (int i = 0; i < files; i++) {
      String path = "/bench/files/%014d".formatted(i);
      driver.ask(tenure, new LockOperation.Create(session, path, new byte[64], false));
      if (i % 2 == 0) {
        driver.acquire(tenure, session, "/bench/locks/%014d".formatted(i), LockMode.EXCLUSIVE);
      }
    }
    long[] encoded = new long[ROUNDS];
    long[] captured = new long[ROUNDS];
    int bytes = 0;
    for (int round = 0; round < ROUNDS; round++) {
      long begun = THREAD.getCurrentThreadCpuTime();
      Capture capture = driver.tree.capture();
      captured[round] = THREAD.getCurrentThreadCpuTime() - begun;
      begun = THREAD.getCurrentThreadCpuTime();
      WireWriter out = new WireWriter();
      capture.write(out);
      encoded[round] = THREAD.getCurrentThreadCpuTime() - begun;
      capture.close();
      bytes = out.length();
    }
    Arrays.sort(encoded);
    Arrays.sort(captured);
    System.out.printf(
        "files=%d locks=%d bytes=%d captureOnLoopMillis median=%.2f max=%.2f,"
            + " encodeBesideMillis median=%.1f%n",
        driver.tree.files().count(),
        driver.tree.locks().count(),
        bytes,
        captured[ROUNDS / 2] / 1e6,
        captured[ROUNDS - 1] / 1e6,
        encoded[ROUNDS / 2] / 1e6);
  }
}
