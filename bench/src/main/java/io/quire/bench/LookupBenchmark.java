package io.quire.bench;

import io.quire.base.Clock;
import io.quire.base.SystemClock;
import io.quire.ns.Namespaces;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.ns.NsRef;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/*
 * It runs inside a node's process, forked by nobody, since what it measures is that node. Each method
 * is a loop of its own to the compiler. The objects are asked for in an order that no cache guesses,
 * the same for us and for the floor.
 */
/** One lookup in a node of ours, and the bare hash table it stands on. */
@State(Scope.Benchmark)
public class LookupBenchmark {
  private static final int ORDER = 1 << 14;
  private static final int BATCH = 64;
  private static volatile @Nullable Subject subject;

  /** Who is asked, and for what. */
  record Subject(Namespaces namespaces, QuireNode.Published published) {}

  /** Where a thread is in the order. */
  @State(Scope.Thread)
  public static class Turn {
    private int at = (int) Thread.currentThread().threadId() * 977;

    int next() {
      return at++ & (ORDER - 1);
    }
  }

  private final Clock clock = new SystemClock();
  private final ConcurrentHashMap<Long, NsObject> byId = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<String, NsObject> byName = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<Long, Counted> counted = new ConcurrentHashMap<>();
  private final long[] xids = new long[ORDER];
  private final String[] names = new String[ORDER];
  private final long[][] batches = new long[ORDER / BATCH][BATCH];
  private @Nullable Namespaces namespaces;

  /** An object, and how many hold it. */
  private record Counted(NsObject object, AtomicLong holders) {}

  static void of(Subject wanted) {
    subject = wanted;
  }

  /** Copies the objects into the floor. */
  @Setup
  public void copy() {
    Subject found = Objects.requireNonNull(subject, "subject");
    Namespaces asked = found.namespaces();
    namespaces = asked;
    long[] all = found.published().xids();
    for (long xid : all) {
      NsObject object = asked.lookup(xid).orElseThrow();
      byId.put(object.xid(), object);
      byName.put(object.name(), object);
      counted.put(object.xid(), new Counted(object, new AtomicLong()));
    }
    Random order = new Random(1);
    for (int i = 0; i < ORDER; i++) {
      int chosen = order.nextInt(all.length);
      xids[i] = all[chosen];
      // Not the very string that the tables hold: who asks has one of his own.
      names[i] = new String(found.published().names()[chosen].toCharArray());
      batches[i / BATCH][i % BATCH] = xids[i];
    }
  }

  /** A linearizable lookup by id. */
  @Benchmark
  public Optional<NsObject> byId(Turn turn) {
    return Objects.requireNonNull(namespaces).lookup(xids[turn.next()]);
  }

  /** A linearizable lookup by name. */
  @Benchmark
  public Optional<NsObject> byName(Turn turn) {
    return Objects.requireNonNull(namespaces).lookup(NsHandle.ROOT, names[turn.next()]);
  }

  /** Linearizable lookups by id, {@value #BATCH} under one check; the time of one. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public List<Optional<NsObject>> batchById(Turn turn) {
    return Objects.requireNonNull(namespaces).lookupAll(batches[turn.next() % batches.length]);
  }

  /** A reference that is taken by id and given back. */
  @Benchmark
  public NsObject openAndClose(Turn turn) {
    try (NsRef reference =
        Objects.requireNonNull(namespaces).open(xids[turn.next()]).orElseThrow()) {
      return reference.object();
    }
  }

  /** The floor of that: an object of a hash table is counted up and down. */
  @Benchmark
  public @Nullable NsObject mapAndCount(Turn turn) {
    Counted found = counted.get(xids[turn.next()]);
    if (found == null) {
      return null;
    }
    found.holders().incrementAndGet();
    found.holders().decrementAndGet();
    return found.object();
  }

  /** The floor by id. */
  @Benchmark
  public @Nullable NsObject mapById(Turn turn) {
    return byId.get(xids[turn.next()]);
  }

  /** The floor by name. */
  @Benchmark
  public @Nullable NsObject mapByName(Turn turn) {
    return byName.get(names[turn.next()]);
  }

  /**
   * The floor by id, and then the clock. It costs more than the two apart, for the clock waits
   * until all that was read before it is there.
   */
  @Benchmark
  public long mapByIdThenClock(Turn turn) {
    NsObject found = byId.get(xids[turn.next()]);
    return found == null ? 0 : clock.nanos();
  }

  /** As {@link #mapByIdThenClock}, by name. */
  @Benchmark
  public long mapByNameThenClock(Turn turn) {
    NsObject found = byName.get(names[turn.next()]);
    return found == null ? 0 : clock.nanos();
  }

  /** One look at the clock that leases are kept by. */
  @Benchmark
  public long clock() {
    return clock.nanos();
  }
}
