package io.quire.bench;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.quire.ager.Ager;
import io.quire.ager.Extent;
import io.quire.ager.Pin;
import java.time.Duration;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/*
 * Each thread has extents of its own, in an order that no cache guesses, or all have the first one.
 * The floor is what any count of holders costs: one atomic addition when it begins, one when it ends.
 */
/** One pin of a resident extent and its end, and what others count holders with. */
@State(Scope.Benchmark)
public class PinBenchmark {
  private static final int ORDER = 1 << 12;
  private static final int THREADS_MAX = 2;
  private static final Duration DEADLINE = Duration.ofSeconds(10);
  private static volatile @Nullable Subject subject;

  /** Who is asked, and for what. */
  record Subject(Ager ager, Extent[] extents) {}

  /** Where a thread is in the order. */
  @State(Scope.Thread)
  public static class Turn {
    private static final AtomicInteger THREADS = new AtomicInteger();

    private final int thread = Math.floorMod(THREADS.getAndIncrement(), THREADS_MAX);
    private int at;

    /** Of this thread alone. */
    int next() {
      int position = at;
      at = (position + THREADS_MAX) & (ORDER - 1);
      return position + thread;
    }
  }

  private final Extent[] extents = new Extent[ORDER];
  private final AtomicInteger[] counts = new AtomicInteger[ORDER];
  private final ByteBuf[] buffers = new ByteBuf[ORDER];
  private @Nullable Ager ager;

  static void of(Subject wanted) {
    subject = wanted;
  }

  /** Draws the order: those at even places for one thread, at odd places for the other. */
  @Setup
  public void draw() {
    Subject found = Objects.requireNonNull(subject, "subject");
    ager = found.ager();
    int each = found.extents().length / THREADS_MAX;
    AtomicInteger[] countOf = new AtomicInteger[each * THREADS_MAX];
    ByteBuf[] bufferOf = new ByteBuf[each * THREADS_MAX];
    for (int i = 0; i < countOf.length; i++) {
      countOf[i] = new AtomicInteger();
      bufferOf[i] = PooledByteBufAllocator.DEFAULT.directBuffer((int) found.extents()[i].bytes());
    }
    Random order = new Random(1);
    for (int i = 0; i < ORDER; i++) {
      int chosen = order.nextInt(each) + i % THREADS_MAX * each;
      extents[i] = found.extents()[chosen];
      counts[i] = countOf[chosen];
      buffers[i] = bufferOf[chosen];
    }
  }

  /** A pin of an extent that no other thread pins. */
  @Benchmark
  public long own(Turn turn) {
    return pin(extents[turn.next()]);
  }

  /** A pin of the one extent that all threads pin. */
  @Benchmark
  public long same(Turn turn) {
    return pin(extents[0]);
  }

  private long pin(Extent extent) {
    try (Pin pin = Objects.requireNonNull(ager).pin(extent, DEADLINE)) {
      return pin.segment().address();
    }
  }

  /** The floor, on counts that no other thread changes. */
  @Benchmark
  public int countOwn(Turn turn) {
    return count(counts[turn.next()]);
  }

  /** The floor, on the one count that all threads change. */
  @Benchmark
  public int countSame(Turn turn) {
    return count(counts[0]);
  }

  private static int count(AtomicInteger holders) {
    holders.incrementAndGet();
    return holders.decrementAndGet();
  }

  /** Netty's count on a pooled direct buffer. */
  @Benchmark
  public boolean buffersOwn(Turn turn) {
    return buffers[turn.next()].retain().release();
  }

  /** The same on one buffer. */
  @Benchmark
  public boolean buffersSame(Turn turn) {
    return buffers[0].retain().release();
  }
}
