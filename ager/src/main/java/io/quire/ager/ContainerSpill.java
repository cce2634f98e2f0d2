package io.quire.ager;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Spilled copies in containers, of which one for each stream is appended to. A batch is appended by
 * one stream, and synced once; while that waits, the next batch goes by another. Neighbours are
 * read together, several such groups at a time. The place of a copy is its stream, the number of
 * its container and its page there.
 */
final class ContainerSpill implements SpillShelf {
  private static final Logger log = LoggerFactory.getLogger(ContainerSpill.class);

  /** So that the last copy of a container, of 1 GiB at most, begins on a page that has a number. */
  static final long CONTAINER_BYTES_MAX = 2L << 30;

  private static final int PAGE_BITS = 20;
  private static final long PAGE = (1L << PAGE_BITS) - 1;

  /** Copies side by side that fit into a buffer, or a single larger one. */
  private record Group(ContainerShelf containers, String file, long offset, List<SpillRead> reads) {
    long end() {
      SpillRead last = reads.getLast();
      return page(last.place()) * PageRuns.PAGE_BYTES
          + Place.pages(last.place()) * PageRuns.PAGE_BYTES;
    }

    long bytes() {
      return end() - offset;
    }

    boolean isOfLarge() {
      return reads.stream().allMatch(read -> read.wanted().run().byteSize() >= Pieces.LARGE_BYTES);
    }
  }

  private final List<ContainerShelf> streams;

  /** Those that nobody writes to now, in turn. */
  private final ConcurrentLinkedQueue<Integer> idle = new ConcurrentLinkedQueue<>();

  /** Of which stream a file is emptied first. */
  private final AtomicInteger turns = new AtomicInteger();

  private final Lanes lanes;
  private final String store;
  private final String owner;
  private final Coding coding;

  /**
   * Takes ownership of the streams and the lanes.
   *
   * @param streams at least one, with names of their own
   */
  ContainerSpill(
      String store, String owner, List<ContainerShelf> streams, Lanes lanes, Coding coding) {
    this.store = store;
    this.owner = owner;
    this.streams = List.copyOf(streams);
    for (int stream = 0; stream < streams.size(); stream++) {
      idle.add(stream);
    }
    this.lanes = lanes;
    this.coding = coding;
  }

  @Override
  public int writers() {
    return streams.size();
  }

  /** There is an idle stream, since no more threads write than there are streams. */
  @Override
  public void write(SpillBatch batch) {
    Integer stream = idle.poll();
    if (stream == null) {
      throw new IllegalStateException("too many writers: allowed=" + streams.size());
    }
    try {
      write(stream, batch);
    } finally {
      idle.add(stream);
    }
  }

  /** Also of a stream that is being written to: it touches only files that are finished. */
  @Override
  public void tidy() {
    streams.forEach(ContainerShelf::tidy);
  }

  private void write(int stream, SpillBatch batch) {
    ContainerShelf containers = streams.get(stream);
    List<Integer> written = new ArrayList<>();
    boolean full = false;
    try {
      for (int index : batch.left()) {
        ContainerShelf.Written put = containers.write(batch.body(index), Origin.NONE);
        Copy copy = put.copy();
        long file = fileOf(stream, containers.number(copy.file()));
        long where = file << PAGE_BITS | copy.offset() / PageRuns.PAGE_BYTES;
        batch.put(index, Place.of(where, PageRuns.pagesOf(put.footprint())));
        written.add(index);
      }
    } catch (StoreFull e) {
      full = true;
      batch.failed(e);
    } catch (IOException | RuntimeException e) {
      takeBack(batch, written, e);
      return;
    }
    try {
      containers.sync();
    } catch (IOException | RuntimeException e) {
      takeBack(batch, written, e);
      return;
    }
    if (full) {
      finish(containers);
    }
  }

  /** So that its room can be given back; what lies in it was synced. */
  private void finish(ContainerShelf containers) {
    try {
      containers.finish();
    } catch (IOException e) {
      log.warn("container not finished: store={}", store, e);
    }
  }

  /** File systems from elsewhere throw all kinds of things for a failed operation. */
  private void takeBack(SpillBatch batch, List<Integer> written, Exception why) {
    batch.failed(
        why instanceof IOException io ? io : new IOException("store misbehaves: " + why, why));
    for (int index : written) {
      free(batch.place(index));
      batch.takeBack(index);
    }
  }

  @Override
  public void read(List<SpillRead> reads) {
    List<Group> groups = groups(reads);
    if (groups.size() == 1) {
      // Nothing to do meanwhile.
      read(groups.getFirst());
      return;
    }
    List<Future<?>> running = new ArrayList<>();
    for (Group group : groups) {
      try {
        running.add(lanes.read(() -> read(group)));
      } catch (IOException e) {
        group.reads.forEach(read -> read.failed(e));
      }
    }
    for (Future<?> each : running) {
      try {
        Lanes.await(each);
      } catch (IOException e) {
        throw new IllegalStateException("a read tells its failures itself", e);
      }
    }
  }

  private List<Group> groups(List<SpillRead> reads) {
    List<Group> groups = new ArrayList<>();
    for (SpillRead read :
        reads.stream().sorted(Comparator.comparingLong(SpillRead::place)).toList()) {
      Copy copy = describe(read.place(), read.wanted());
      Group last = groups.isEmpty() ? null : groups.getLast();
      long bytes = Place.pages(read.place()) * PageRuns.PAGE_BYTES;
      if (last != null
          && last.file.equals(copy.file())
          && last.end() == copy.offset()
          && last.bytes() + bytes <= Lanes.BUFFER_BYTES) {
        last.reads.add(read);
      } else {
        groups.add(
            new Group(
                containers(read.place()),
                copy.file(),
                copy.offset(),
                new ArrayList<>(List.of(read))));
      }
    }
    return groups;
  }

  private void read(Group group) {
    if (coding.isPlain() && group.isOfLarge() && scatter(group)) {
      return;
    }
    if (group.bytes() > Lanes.BUFFER_BYTES) {
      readAlone(group.reads.getFirst());
      return;
    }
    MemorySegment buffer = lanes.take();
    try {
      MemorySegment bytes = buffer.asSlice(0, group.bytes());
      group.containers.read(group.file, file -> file.read(group.offset, bytes));
      long at = 0;
      for (SpillRead read : group.reads) {
        take(bytes.asSlice(at), read);
        at += Place.pages(read.place()) * PageRuns.PAGE_BYTES;
      }
    } catch (IOException e) {
      failed(group, e);
    } finally {
      lanes.giveBack(buffer);
    }
  }

  /** All of it straight to where it belongs; false if it has to be read in another way. */
  private boolean scatter(Group group) {
    MemorySegment headers = MemorySegment.ofArray(new byte[group.reads.size() * StoreHeader.BYTES]);
    List<MemorySegment> into = new ArrayList<>();
    for (int i = 0; i < group.reads.size(); i++) {
      into.add(headers.asSlice((long) i * StoreHeader.BYTES, StoreHeader.BYTES));
      into.add(group.reads.get(i).wanted().run());
    }
    AtomicBoolean done = new AtomicBoolean();
    try {
      group.containers.read(group.file, file -> done.set(file.scatter(group.offset, into)));
    } catch (IOException e) {
      failed(group, e);
      return true;
    }
    if (!done.get()) {
      return false;
    }
    for (int i = 0; i < group.reads.size(); i++) {
      SpillRead read = group.reads.get(i);
      try {
        StoreHeader.check(into.get(2 * i), read.wanted().header(owner));
        read.wanted().verify();
      } catch (IOException e) {
        readAlone(read);
      }
    }
    return true;
  }

  /** What a whole group was refused, each of it may be given. */
  private void failed(Group group, IOException why) {
    if (group.reads.size() == 1) {
      failed(group.reads.getFirst(), why);
      return;
    }
    group.reads.forEach(this::readAlone);
  }

  private void take(MemorySegment bytes, SpillRead read) {
    try {
      Body wanted = read.wanted();
      StoreHeader found = StoreHeader.check(bytes, wanted.header(owner));
      coding.unpack(
          found,
          (from, into) -> MemorySegment.copy(bytes, from, into, 0, into.byteSize()),
          StoreHeader.BYTES,
          wanted);
    } catch (CorruptCopy e) {
      readAlone(read);
    } catch (IOException e) {
      failed(read, e);
    }
  }

  /** A file of which a copy does not verify, or which has gone, is not appended to. */
  private void failed(SpillRead read, IOException why) {
    if (why instanceof CorruptCopy) {
      containers(read.place()).doubt(file(read.place()));
    }
    read.failed(why);
  }

  /** One, straight to where it belongs; what does not verify is read as the medium checks it. */
  private void readAlone(SpillRead read) {
    Body wanted = read.wanted();
    long offset = page(read.place()) * PageRuns.PAGE_BYTES;
    MemorySegment header = MemorySegment.ofArray(new byte[StoreHeader.BYTES]);
    try {
      containers(read.place())
          .read(
              file(read.place()),
              file -> {
                file.read(offset, header);
                StoreHeader found = StoreHeader.check(header, wanted.header(owner));
                coding.unpack(found, file::read, offset + StoreHeader.BYTES, wanted);
              });
    } catch (IOException e) {
      failed(read, e);
    }
  }

  @Override
  public void free(long place) {
    long footprint = Place.pages(place) * PageRuns.PAGE_BYTES;
    containers(place).free(file(place), page(place) * PageRuns.PAGE_BYTES, footprint);
  }

  @Override
  public OptionalLong toEmpty(boolean sparse) {
    int first = turns.getAndIncrement();
    for (int i = 0; i < streams.size(); i++) {
      int stream = Math.floorMod(first + i, streams.size());
      OptionalLong number = streams.get(stream).toEmpty(sparse);
      if (number.isPresent()) {
        return OptionalLong.of(fileOf(stream, number.getAsLong()));
      }
    }
    return OptionalLong.empty();
  }

  @Override
  public boolean isIn(long place, long file) {
    return Place.where(place) >> PAGE_BITS == file;
  }

  @Override
  public Copy describe(long place, Body body) {
    return body.copy(store, file(place), page(place) * PageRuns.PAGE_BYTES, owner);
  }

  private String file(long place) {
    return containers(place).name((Place.where(place) >> PAGE_BITS) / streams.size());
  }

  private ContainerShelf containers(long place) {
    return streams.get((int) ((Place.where(place) >> PAGE_BITS) % streams.size()));
  }

  /** One number for a container of any stream. */
  private long fileOf(int stream, long number) {
    return number * streams.size() + stream;
  }

  private static long page(long place) {
    return Place.where(place) & PAGE;
  }

  @Override
  public void verify(long place, Body wanted) throws IOException {
    containers(place)
        .read(
            file(place),
            file -> coding.verify(owner, file::read, page(place) * PageRuns.PAGE_BYTES, wanted));
  }

  @Override
  public long freeBytes() {
    return 0;
  }

  @Override
  public boolean mayGrow() {
    return true;
  }

  @Override
  public boolean freesAtOnce() {
    return false;
  }

  /** Nothing is ever written to it again. */
  @Override
  public void quarantine(long place) {
    free(place);
  }

  @Override
  public long badBytes() {
    return 0;
  }

  @Override
  public String ailing() {
    return "";
  }

  @Override
  public void close() {
    lanes.close();
    streams.forEach(ContainerShelf::close);
  }
}
