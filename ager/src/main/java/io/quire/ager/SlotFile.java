package io.quire.ager;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.io.UncheckedIOException;
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
  private record Slot(int index, long page, long pages) {
    long end() {
      return page + pages;
    }
  }

  /** A read that was started, and the reads of the file that it waits for. */
  private record Pending(SpillRead read, byte[] header, int first, int last) {}

  private final String name;
  private final String owner;
  private final FlashFile file;
  private final Room room;
  private final FlashDirectory directory;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final PageRuns slots = new PageRuns(0);

  /**
   * Takes ownership of the file.
   *
   * @param name of the file below the directory
   */
  SlotFile(String name, String owner, FlashFile file, Room room, FlashDirectory directory) {
    this.name = name;
    this.owner = owner;
    this.file = file;
    this.room = room;
    this.directory = directory;
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
  private record Stretch(List<Slot> slots, Outflow out) {}

  /** Is told what was written where. */
  interface Written {
    void at(int index, long page, long pages);
  }

  /** Writes under way; {@link #end} must be called. Confined to one thread. */
  final class Writing {
    private final List<Stretch> stretches = new ArrayList<>();
    private @Nullable IOException failure;

    private Writing() {}

    private void add(SpillBatch batch, List<Slot> neighbours) {
      long start = neighbours.getFirst().page * PageRuns.PAGE_BYTES;
      Outflow out = new Outflow(directory.lanes(), file, start);
      stretches.add(new Stretch(neighbours, out));
      try {
        for (Slot slot : neighbours) {
          Body body = batch.body(slot.index);
          out.header(body.header(owner));
          out.run(body.run());
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
        } catch (IOException e) {
          stretch.slots.forEach(slot -> free(slot.page, slot.pages));
          failure = e;
        }
      }
      if (failure != null) {
        throw failure;
      }
    }
  }

  /** Starts to write these of the batch, side by side as far as there is room for that. */
  Writing begin(SpillBatch batch, List<Integer> indices) {
    Writing writing = new Writing();
    List<Slot> taken = new ArrayList<>();
    try {
      take(batch, indices, taken);
    } catch (StoreFull full) {
      writing.failure = full;
    }
    for (int from = 0; from < taken.size(); ) {
      int to = from + 1;
      while (to < taken.size() && taken.get(to).page == taken.get(to - 1).end()) {
        to++;
      }
      writing.add(batch, taken.subList(from, to));
      from = to;
    }
    return writing;
  }

  /** One slot for all if there is one, else for each half, so that neighbours stay together. */
  private void take(SpillBatch batch, List<Integer> indices, List<Slot> taken) throws StoreFull {
    long pages = 0;
    for (int index : indices) {
      pages += PageRuns.pagesOf(batch.body(index).footprint());
    }
    long start = takePages(pages, indices.size() == 1);
    if (start >= 0) {
      for (int index : indices) {
        long each = PageRuns.pagesOf(batch.body(index).footprint());
        taken.add(new Slot(index, start, each));
        start += each;
      }
      return;
    }
    int half = indices.size() / 2;
    take(batch, indices.subList(0, half), taken);
    take(batch, indices.subList(half, indices.size()), taken);
  }

  private long takePages(long pages, boolean mayGrow) throws StoreFull {
    lock.lock();
    try {
      long start = slots.allocate(pages);
      if (start < 0 && mayGrow) {
        long more = pages - slots.freeAtEnd();
        room.take(more * PageRuns.PAGE_BYTES);
        slots.grow(more);
        start = slots.allocate(pages);
      }
      return start;
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

  /** First page of the slot of a copy in this file. */
  interface Pages {
    long of(SpillRead read);
  }

  /** Reads and verifies copies, given in the order in which they lie. */
  void read(List<SpillRead> reads, Pages pages) {
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
