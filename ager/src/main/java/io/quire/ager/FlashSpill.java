package io.quire.ager;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Spilled copies on flash, striped over files in several directories. A batch is dealt out among
 * the files that work, in stretches that are written at once; what one file does not take the
 * others are offered. The place of a copy is the number of its file and its first page there.
 */
final class FlashSpill implements SpillShelf {
  private static final int FILE_SHIFT = 38;
  private static final long PAGE = (1L << FILE_SHIFT) - 1;

  private final String store;
  private final List<SlotFile> files;
  private final List<String> missing;

  private final AtomicInteger turns = new AtomicInteger();

  /**
   * Takes ownership of the files.
   *
   * @param missing directories that should be there and are not, and why
   */
  FlashSpill(String store, List<SlotFile> files, List<String> missing) {
    this.store = store;
    this.missing = List.copyOf(missing);
    this.files = List.copyOf(files);
  }

  /** While one waits for the disk, the other makes the next batch ready. */
  @Override
  public int writers() {
    return 2;
  }

  @Override
  public void write(SpillBatch batch) {
    List<Integer> usable = usable(batch);
    // Each round either writes all or finds a file that fails or is full, so it ends.
    while (!usable.isEmpty() && !batch.done()) {
      Map<Integer, SlotFile.Writing> writing = new TreeMap<>();
      deal(batch, usable)
          .forEach((number, some) -> writing.put(number, files.get(number).begin(batch, some)));
      List<Integer> failed = new ArrayList<>();
      writing.forEach(
          (number, each) -> {
            if (!end(each, number, batch)) {
              failed.add(number);
            }
          });
      usable.removeAll(failed);
    }
  }

  /** Numbers of the files that can be tried now, the one whose turn it is first. */
  private List<Integer> usable(SpillBatch batch) {
    List<Integer> usable = new ArrayList<>();
    int turn = turns.incrementAndGet();
    for (int i = 0; i < files.size(); i++) {
      int number = Math.floorMod(turn + i, files.size());
      SlotFile file = files.get(number);
      file.health()
          .refusal()
          .ifPresentOrElse(
              reason -> batch.failed(new IOException(file.directory().root() + ": " + reason)),
              () -> usable.add(number));
    }
    return usable;
  }

  /** What is left of the batch, in stretches for each file, none shorter than a large write. */
  private static Map<Integer, List<Integer>> deal(SpillBatch batch, List<Integer> usable) {
    List<Integer> left = batch.left();
    long bytes = left.stream().mapToLong(index -> batch.body(index).footprint()).sum();
    long share = Math.max(Lanes.BUFFER_BYTES, bytes / usable.size());
    Map<Integer, List<Integer>> dealt = new TreeMap<>();
    int turn = 0;
    long given = 0;
    for (int index : left) {
      dealt.computeIfAbsent(usable.get(turn), _ -> new ArrayList<>()).add(index);
      given += batch.body(index).footprint();
      if (given >= share && turn < usable.size() - 1) {
        turn++;
        given = 0;
      }
    }
    return dealt;
  }

  private boolean end(SlotFile.Writing writing, int number, SpillBatch batch) {
    SlotFile file = files.get(number);
    long base = (long) number << FILE_SHIFT;
    try {
      writing.end((index, page, pages) -> batch.put(index, Place.of(base | page, pages)));
      file.health().works();
      return true;
    } catch (StoreFull full) {
      batch.failed(full);
      return false;
    } catch (IOException e) {
      file.health().failed(e);
      batch.failed(e);
      return false;
    }
  }

  @Override
  public void read(List<SpillRead> reads) {
    reads.stream()
        .sorted(Comparator.comparingLong(SpillRead::place))
        .collect(
            Collectors.groupingBy(read -> number(read.place()), TreeMap::new, Collectors.toList()))
        .forEach((number, there) -> files.get(number).read(there, read -> page(read.place())));
  }

  @Override
  public void free(long place) {
    files.get(number(place)).free(page(place), Place.pages(place));
  }

  @Override
  public void quarantine(long place) {
    files.get(number(place)).quarantine(page(place), Place.pages(place));
  }

  @Override
  public long badBytes() {
    return files.stream().mapToLong(SlotFile::badBytes).sum();
  }

  @Override
  public void tidy() {
    files.forEach(SlotFile::tidy);
  }

  @Override
  public void verify(long place, Body wanted) throws IOException {
    files.get(number(place)).verify(page(place), wanted);
  }

  @Override
  public Copy describe(long place, Body body) {
    SlotFile file = files.get(number(place));
    return body.copy(store, file.name(), page(place) * PageRuns.PAGE_BYTES, file.owner());
  }

  @Override
  public long freeBytes() {
    return files.stream()
        .filter(file -> file.health().refusal().isEmpty())
        .mapToLong(SlotFile::freeBytes)
        .sum();
  }

  @Override
  public boolean mayGrow() {
    return files.stream().anyMatch(file -> file.health().refusal().isEmpty() && file.mayGrow());
  }

  @Override
  public boolean freesAtOnce() {
    return true;
  }

  @Override
  public OptionalLong toEmpty(boolean sparse) {
    return OptionalLong.empty();
  }

  @Override
  public boolean isIn(long place, long file) {
    return number(place) == file;
  }

  @Override
  public String ailing() {
    Stream<String> failing =
        files.stream()
            .flatMap(
                file ->
                    file
                        .health()
                        .failing()
                        .map(why -> file.directory().root() + ": " + why)
                        .stream());
    return Stream.concat(missing.stream(), failing).collect(Collectors.joining("; "));
  }

  private static int number(long place) {
    return (int) (Place.where(place) >> FILE_SHIFT);
  }

  private static long page(long place) {
    return Place.where(place) & PAGE;
  }

  @Override
  public void close() {
    files.forEach(SlotFile::close);
  }
}
