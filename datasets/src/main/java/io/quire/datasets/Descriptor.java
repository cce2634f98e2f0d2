package io.quire.datasets;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a version of a dataset is made of. It is the value of the dataset's object; a version never
 * changes, and the next one begins with all that this one has.
 *
 * @param schema what the maker says the columns mean; not interpreted, not to be changed
 * @param columns one more than the highest column of any group that is not kept aside
 * @param extents ordered by part, group and column
 * @param bytes of all extents that are not kept aside
 * @param rows of all groups that are not kept aside
 * @param appends in their order; none if it is as it was loaded
 * @param replicas by how many nodes each extent was held when its version was published
 */
public record Descriptor(
    byte[] schema,
    int columns,
    List<ExtentInfo> extents,
    long bytes,
    long rows,
    List<Append> appends,
    int replicas) {
  /**
   * What was appended by one load: the parts from the first on, up to those of the next.
   *
   * @param load the id of the load, not 0; members keep its extents under it
   * @param firstPart more than that of the append before
   */
  public record Append(long load, int firstPart) {}

  public Descriptor {
    extents = List.copyOf(extents);
    appends = List.copyOf(appends);
  }

  /** How many rows were kept aside. */
  public long rowsAside() {
    return extents.stream().filter(ExtentInfo::aside).mapToLong(ExtentInfo::rows).sum();
  }

  /**
   * Of these extents, which may come in any order.
   *
   * @throws IllegalArgumentException if two have the same place
   */
  static Descriptor of(byte[] schema, List<ExtentInfo> infos) {
    int holders = infos.stream().mapToInt(info -> info.holders().size()).max().orElse(1);
    return of(schema, infos, List.of(), holders);
  }

  /**
   * As above, of several loads.
   *
   * @throws IllegalArgumentException also if the appends are not in order, or an extent has more
   *     holders than replicas
   */
  static Descriptor of(byte[] schema, List<ExtentInfo> infos, List<Append> appends, int replicas) {
    checkReplicas(replicas, infos);
    checkOrder(appends);
    List<ExtentInfo> ordered = infos.stream().sorted((a, b) -> a.key().compareTo(b.key())).toList();
    int columns = 0;
    long bytes = 0;
    long rows = 0;
    ExtentInfo before = null;
    for (ExtentInfo info : ordered) {
      boolean sameGroup =
          before != null && before.part() == info.part() && before.group() == info.group();
      if (sameGroup && before != null && before.column() == info.column()) {
        throw new IllegalArgumentException("two extents in one place: " + info.place());
      }
      if (!info.aside()) {
        columns = Math.max(columns, Math.addExact(info.column(), 1));
      }
      bytes = info.aside() ? bytes : Math.addExact(bytes, info.bytes());
      rows = sameGroup || info.aside() ? rows : Math.addExact(rows, info.rows());
      before = info;
    }
    return new Descriptor(schema, columns, ordered, bytes, rows, appends, replicas);
  }

  private static void checkReplicas(int replicas, List<ExtentInfo> infos) {
    if (replicas < 1 || replicas > LoadOptions.REPLICAS_MAX) {
      throw new IllegalArgumentException(
          "replicas out of range: replicas=%d allowed=1..%d"
              .formatted(replicas, LoadOptions.REPLICAS_MAX));
    }
    for (ExtentInfo info : infos) {
      if (info.spares().size() >= replicas) {
        throw new IllegalArgumentException(
            "more holders than replicas: replicas=%d %s".formatted(replicas, info.place()));
      }
    }
  }

  private static void checkOrder(List<Append> appends) {
    int before = -1;
    for (Append append : appends) {
      if (append.firstPart <= before || append.load == 0) {
        throw new IllegalArgumentException(
            "not an append: load=%x firstPart=%d before=%d"
                .formatted(append.load, append.firstPart, before));
      }
      before = append.firstPart;
    }
  }

  /**
   * With what another load made behind all that is there.
   *
   * @param made at least one extent
   * @throws ArithmeticException if there are no numbers left for its parts
   */
  Descriptor with(long load, Descriptor made) {
    int first = extents.isEmpty() ? 0 : Math.addExact(extents.getLast().part(), 1);
    List<ExtentInfo> all = new ArrayList<>(extents);
    for (ExtentInfo info : made.extents) {
      all.add(info.inPart(Math.addExact(first, info.part())));
    }
    List<Append> more = new ArrayList<>(appends);
    more.add(new Append(load, first));
    return of(schema, all, more, replicas);
  }

  /** Without what a load appended. */
  Descriptor without(long load) {
    List<ExtentInfo> left = new ArrayList<>(extents);
    left.removeIf(
        info -> {
          Append append = append(info.part());
          return append != null && append.load == load;
        });
    List<Append> others = appends.stream().filter(append -> append.load != load).toList();
    return of(schema, left, others, replicas);
  }

  /** What it was when it had so many extents. */
  Descriptor first(int count) {
    if (count == extents.size()) {
      return this;
    }
    List<ExtentInfo> kept = extents.subList(0, count);
    int parts = count == 0 ? 0 : kept.getLast().part() + 1;
    List<Append> before = appends.stream().filter(append -> append.firstPart < parts).toList();
    return of(schema, kept, before, replicas);
  }

  /** Whether a load appended to it. */
  boolean has(long load) {
    return appends.stream().anyMatch(append -> append.load == load);
  }

  /** The append that brought a part, or null if it was there from the beginning. */
  @Nullable Append append(int part) {
    int low = 0;
    int high = appends.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (appends.get(middle).firstPart <= part) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low == 0 ? null : appends.get(low - 1);
  }
}
