package io.quire.ager;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.quire.ager.ContainerMedium.AppendFile;
import io.quire.ager.ContainerMedium.ReadFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies in container files: each owner appends to files of its own, one at a time; a file that is
 * large enough, or that had an error, is not appended to again. A container goes when none of its
 * copies is needed any more; one of another owner, or from before a restart, if all were given up
 * here and its end block says that it is complete, or if a search for orphans finds it.
 */
final class ContainerShelf implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ContainerShelf.class);
  static final String SUFFIX = ".quire";

  /** A copy, and how many bytes it takes in its file. */
  record Written(Copy copy, long footprint) {}

  /** What is known of one file: the offsets of copies still needed, and whether it may go. */
  private static final class Contents {
    /** By the page on which a copy begins. */
    final BitSet needed = new BitSet();

    long bytes;

    /** Of what was given up, as far as it was said. */
    long givenUpBytes;

    boolean finished;
  }

  private final String store;
  private final String prefix;
  private final String owner;
  private final ContainerMedium medium;
  private final Room room;
  private final long containerBytes;
  private final Coding coding;
  private final OpenFiles open;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Map<String, Contents> written = new HashMap<>();

  /** Offsets that were given up in files this shelf did not write. */
  @GuardedBy("lock")
  private final Map<String, Set<Long>> givenUp = new HashMap<>();

  /** Not to be appended to any more, if it is the one that is. */
  private volatile @Nullable String doubtful;

  // Confined to the writing thread.
  private @Nullable AppendFile out;
  private String file = "";
  private long position;
  private int nextNumber = 1;

  /** Whether copies were appended to the current file since its last sync. */
  private boolean unsynced;

  /** A file that was given up with such copies in it though nothing failed; the next sync does. */
  private @Nullable String unsyncable;

  /**
   * Creates a shelf; no file is made before the first write.
   *
   * @param prefix of all file names, up to and including the owner where the name has it
   */
  ContainerShelf(
      String store,
      String prefix,
      String owner,
      ContainerMedium medium,
      Room room,
      long containerBytes,
      Coding coding) {
    this.store = store;
    this.prefix = prefix;
    this.owner = owner;
    this.medium = medium;
    this.room = room;
    this.containerBytes = containerBytes;
    this.coding = coding;
    open = new OpenFiles(medium);
  }

  /**
   * Writes a copy. It can be read after the next {@link #sync}. One thread at a time.
   *
   * @throws StoreFull if the capacity does not allow it
   * @throws IOException if it was not written, or not wholly; nothing refers to what was. Then what
   *     was written since the last sync is not to be used either: its file was given up
   */
  Written write(Body body, Origin origin) throws IOException {
    Coding.Parcel parcel = coding.pack(body, owner, origin);
    long footprint = parcel.header().footprint();
    long began = System.nanoTime();
    room.take(footprint);
    if (file.equals(doubtful)) {
      abandon();
    }
    AppendFile target = out;
    boolean appended = false;
    try {
      if (target == null) {
        target = create();
      }
      append(target, parcel);
      appended = true;
    } finally {
      if (!appended) {
        room.giveBack(footprint);
        abandon();
        unsyncable = null;
      }
    }
    unsynced = true;
    Copy copy = body.copy(store, file, position, owner);
    note(copy, footprint);
    position += footprint;
    coding.wrote(footprint, System.nanoTime() - began);
    if (position >= containerBytes) {
      finishWith(copy);
    }
    return new Written(copy, footprint);
  }

  /** What was written there does not verify, or the file has gone. Any thread. */
  void doubt(String name) {
    doubtful = name;
  }

  private static void append(AppendFile target, Coding.Parcel parcel) throws IOException {
    if (parcel.isPlain()) {
      target.append(parcel.header(), parcel.body().run());
    } else {
      target.append(parcel.header(), null);
      parcel.toPages(target::append);
    }
  }

  /** Finishes the file; if that fails nobody is told of the copy, so nobody will give it up. */
  private void finishWith(Copy last) throws IOException {
    boolean finished = false;
    try {
      finish();
      finished = true;
    } finally {
      if (!finished) {
        free(last);
      }
    }
  }

  private static int page(long offset) {
    return (int) (offset / StoreHeader.BYTES);
  }

  /** The file with a number. */
  String name(long number) {
    return prefix + "%06d".formatted(number) + SUFFIX;
  }

  /** The number of a file of this shelf. */
  long number(String name) {
    return Long.parseLong(name, prefix.length(), name.length() - SUFFIX.length(), 10);
  }

  private AppendFile create() throws IOException {
    String name;
    do {
      name = name(nextNumber++);
    } while (medium.exists(name));
    AppendFile made = medium.create(name);
    out = made;
    file = name;
    position = 0;
    lock.lock();
    try {
      // Known from here on, so that it goes also if nothing is ever written to it.
      written.put(name, new Contents());
    } finally {
      lock.unlock();
    }
    return made;
  }

  private void note(Copy copy, long footprint) {
    lock.lock();
    try {
      Contents contents = written.computeIfAbsent(copy.file(), _ -> new Contents());
      contents.needed.set(page(copy.offset()));
      contents.bytes += footprint;
    } finally {
      lock.unlock();
    }
  }

  /** All copies written so far can be read, by others too, and survive what the medium survives. */
  void sync() throws IOException {
    String gone = unsyncable;
    if (gone != null) {
      unsyncable = null;
      throw new IOException("file was given up before what was appended was synced: file=" + gone);
    }
    AppendFile target = out;
    if (target == null) {
      return;
    }
    boolean synced = false;
    try {
      if (target.canSync()) {
        target.sync();
        mustBeThere();
      } else {
        finish();
      }
      synced = true;
      unsynced = false;
    } finally {
      if (!synced) {
        abandon();
        unsyncable = null;
      }
    }
  }

  /** No more is appended to the current file. */
  void finish() throws IOException {
    AppendFile target = out;
    if (target == null) {
      return;
    }
    boolean closed = false;
    try {
      target.append(StoreHeader.end(owner), null);
      target.close();
      closed = true;
      out = null;
      unsynced = false;
      markFinished();
    } finally {
      if (!closed) {
        abandon();
        unsyncable = null;
      }
    }
    mustBeThere();
  }

  /**
   * A copy counts only if its file has its name after the copy was synced. A file system may go on
   * taking what is appended to a file that was deleted, and nobody could read it. And whoever takes
   * this owner for dead sets its file aside before he looks into it for the last time: so he finds
   * the copy there.
   */
  private void mustBeThere() throws IOException {
    if (!medium.exists(file)) {
      throw new IOException("file has gone while it was written: file=" + file);
    }
  }

  private void abandon() {
    AppendFile target = out;
    if (target != null) {
      out = null;
      unsyncable = unsynced ? file : unsyncable;
      unsynced = false;
      target.abandon();
      markFinished();
    }
  }

  private void markFinished() {
    lock.lock();
    try {
      Contents contents = written.get(file);
      if (contents != null) {
        contents.finished = true;
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Reads and verifies a copy: its body and padding fill the run. Any thread.
   *
   * @throws CorruptCopy if something else lies there or the file ends before it
   * @throws IOException if the store cannot tell
   */
  void read(Copy copy, Body wanted) throws IOException {
    MemorySegment header = Arena.ofAuto().allocate(StoreHeader.BYTES, StoreHeader.BYTES);
    read(
        copy.file(),
        in -> {
          in.read(copy.offset(), header);
          StoreHeader found = StoreHeader.check(header, StoreHeader.of(copy));
          coding.unpack(found, in::read, copy.offset() + StoreHeader.BYTES, wanted);
        });
  }

  /** Reads the header alone. */
  void check(Copy copy) throws IOException {
    MemorySegment header = Arena.ofAuto().allocate(StoreHeader.BYTES, StoreHeader.BYTES);
    read(
        copy.file(),
        in -> {
          in.read(copy.offset(), header);
          StoreHeader.check(header, StoreHeader.of(copy));
        });
  }

  /** As {@link #read}, piece by piece, and keeps nothing. */
  void verify(Copy copy, Body wanted) throws IOException {
    Body there = new Body(copy.extent(), wanted.run(), copy.bytes(), copy.crc());
    read(copy.file(), in -> coding.verify(copy.owner(), in::read, copy.offset(), there));
  }

  /** Reads from a file that stays open then. Any thread. */
  void read(String name, OpenFiles.Reading reading) throws IOException {
    open.read(name, reading);
  }

  /** The copy is not needed any more. Does no I/O. Any thread. */
  void free(Copy copy) {
    free(copy.file(), copy.offset(), 0);
  }

  /**
   * The same, by place.
   *
   * @param footprint what it takes in its file, which {@link #toEmpty} wants to know; 0 if nobody
   *     asks that
   */
  void free(String name, long offset, long footprint) {
    lock.lock();
    try {
      Contents contents = written.get(name);
      if (contents != null) {
        contents.needed.clear(page(offset));
        contents.givenUpBytes += footprint;
      } else {
        givenUp.computeIfAbsent(name, _ -> new HashSet<>()).add(offset);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Deletes what {@link #free} has made superfluous. One thread at a time. */
  void tidy() {
    takeUnneeded()
        .forEach(
            (name, bytes) -> {
              if (delete(name)) {
                room.giveBack(bytes);
              }
            });
    takeGivenUp()
        .forEach(
            (name, offsets) -> {
              long bytes = bytesIfAllGivenUp(name, offsets);
              if (bytes > 0 && delete(name)) {
                room.gone(bytes);
              }
            });
  }

  private boolean delete(String name) {
    try {
      medium.delete(name);
      open.forget(name);
      return true;
    } catch (IOException e) {
      log.warn("container not deleted: store={} file={}", store, name, e);
      return false;
    }
  }

  /** To look at all containers of the store. */
  ContainerMedium medium() {
    return medium;
  }

  /**
   * Deletes a container of another owner, or from before a restart, of which nothing is needed.
   *
   * @param name as it is now
   * @param was as readers know it
   */
  void deleteOrphan(String name, String was, long bytes) throws IOException {
    medium.delete(name);
    open.forget(was);
    room.gone(bytes);
    lock.lock();
    try {
      givenUp.remove(was);
    } finally {
      lock.unlock();
    }
  }

  /**
   * The number of the file that is not appended to any more and of which the least part is needed,
   * but some; empty if there is none.
   *
   * @param sparse only one of which less than half is needed
   */
  OptionalLong toEmpty(boolean sparse) {
    lock.lock();
    try {
      String found = null;
      double most = sparse ? 0.5 : -1;
      for (Map.Entry<String, Contents> each : written.entrySet()) {
        Contents contents = each.getValue();
        double givenUp = (double) contents.givenUpBytes / contents.bytes;
        if (contents.finished && !contents.needed.isEmpty() && givenUp > most) {
          most = givenUp;
          found = each.getKey();
        }
      }
      return found == null ? OptionalLong.empty() : OptionalLong.of(number(found));
    } finally {
      lock.unlock();
    }
  }

  /** Files of this shelf that may go, with the bytes that were counted for them. */
  private Map<String, Long> takeUnneeded() {
    Map<String, Long> unneeded = new HashMap<>();
    lock.lock();
    try {
      written.forEach(
          (name, contents) -> {
            if (contents.finished && contents.needed.isEmpty()) {
              unneeded.put(name, contents.bytes);
            }
          });
      written.keySet().removeAll(unneeded.keySet());
    } finally {
      lock.unlock();
    }
    return unneeded;
  }

  private Map<String, Set<Long>> takeGivenUp() {
    lock.lock();
    try {
      Map<String, Set<Long>> taken = new HashMap<>(givenUp);
      givenUp.clear();
      return taken;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Walks a file's headers; 0 if a copy in it was not given up or it has no end, perhaps since its
   * writer lives.
   */
  private long bytesIfAllGivenUp(String name, Set<Long> offsets) {
    try (ReadFile in = medium.openUnchecked(name)) {
      MemorySegment block = Arena.ofAuto().allocate(StoreHeader.BYTES, StoreHeader.BYTES);
      long at = 0;
      while (true) {
        in.read(at, block);
        StoreHeader header = StoreHeader.decode(block);
        if (header.kind() == StoreHeader.Kind.END) {
          return at;
        }
        if (!offsets.contains(at)) {
          rememberGivenUp(name, offsets);
          return 0;
        }
        at += header.footprint();
      }
    } catch (IOException e) {
      log.info("container kept, its end was not found: store={} file={}", store, name, e);
      return 0;
    }
  }

  private void rememberGivenUp(String name, Set<Long> offsets) {
    lock.lock();
    try {
      givenUp.computeIfAbsent(name, _ -> new HashSet<>()).addAll(offsets);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    try {
      finish();
    } catch (IOException e) {
      log.warn("container not finished: store={} file={}", store, file, e);
    }
    open.close();
  }
}
