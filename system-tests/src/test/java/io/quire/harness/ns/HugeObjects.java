package io.quire.harness.ns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.ager.AgerStats;
import io.quire.datasets.Datasets;
import io.quire.datasets.DatasetsException;
import io.quire.datasets.ExtentSink;
import io.quire.datasets.GroupReader;
import io.quire.datasets.Progress;
import io.quire.harness.Deadline;
import io.quire.ns.Lifetime;
import io.quire.ns.Namespaces;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;

/**
 * N7: objects of 16 MiB, too large for a value, so datasets of raw bytes: published, read, replaced
 * while they are being read, and deleted, by all nodes at once, with less memory than there is
 * data. The parts of each lie on all nodes.
 */
final class HugeObjects {
  /** How many each thread makes; it has one on each node. */
  static final String COUNT = "quire.ns.huge";

  private static final int BYTES = 16 << 20;
  private static final int PARTS = 4;

  /** How many of a node's are there at a time. */
  private static final int KEPT = 6;

  private static final String FUNCTION = "test.huge";
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final Duration EACH = Duration.ofSeconds(60);

  private final Site site;
  private final Namespaces names;
  private final Datasets datasets;
  private final NsHandle space;
  private final Deque<String> kept = new ArrayDeque<>();

  private HugeObjects(Site site) {
    this.site = site;
    names = site.names();
    datasets = site.node().datasets();
    space = site.space();
  }

  static void register(Datasets datasets) {
    datasets.register(FUNCTION, HugeObjects::fill);
  }

  private static void fill(byte[] seed, int part, int parts, ExtentSink sink) {
    long bytes = BYTES / parts;
    long first = first(ByteBuffer.wrap(seed).getLong(), part);
    sink.extent(
        0,
        0,
        1,
        bytes,
        segment -> {
          for (long at = 0; at < bytes; at += Long.BYTES) {
            segment.set(LONG, at, number(first + at));
          }
        });
  }

  private static long first(long seed, int part) {
    return seed << 32 | (long) part << 28;
  }

  private static long number(long at) {
    long mixed = at * 0x9E37_79B9_7F4A_7C15L;
    return mixed ^ mixed >>> 29;
  }

  private static boolean isPart(MemorySegment bytes, long seed, int part) {
    long first = first(seed, part);
    for (long at = 0; at < BYTES / PARTS; at += Long.BYTES) {
      if (bytes.get(LONG, at) != number(first + at)) {
        return false;
      }
    }
    return bytes.byteSize() == BYTES / PARTS;
  }

  static Map<String, Object> run(Site site) throws Exception {
    return new HugeObjects(site).run();
  }

  private Map<String, Object> run() throws InterruptedException {
    int count = Integer.getInteger(COUNT, 8);
    long pagedOut = pagedOut();
    site.meet();
    for (int i = 0; i < count; i++) {
      one("huge/%s/%d".formatted(site.self(), i));
      if (kept.size() > KEPT) {
        names.delete(space, kept.remove());
      }
    }
    site.meet();
    String next = "huge/" + site.next(1) + "/*";
    assertThat(site.listed(space, next)).hasSize(Math.min(count, KEPT));
    site.listed(space, next).forEach(name -> check(site.found(space, name), updated(name)));
    site.meet();
    kept.forEach(name -> names.delete(space, name));
    site.meet();
    assertThat(site.listed(space, "*")).isEmpty();
    assertThat(Deadline.in(Site.SOON).await(() -> datasets.stats().extents() == 0))
        .as("all is freed: %s", datasets.stats())
        .isTrue();
    AgerStats left = site.node().ager().stats();
    assertThat(left.extents()).isZero();
    assertThat(left.pinnedBytes()).isZero();
    return Map.of("objects", count, "pagedOutBytes", pagedOut() - pagedOut);
  }

  private long pagedOut() {
    return site.node().ager().stats().stores().stream()
        .mapToLong(AgerStats.StoreStats::bytesOut)
        .sum();
  }

  private static long made(String name) {
    return name.hashCode() & 0x3fff_ffffL;
  }

  private static long updated(String name) {
    return made(name) + 1;
  }

  private NsObject load(String name, long seed) {
    byte[] arguments = ByteBuffer.allocate(Long.BYTES).putLong(seed).array();
    return datasets.load(
        space, name, Lifetime.SESSION, new byte[0], FUNCTION, arguments, PARTS, Progress.NONE);
  }

  private void one(String name) {
    NsObject first = load(name, made(name));
    check(first, made(name));
    NsObject second = load(name + ".next", updated(name));
    try (GroupReader reader = datasets.groups(first, new int[] {0}, EACH)) {
      names.transaction().delete(first).rename(second, name).commit();
      assertThat(site.found(space, name).xid()).isEqualTo(second.xid());
      assertThat(names.lookup(first.xid()).orElseThrow().draining()).isTrue();
      assertThatThrownBy(() -> datasets.read(first, _ -> {}, EACH))
          .isInstanceOf(DatasetsException.Gone.class);
      check(reader, made(name));
    }
    check(site.found(space, name), updated(name));
    kept.add(name);
  }

  /** Whoever began to read it has all of what it was. */
  private static void check(GroupReader reader, long seed) {
    int parts = 0;
    for (var group = reader.next(); group.isPresent(); group = reader.next()) {
      boolean right = isPart(group.get().columns().getFirst(), seed, parts);
      group.get().release().run();
      assertThat(right).as("part %d", parts).isTrue();
      parts++;
    }
    assertThat(parts).isEqualTo(PARTS);
  }

  private void check(NsObject object, long seed) {
    int[] parts = {0};
    datasets.read(
        object,
        bytes -> assertThat(isPart(bytes, seed, parts[0]++)).as("part %d", parts[0]).isTrue(),
        EACH);
    assertThat(parts[0]).isEqualTo(PARTS);
  }
}
