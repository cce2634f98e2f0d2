package io.quire.ager;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One file of a flash store, divided into slots that are used again, because writing over blocks
 * that were written before is twice as fast as growing a file. The file grows when no free slot
 * fits and is as long as it ever was. Nothing here survives the process, so nothing is synced.
 */
final class SlotFile implements AutoCloseable {
  /** One of a batch, and the first page of its slot. */
  private record Slot(int index, Coding.Parcel parcel, long page, long pages) {
    long end() {
      return page + pages;
    }
  }

  /** One of a batch, as it will be written. */
  private record Packed(int index, Coding.Parcel parcel) {
    long pages() {
      return PageRuns.pagesOf(parcel.header().footprint());
    }
  }

  /** A read that was started, and the reads of the file that it waits for. */
  private record Pending(SpillRead read, byte[] header, int first, int last) {}

  private final String name;
  private final String owner;
  private final FlashFile file;
  private final Room room;
  private final FlashDirectory directory;
  private final Coding coding;
  private final Quarantine quarantine;

  /** Whether the file system lets the file grow. */
  private final Health growth = new Health();

  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final PageRuns slots = new PageRuns(0);

  /** As long as the file is in truth. */
  @GuardedBy("lock")
  private long writtenPages;

  /**
   * Takes ownership of the file.
   *
   * @param name of the file below the directory
   */
  SlotFile(
      String name,
      String owner,
      FlashFile file,
      Room room,
      FlashDirectory directory,
      Coding coding) {
    this.name = name;
    this.owner = owner;
    this.file = file;
    this.room = room;
    this.directory = directory;
    this.coding = coding;
    quarantine = new Quarantine(file);
  }

  String name() {
    return name;
  }

  FlashDirectory directory() {
    return directory;
  }

  Health health() {
    return directory.health();
  }

  String owner() {
    return owner;
  }

  /** Copies side by side that are being written. */
  private record Stretch(List<Slot> slots, Outflow out) {
    long start() {
      return slots.getFirst().page;
    }

    long end() {
      return slots.getLast().end();
    }
  }

  /** Is told what was written where. */
  interface Written {
    void at(int index, long page, long pages);
  }

  /** Writes under way; {@link #end} must be called. Confined to one thread. */
  final class Writing {
    private final List<Stretch> stretches = new ArrayList<>();
    private final long began = System.nanoTime();
    private @Nullable IOException failure;

    private Writing() {}

    private void add(List<Slot> neighbours) {
      long start = neighbours.getFirst().page * PageRuns.PAGE_BYTES;
      Outflow out = new Outflow(directory.lanes(), file, start);
      stretches.add(new Stretch(neighbours, out));
      try {
        for (Slot slot : neighbours) {
          Coding.Parcel parcel = slot.parcel;
          out.header(parcel.header());
          if (parcel.isPlain()) {
            out.run(parcel.body().run());
          } else {
            parcel.toPages(out::gather);
          }
        }
        out.flush();
      } catch (IOException e) {
        out.failed(e);
      }
    }

    /**
     * Waits for the end, tells what was written, and frees the slots of what was not. Of a stretch
     * of neighbours either all is written or nothing.
     *
     * @throws StoreFull if the capacity did not allow some of it
     * @throws IOException if some of it was not written
     */
    void end(Written written) throws IOException {
      for (Stretch stretch : stretches) {
        try {
          stretch.out.end();
          stretch.slots.forEach(slot -> written.at(slot.index, slot.page, slot.pages));
          long pages = stretch.slots.stream().mapToLong(Slot::pages).sum();
          coding.wrote(pages * PageRuns.PAGE_BYTES, System.nanoTime() - began);
          grown(stretch.end());
        } catch (IOException e) {
          failure = giveBack(stretch, e);
        }
      }
      if (failure != null) {
        throw failure;
      }
    }
  }

  private void grown(long end) {
    lock.lock();
    try {
      if (end > writtenPages) {
        writtenPages = end;
        growth.works();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Of what was not written. If the file system is full, that is no fault: the file is not to grow
   * for a while, and what it has is used on. What was not written may lie before something that
   * was, and have no blocks of the file system; that is used again when it has been tried.
   */
  private IOException giveBack(Stretch stretch, IOException why) {
    long pages = stretch.end() - stretch.start();
    long bytes = pages * PageRuns.PAGE_BYTES;
    long left = spaceLeft();
    boolean full = left < bytes;
    lock.lock();
    try {
      boolean inside = stretch.end() <= writtenPages;
      if (full && inside) {
        quarantine(stretch.start(), pages);
      } else {
        free(stretch.start(), pages);
      }
      long unwritten = Math.min(slots.freeAtEnd(), slots.pages() - writtenPages);
      if (full && unwritten > 0) {
        slots.shrink(unwritten);
        room.giveBack(unwritten * PageRuns.PAGE_BYTES);
      }
    } finally {
      lock.unlock();
    }
    if (!full) {
      return why;
    }
    growth.failed(why);
    return new StoreFull("file system is full", bytes, left);
  }

  /** What the file system has left, or more than there is if it does not say. */
  private long spaceLeft() {
    try {
      return file.spaceLeft();
    } catch (IOException e) {
      return Long.MAX_VALUE;
    }
  }

  /** Whether the last attempt to let the file grow went well. */
  boolean mayGrow() {
    return growth.failing().isEmpty();
  }

  /** Starts to write these of the batch, side by side as far as there is room for that. */
  Writing begin(SpillBatch batch, List<Integer> indices) {
    Writing writing = new Writing();
    List<Slot> taken = new ArrayList<>();
    try {
      List<Packed> packed = new ArrayList<>();
      for (int index : indices) {
        packed.add(new Packed(index, coding.pack(batch.body(index), owner)));
      }
      take(packed, taken);
    } catch (StoreFull full) {
      writing.failure = full;
    }
    for (int from = 0; from < taken.size(); ) {
      int to = from + 1;
      while (to < taken.size() && taken.get(to).page == taken.get(to - 1).end()) {
        to++;
      }
      writing.add(taken.subList(from, to));
      from = to;
    }
    return writing;
  }

  /** One slot for all if there is one, else for each half, so that neighbours stay together. */
  private void take(List<Packed> packed, List<Slot> taken) throws StoreFull {
    long pages = packed.stream().mapToLong(Packed::pages).sum();
    long start = takePages(pages, packed.size() == 1);
    if (start >= 0) {
      for (Packed each : packed) {
        taken.add(new Slot(each.index, each.parcel, start, each.pages()));
        start += each.pages();
      }
      return;
    }
    int half = packed.size() / 2;
    take(packed.subList(0, half), taken);
    take(packed.subList(half, packed.size()), taken);
  }

  private long takePages(long pages, boolean mayGrow) throws StoreFull {
    lock.lock();
    try {
      long start = slots.allocate(pages);
      if (start < 0 && mayGrow) {
        long more = pages - slots.freeAtEnd();
        if (growth.refusal().isPresent()) {
          throw new StoreFull("file system is full", more * PageRuns.PAGE_BYTES, 0);
        }
        room.take(more * PageRuns.PAGE_BYTES);
        slots.grow(more);
        start = slots.allocate(pages);
      }
      return start;
    } finally {
      lock.unlock();
    }
  }

  long freeBytes() {
    lock.lock();
    try {
      return slots.freePages() * PageRuns.PAGE_BYTES;
    } finally {
      lock.unlock();
    }
  }

  void free(long page, long pages) {
    lock.lock();
    try {
      slots.free(page, pages);
    } finally {
      lock.unlock();
    }
  }

  /** As {@link #free}, after something there did not verify. */
  void quarantine(long page, long pages) {
    quarantine.add(page, pages);
  }

  long badBytes() {
    return quarantine.bytes();
  }

  /** Tries what is in quarantine. By whoever writes. */
  void tidy() {
    Quarantine.Slot good = quarantine.tryNext();
    if (good != null) {
      free(good.page(), good.pages());
    }
  }

  /** Reads a copy piece by piece, and verifies it. */
  void verify(long page, Body wanted) throws IOException {
    coding.verify(owner, file::read, page * PageRuns.PAGE_BYTES, wanted);
  }

  /** First page of the slot of a copy in this file. */
  interface Pages {
    long of(SpillRead read);
  }

  /** Reads and verifies copies, given in the order in which they lie. */
  void read(List<SpillRead> reads, Pages pages) {
    if (!coding.isPlain()) {
      reads.forEach(read -> unpack(read, pages.of(read) * PageRuns.PAGE_BYTES));
      return;
    }
    for (int from = 0; from < reads.size(); ) {
      int to = from + 1;
      while (to < reads.size() && follows(reads.get(to - 1), reads.get(to), pages)) {
        to++;
      }
      List<SpillRead> neighbours = reads.subList(from, to);
      read(neighbours, pages.of(neighbours.getFirst()));
      if (neighbours.size() > 1) {
        // What cannot be read may be the fault of a neighbour.
        for (SpillRead each : neighbours) {
          if (each.failure() != null) {
            each.again();
            read(List.of(each), pages.of(each));
          }
        }
      }
      from = to;
    }
  }

  private static boolean follows(SpillRead before, SpillRead read, Pages pages) {
    return pages.of(read) == pages.of(before) + Place.pages(before.place());
  }

  private void read(List<SpillRead> neighbours, long page) {
    Inflow in = new Inflow(directory.lanes(), file, page * PageRuns.PAGE_BYTES);
    List<Pending> pending = new ArrayList<>();
    try {
      for (SpillRead read : neighbours) {
        byte[] header = new byte[StoreHeader.BYTES];
        int first = in.next();
        in.into(MemorySegment.ofArray(header));
        in.into(read.wanted().run());
        pending.add(new Pending(read, header, first, in.next()));
      }
      in.flush();
      for (Pending each : pending) {
        finish(in, each);
      }
    } catch (IOException e) {
      neighbours.forEach(read -> read.failed(e));
    } finally {
      in.settle();
    }
  }

  /** One whose form only its header tells. */
  private void unpack(SpillRead read, long position) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment block = arena.allocate(StoreHeader.BYTES, StoreHeader.BYTES);
      file.read(position, block);
      StoreHeader found = StoreHeader.check(block, read.wanted().header(owner));
      coding.unpack(found, file::read, position + StoreHeader.BYTES, read.wanted());
    } catch (IOException e) {
      read.failed(e);
    }
  }

  private void finish(Inflow in, Pending each) {
    try {
      in.await(each.first, each.last);
      Body wanted = each.read.wanted();
      StoreHeader.check(MemorySegment.ofArray(each.header), wanted.header(owner));
      wanted.verify();
    } catch (IOException e) {
      each.read.failed(e);
    }
  }

  @Override
  public void close() {
    try {
      file.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
