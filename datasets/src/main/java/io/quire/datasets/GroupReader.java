package io.quire.datasets;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Some columns of a dataset, row group after row group, from wherever they are, a little ahead.
 * What was verified is handed on as it lies in memory; nothing is copied here. Holds the dataset
 * until it is closed, also if that is deleted meanwhile. Confined to one thread at a time.
 */
public final class GroupReader implements AutoCloseable {
  private final Layouts.Opened dataset;
  private final DatasetRead read;
  private final int[] columns;

  /**
   * A row group.
   *
   * @param part of the load that made it
   * @param group within the part
   * @param rows that it has
   * @param columns in the order that was asked for; read-only, valid until it is released
   * @param release lets go of the memory; to be called once, by any thread
   */
  public record Group(
      int part, int group, long rows, List<MemorySegment> columns, Runnable release) {}

  GroupReader(Layouts.Opened dataset, DatasetRead read, int[] columns) {
    this.dataset = dataset;
    this.read = read;
    this.columns = columns;
  }

  /** The extents of these columns, group by group, in the order in which they are asked for. */
  static List<ExtentInfo> wanted(Layout layout, int[] columns, Predicate<ExtentInfo> which) {
    List<ExtentInfo> wanted = new ArrayList<>();
    for (int index : layout.scanned()) {
      Layout.Group group = layout.groups().get(index);
      if (!which.test(layout.first(group))) {
        continue;
      }
      for (int column : columns) {
        ExtentInfo info = layout.column(group, column);
        if (info == null) {
          throw new IllegalArgumentException(
              "no such column: column=" + column + " in " + layout.first(group).place());
        }
        wanted.add(info);
      }
    }
    return wanted;
  }

  /**
   * The next group; empty at the end.
   *
   * @throws DatasetsException.ExtentsLost if an extent is in memory nowhere and has no copy
   * @throws DatasetsException.DeadlinePassed if an extent took too long
   */
  public Optional<Group> next() {
    List<MemorySegment> segments = new ArrayList<>(columns.length);
    List<Runnable> releases = new ArrayList<>(columns.length);
    boolean whole = false;
    try {
      @Nullable ExtentInfo info = null;
      for (int i = 0; i < columns.length; i++) {
        DatasetRead.Got got = read.next();
        if (got == null) {
          return Optional.empty();
        }
        info = got.info();
        segments.add(got.bytes());
        releases.add(got.release());
      }
      whole = info != null;
      return info == null
          ? Optional.empty()
          : Optional.of(
              new Group(
                  info.part(),
                  info.group(),
                  info.rows(),
                  List.copyOf(segments),
                  () -> releases.forEach(Runnable::run)));
    } finally {
      if (!whole) {
        releases.forEach(Runnable::run);
      }
    }
  }

  /** Lets go of the dataset and of what was read ahead, not of groups that were handed out. */
  @Override
  public void close() {
    read.close();
    dataset.close();
  }
}
