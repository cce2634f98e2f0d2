package io.quire.ager;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.quire.ager.ContainerMedium.ReadFile;
import java.io.IOException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Containers that stay open for reading: opening one asks the file system's server, which takes
 * longer than reading a small copy. A few at most; the one that was not used for longest goes. Any
 * thread.
 */
final class OpenFiles implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(OpenFiles.class);
  private static final int MAX = 16;

  /** An open file and who is reading it; the lock guards the fields. */
  private static final class Entry {
    final ReadFile file;
    int users;
    boolean stale;

    Entry(ReadFile file) {
      this.file = file;
    }
  }

  private final ContainerMedium medium;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Map<String, Entry> open = new LinkedHashMap<>(MAX, 0.75f, true);

  OpenFiles(ContainerMedium medium) {
    this.medium = medium;
  }

  /** What is done with an open file. */
  interface Reading {
    void with(ReadFile file) throws IOException;
  }

  /**
   * Reads with the open file, and checks what was read. One that was open already may be older than
   * what was appended since, or its connection may have gone; then it is opened anew and read once
   * more. What turns out to be corrupt, or missing, is read again as the medium itself checks it.
   */
  void read(String name, Reading reading) throws IOException {
    Entry entry = existing(name);
    if (entry != null) {
      try {
        read(name, entry, reading);
        return;
      } catch (IOException stale) {
        // Opened anew below.
      }
    }
    try {
      read(name, opened(name, medium.openUnchecked(name)), reading);
    } catch (CorruptCopy | ShowsLess e) {
      try (ReadFile once = medium.open(name)) {
        reading.with(once);
      }
    }
  }

  private void read(String name, Entry entry, Reading reading) throws IOException {
    boolean read = false;
    try {
      reading.with(entry.file);
      read = true;
    } finally {
      if (!read) {
        forget(name);
      }
      release(entry);
    }
  }

  private @Nullable Entry existing(String name) {
    lock.lock();
    try {
      Entry entry = open.get(name);
      if (entry != null) {
        entry.users++;
      }
      return entry;
    } finally {
      lock.unlock();
    }
  }

  private Entry opened(String name, ReadFile file) {
    Entry entry = new Entry(file);
    entry.users = 1;
    lock.lock();
    try {
      Entry other = open.putIfAbsent(name, entry);
      entry.stale = other != null;
      Iterator<Map.Entry<String, Entry>> oldest = open.entrySet().iterator();
      while (open.size() > MAX && oldest.hasNext()) {
        Entry old = oldest.next().getValue();
        if (old.users == 0) {
          oldest.remove();
          close(old);
        }
      }
    } finally {
      lock.unlock();
    }
    return entry;
  }

  private void release(Entry entry) {
    lock.lock();
    try {
      entry.users--;
      if (entry.stale && entry.users == 0) {
        close(entry);
      }
    } finally {
      lock.unlock();
    }
  }

  /** The file has gone, or has to be opened anew. */
  void forget(String name) {
    lock.lock();
    try {
      Entry entry = open.remove(name);
      if (entry != null) {
        entry.stale = true;
        if (entry.users == 0) {
          close(entry);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private static void close(Entry entry) {
    try {
      entry.file.close();
    } catch (IOException e) {
      log.debug("container not closed after reading", e);
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      open.values().forEach(OpenFiles::close);
      open.clear();
    } finally {
      lock.unlock();
    }
  }
}
