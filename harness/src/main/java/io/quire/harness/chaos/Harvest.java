package io.quire.harness.chaos;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * The journals of all processes: counted while the run goes on, read as a whole at its end. A last
 * line that was cut short by the death of its writer does not count. Confined to one thread.
 */
final class Harvest {
  private static final String JOURNAL = "journal-*";

  private final List<Path> directories;
  private final Map<Path, Long> read = new HashMap<>();
  private long begun;
  private long ended;
  private long unsure;

  /** Of the journals in these directories, those that are there and those that come to be. */
  Harvest(List<Path> directories) {
    this.directories = List.copyOf(directories);
  }

  /** Counts what was written since the last time. */
  void count() throws IOException {
    for (Path file : files()) {
      long from = read.getOrDefault(file, 0L);
      try (FileChannel channel = FileChannel.open(file)) {
        ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(channel.size() - from, 16 << 20));
        channel.read(bytes, from);
        String text = new String(bytes.array(), 0, bytes.position(), StandardCharsets.ISO_8859_1);
        int whole = text.lastIndexOf('\n') + 1;
        text.substring(0, whole).lines().forEach(this::count);
        read.put(file, from + whole);
      }
    }
  }

  private void count(String line) {
    if (line.startsWith("B")) {
      begun++;
    } else if (line.startsWith("E")) {
      ended++;
      unsure += line.endsWith("\tunknown") ? 1 : 0;
    }
  }

  /** Calls that returned. */
  long operations() {
    return ended;
  }

  /** Calls of which nobody knows whether they happened: those under way now are among them. */
  long unknown() {
    return unsure + begun - ended;
  }

  private TreeSet<Path> files() throws IOException {
    TreeSet<Path> files = new TreeSet<>();
    for (Path directory : directories) {
      try (DirectoryStream<Path> found = Files.newDirectoryStream(directory, JOURNAL)) {
        found.forEach(files::add);
      }
    }
    return files;
  }

  /**
   * A line, and whose it is.
   *
   * @param source number of the journal
   */
  record Line(int source, Entry entry) {}

  /** All lines in the order of time; at equal times begins come before ends. */
  List<Line> all() throws IOException {
    List<Line> lines = new ArrayList<>();
    int source = 0;
    for (Path file : files()) {
      String text = Files.readString(file);
      int from = source++;
      text.substring(0, text.lastIndexOf('\n') + 1)
          .lines()
          .forEach(line -> lines.add(new Line(from, Entry.parse(line))));
    }
    lines.sort(
        Comparator.<Line>comparingLong(line -> line.entry.nanos())
            .thenComparing(line -> line.entry instanceof Entry.End));
    return lines;
  }
}
