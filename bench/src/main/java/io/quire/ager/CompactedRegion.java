package io.quire.ager;

import io.quire.ager.Compaction.Effort;
import org.jspecify.annotations.NullMarked;

/**
 * The region of an ager as its allocator alone: {@link Region}, {@link Runs} and {@link
 * Compaction}, without extents, pins and stores. For benchmarks. Not thread-safe.
 */
@NullMarked
public final class CompactedRegion implements AutoCloseable {
  private static final int OWNER = 0;

  private final Region region;
  private final Runs runs;
  private final Compaction compaction;

  private CompactedRegion(Region region, int longPages) {
    this.region = region;
    runs = new Runs(Runs.pagesOf(region.bytes()), longPages);
    compaction = new Compaction(runs, _ -> true);
  }

  /**
   * Opens a region.
   *
   * @param longPages a run that has so many is taken from the high end of a free one
   */
  public static CompactedRegion open(long bytes, int longPages) {
    return new CompactedRegion(Region.open(bytes), longPages);
  }

  /** A handle, or -1 if less than that is free. */
  public int allocate(long bytes) {
    int pages = Runs.pagesOf(bytes);
    int handle = runs.allocate(pages, OWNER);
    if (handle == Runs.NONE) {
      CompactionPlan plan = compaction.plan(pages, Effort.NEAR);
      plan = plan == null ? compaction.plan(pages, Effort.EVERYWHERE) : plan;
      handle = plan == null ? Runs.NONE : carryOut(plan);
    }
    return handle;
  }

  private int carryOut(CompactionPlan plan) {
    while (plan.next()) {
      region.move(plan.from(), plan.to(), plan.pages());
      plan.moved();
    }
    return plan.finish(OWNER);
  }

  public void free(int handle) {
    runs.free(handle);
  }

  /** Where the bytes of a handle are now. */
  public long address(int handle) {
    return region.slice(runs.start(handle), 1).address();
  }

  /** What a handle takes. */
  public long bytes(int handle) {
    return (long) runs.pages(handle) * Runs.PAGE_BYTES;
  }

  public long movedBytes() {
    return compaction.pagesMoved() * Runs.PAGE_BYTES;
  }

  @Override
  public void close() {
    region.close();
  }
}
