package io.quire.ager;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Slots of a file in which something did not verify or could not be read. They are not used again
 * before something was written to all of the slot and read again as it was. One that fails is tried
 * again later, less often each time, down to once in ten seconds.
 */
final class Quarantine {
  /** So many pages from there on. */
  record Slot(long page, long pages) {}

  private static final Logger log = LoggerFactory.getLogger(Quarantine.class);
  private static final int PIECE_BYTES = 1 << 20;

  private final FlashFile file;
  private final Health health = new Health();
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final ArrayDeque<Slot> slots = new ArrayDeque<>();

  /** Of these slots, and of the one that is being tried. */
  @GuardedBy("lock")
  private long pages;

  Quarantine(FlashFile file) {
    this.file = file;
  }

  void add(long page, long count) {
    lock.lock();
    try {
      slots.add(new Slot(page, count));
      pages += count;
    } finally {
      lock.unlock();
    }
  }

  long bytes() {
    lock.lock();
    try {
      return pages * PageRuns.PAGE_BYTES;
    } finally {
      lock.unlock();
    }
  }

  /** Tries the one that was not tried for longest; it is out of quarantine if it is returned. */
  @Nullable Slot tryNext() {
    Slot slot = health.refusal().isEmpty() ? take() : null;
    if (slot == null) {
      return null;
    }
    try {
      check(slot);
      good(slot);
      health.works();
      log.info("slot is good again: page={} pages={}", slot.page, slot.pages);
      return slot;
    } catch (IOException e) {
      health.failed(e);
      log.warn("slot stays in quarantine: page={} pages={}", slot.page, slot.pages, e);
      putBack(slot);
      return null;
    }
  }

  private @Nullable Slot take() {
    lock.lock();
    try {
      return slots.poll();
    } finally {
      lock.unlock();
    }
  }

  private void putBack(Slot slot) {
    lock.lock();
    try {
      slots.add(slot);
    } finally {
      lock.unlock();
    }
  }

  private void good(Slot slot) {
    lock.lock();
    try {
      pages -= slot.pages;
    } finally {
      lock.unlock();
    }
  }

  private void check(Slot slot) throws IOException {
    long from = slot.page * PageRuns.PAGE_BYTES;
    long bytes = slot.pages * PageRuns.PAGE_BYTES;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment wanted = arena.allocate(Math.min(bytes, PIECE_BYTES), StoreHeader.BYTES);
      MemorySegment found = arena.allocate(wanted.byteSize(), StoreHeader.BYTES);
      for (long at = 0; at < bytes; at += PIECE_BYTES) {
        long length = Math.min(PIECE_BYTES, bytes - at);
        fill(wanted, from + at);
        file.write(from + at, wanted.asSlice(0, length));
      }
      for (long at = 0; at < bytes; at += PIECE_BYTES) {
        long length = Math.min(PIECE_BYTES, bytes - at);
        fill(wanted, from + at);
        file.read(from + at, found.asSlice(0, length));
        if (wanted.asSlice(0, length).mismatch(found.asSlice(0, length)) >= 0) {
          throw new CorruptCopy("slot does not keep what is written: offset=" + (from + at));
        }
      }
    }
  }

  /** Each word says where it should lie, mixed so that all bits are used. */
  private static void fill(MemorySegment segment, long position) {
    for (long at = 0; at < segment.byteSize(); at += Long.BYTES) {
      segment.set(ValueLayout.JAVA_LONG, at, (position + at + 1) * 0x9E3779B97F4A7C15L);
    }
  }
}
