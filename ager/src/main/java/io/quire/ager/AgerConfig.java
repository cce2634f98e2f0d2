package io.quire.ager;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Settings of an {@link Ager}. {@link #of} has the usual values; the {@code with} methods change
 * one. What is out of range is an {@link IllegalArgumentException} that says the range.
 *
 * @param budgetBytes of extents in memory, never exceeded; rounded down to 4 KiB, at least 64 KiB
 * @param stores in the order in which they are preferred; none is allowed (nothing can be paged out
 *     then)
 * @param owner node name and incarnation, unique among the processes that share a store: 1 to 64
 *     lower-case letters, digits, and inner dots, hyphens and underscores
 * @param reserveBytes part of the budget that drafts may not take, so that page-ins find room; up
 *     to half of it
 * @param readAheadBytes how far all scans together read ahead, four times as far from a Hadoop file
 *     system; each may read a fourth of it, 1 MiB at most
 * @param readers threads that page in, for each store; 1 at least
 * @param containerBytes at which a container file is finished
 * @param readBack whether every copy is read again and compared before it counts as one
 * @param maxExtents drafts and extents, resident or not, at one time
 * @param pinTrace whether it is known from the start who holds what; {@link Ager#pinTrace} can
 *     change it
 */
public record AgerConfig(
    long budgetBytes,
    List<StoreConfig> stores,
    String owner,
    long reserveBytes,
    long readAheadBytes,
    int readers,
    long containerBytes,
    boolean readBack,
    int maxExtents,
    PinTrace.Mode pinTrace) {
  static final long MIN_BUDGET_BYTES = 64 << 10;
  private static final Pattern OWNER = Pattern.compile("[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?");
  private static final Set<String> RESERVED = Set.of("durable", "spill");

  public AgerConfig {
    stores = List.copyOf(stores);
    budgetBytes -= budgetBytes % PageRuns.PAGE_BYTES;
    atLeast("budgetBytes", budgetBytes, MIN_BUDGET_BYTES);
    atLeast("reserveBytes", reserveBytes, 0);
    atLeast("readAheadBytes", readAheadBytes, 0);
    atLeast("readers", readers, 1);
    atLeast("containerBytes", containerBytes, 1);
    atLeast("maxExtents", maxExtents, 1);
    if (reserveBytes > budgetBytes / 2) {
      throw new IllegalArgumentException(
          "reserve is more than half of the budget: reserveBytes=%d budgetBytes=%d"
              .formatted(reserveBytes, budgetBytes));
    }
    if (!OWNER.matcher(owner).matches() || RESERVED.contains(owner) || owner.contains("..")) {
      throw new IllegalArgumentException(
          "not an owner: owner=%s allowed=%s except=%s"
              .formatted(owner, OWNER.pattern(), RESERVED));
    }
    Set<Object> uris = new HashSet<>();
    for (StoreConfig store : stores) {
      if (!uris.add(store.uri())) {
        throw new IllegalArgumentException("store named twice: uri=" + store.uri());
      }
    }
  }

  /**
   * An eighth of the budget is kept for page-ins, and scans read a 128th (at most 64 MiB) ahead if
   * that helps. Three readers, containers of 256 MiB, nothing read back, 262,144 extents, no trace.
   */
  public static AgerConfig of(long budgetBytes, List<StoreConfig> stores, String owner) {
    long eighth = budgetBytes / 8;
    return new AgerConfig(
        budgetBytes,
        stores,
        owner,
        eighth,
        Math.min(budgetBytes / 128, 64 << 20),
        3,
        256 << 20,
        false,
        1 << 18,
        PinTrace.Mode.OFF);
  }

  /** As this one, with so much kept from drafts: 0 to half of the budget. */
  public AgerConfig withReserveBytes(long bytes) {
    return new AgerConfig(
        budgetBytes,
        stores,
        owner,
        bytes,
        readAheadBytes,
        readers,
        containerBytes,
        readBack,
        maxExtents,
        pinTrace);
  }

  /** As this one, with scans that read so far ahead, all together: 0 at least. */
  public AgerConfig withReadAheadBytes(long bytes) {
    return new AgerConfig(
        budgetBytes,
        stores,
        owner,
        reserveBytes,
        bytes,
        readers,
        containerBytes,
        readBack,
        maxExtents,
        pinTrace);
  }

  /** As this one, with container files that are finished at so many bytes: 1 at least. */
  public AgerConfig withContainerBytes(long bytes) {
    return new AgerConfig(
        budgetBytes,
        stores,
        owner,
        reserveBytes,
        readAheadBytes,
        readers,
        bytes,
        readBack,
        maxExtents,
        pinTrace);
  }

  /**
   * As this one, with or without reading each copy again before it counts; that costs a read for
   * each write.
   */
  public AgerConfig withReadBack(boolean wanted) {
    return new AgerConfig(
        budgetBytes,
        stores,
        owner,
        reserveBytes,
        readAheadBytes,
        readers,
        containerBytes,
        wanted,
        maxExtents,
        pinTrace);
  }

  /** As this one, with so many drafts and extents at one time: 1 at least. */
  public AgerConfig withMaxExtents(int count) {
    return new AgerConfig(
        budgetBytes,
        stores,
        owner,
        reserveBytes,
        readAheadBytes,
        readers,
        containerBytes,
        readBack,
        count,
        pinTrace);
  }

  /**
   * As this one, with so much known from the start of who holds what; see {@link PinTrace} for what
   * it costs.
   */
  public AgerConfig withPinTrace(PinTrace.Mode mode) {
    return new AgerConfig(
        budgetBytes,
        stores,
        owner,
        reserveBytes,
        readAheadBytes,
        readers,
        containerBytes,
        readBack,
        maxExtents,
        mode);
  }

  private static void atLeast(String name, long value, long min) {
    if (value < min) {
      throw new IllegalArgumentException(
          "setting too small: %s=%d min=%d".formatted(name, value, min));
    }
  }
}
