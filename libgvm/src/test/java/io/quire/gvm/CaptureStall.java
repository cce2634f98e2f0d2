package io.quire.gvm;

import io.quire.base.Log.Capture;
import io.quire.base.Rules;
import io.quire.base.WireWriter;
import io.quire.lockserver.LockConditions;
import io.quire.lockserver.Sessions;
import io.quire.sim.Stage;
import io.quire.twopc.TxnId;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Measures for how long the loop stands still for a snapshot of so many cells, with keys of about
 * 32 bytes and values of 64, and what applying costs while it is written. Not a test: run it by
 * itself, with the number of cells as argument.
 */
final class CaptureStall {
  private static final int ROUNDS = 7;
  private static final int COMMITS = 20_000;

  private final CellStore store =
      new CellStore(
          new Sessions(new Stage().enter("a").log()),
          LockConditions.NONE,
          Rules.ALL,
          Runnable::run);
  private final SplittableRandom random = new SplittableRandom(1);
  private final int cells;
  private long position = 1 << 16;

  private CaptureStall(int cells) {
    this.cells = cells;
  }

  /** Prints one line a round. */
  public static void main(String[] arguments) throws InterruptedException {
    new CaptureStall(Integer.parseInt(arguments[0])).run();
  }

  private void run() throws InterruptedException {
    for (int i = 0; i < cells; i++) {
      commit(i);
    }
    for (int round = 0; round < ROUNDS; round++) {
      long[] idle = commits(COMMITS, new AtomicBoolean(true));
      long begun = System.nanoTime();
      WireWriter whole = new WireWriter();
      store.save(whole);
      long saved = System.nanoTime() - begun;
      begun = System.nanoTime();
      Capture capture = store.capture();
      long captured = System.nanoTime() - begun;
      AtomicBoolean done = new AtomicBoolean();
      long[] took = new long[1];
      Thread writer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    long from = System.nanoTime();
                    WireWriter out = WireWriter.to((bytes, length) -> {});
                    capture.write(out);
                    out.drain();
                    took[0] = System.nanoTime() - from;
                    done.set(true);
                  });
      long[] busy = commits(COMMITS, done);
      writer.join();
      System.out.printf(
          "cells=%d bytes=%d saveOnLoopMillis=%.1f captureOnLoopMicros=%.1f writeMillis=%.1f"
              + " commitMicros idle p50=%.1f p99=%.1f max=%.0f, meanwhile p50=%.1f p99=%.1f max=%.0f%n",
          cells,
          whole.length(),
          saved / 1e6,
          captured / 1e3,
          took[0] / 1e6,
          at(idle, 0.5),
          at(idle, 0.99),
          at(idle, 1),
          at(busy, 0.5),
          at(busy, 0.99),
          at(busy, 1));
    }
  }

  private static double at(long[] sorted, double share) {
    return sorted[(int) Math.min(sorted.length - 1, share * sorted.length)] / 1e3;
  }

  /** How long so many took, or more until something else is done. */
  private long[] commits(int least, AtomicBoolean done) {
    long[] nanos = new long[4_000_000];
    int count = 0;
    while (count < nanos.length && (count < least || !done.get())) {
      long begun = System.nanoTime();
      commit(random.nextInt(cells));
      nanos[count++] = System.nanoTime() - begun;
    }
    long[] sorted = Arrays.copyOf(nanos, count);
    Arrays.sort(sorted);
    return sorted;
  }

  private void commit(int cell) {
    String key = "n/1/bench/objects/%014d".formatted(cell);
    position++;
    store.commit(
        new TxnId(7, position),
        position,
        Transaction.begin().put(key, new byte[64]).build().toBytes());
  }
}
