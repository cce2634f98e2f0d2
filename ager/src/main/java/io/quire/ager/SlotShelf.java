package io.quire.ager;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Spilled copies on flash: one file, divided into slots that are used again, because writing over
 * blocks that were written before is twice as fast as growing a file. The file grows when no free
 * slot fits and is as long as it ever was. Nothing here survives the process, so nothing is synced.
 */
final class SlotShelf implements Shelf {
  private final String store;
  private final String name;
  private final String owner;
  private final FlashFile file;
  private final Room room;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final PageRuns slots = new PageRuns(0);

  /** Takes ownership of the file. */
  SlotShelf(String store, String name, String owner, FlashFile file, Room room) {
    this.store = store;
    this.name = name;
    this.owner = owner;
    this.file = file;
    this.room = room;
  }

  @Override
  public Copy write(Body body) throws IOException {
    long pages = PageRuns.pagesOf(body.footprint());
    long start = takeSlot(pages);
    boolean written = false;
    try {
      file.write(start * PageRuns.PAGE_BYTES, body.header(owner), body.run());
      written = true;
    } finally {
      if (!written) {
        freeSlot(start, pages);
      }
    }
    return body.copy(store, name, start * PageRuns.PAGE_BYTES, owner);
  }

  private long takeSlot(long pages) throws StoreFull {
    lock.lock();
    try {
      long start = slots.allocate(pages);
      if (start < 0) {
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

  private void freeSlot(long start, long pages) {
    lock.lock();
    try {
      slots.free(start, pages);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void sync() {}

  @Override
  public void finish() {}

  @Override
  public void read(Copy copy, MemorySegment run) throws IOException {
    file.read(copy, run);
  }

  @Override
  public void free(Copy copy) {
    freeSlot(copy.offset() / PageRuns.PAGE_BYTES, PageRuns.pagesOf(copy.footprint()));
  }

  @Override
  public void tidy() {}

  @Override
  public void close() {
    try {
      file.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
