package io.quire.bench;

import com.hazelcast.replicatedmap.ReplicatedMap;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** One lookup in a ReplicatedMap. */
@State(Scope.Benchmark)
public class HazelcastBenchmark {
  private static final int ORDER = 1 << 14;
  private static volatile @Nullable ReplicatedMap<Long, byte[]> subject;

  private final long[] keys = new long[ORDER];
  private @Nullable ReplicatedMap<Long, byte[]> map;

  /** Where a thread is in the order. */
  @State(Scope.Thread)
  public static class Turn {
    private int at;

    int next() {
      return at++ & (ORDER - 1);
    }
  }

  static void of(ReplicatedMap<Long, byte[]> wanted) {
    subject = wanted;
  }

  /** Draws the order. */
  @Setup
  public void draw() {
    map = Objects.requireNonNull(subject, "subject");
    Random order = new Random(1);
    for (int i = 0; i < ORDER; i++) {
      keys[i] = order.nextInt(map.size());
    }
  }

  @Benchmark
  public byte @Nullable [] get(Turn turn) {
    return Objects.requireNonNull(map).get(keys[turn.next()]);
  }
}
