package io.quire.log;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A segment of the log by its name: {@code log_FIRST-LAST}, or {@code log_inprogress_FIRST} while
 * Ratis still writes it.
 *
 * @param first index of the first Raft entry
 * @param last index of the last one; of an open segment {@link Long#MAX_VALUE}
 */
record SegmentPath(Path path, long first, long last) {
  private static final Pattern NAME = Pattern.compile("log_(?:inprogress_(\\d+)|(\\d+)-(\\d+))");

  /** The segment that the file's name says it is, or null if it is none. */
  static @Nullable SegmentPath of(Path path) {
    Matcher name = NAME.matcher(path.getFileName().toString());
    if (!name.matches()) {
      return null;
    }
    return name.group(1) != null
        ? new SegmentPath(path, Long.parseLong(name.group(1)), Long.MAX_VALUE)
        : new SegmentPath(path, Long.parseLong(name.group(2)), Long.parseLong(name.group(3)));
  }

  /** The segments of a directory, in the order of the log; none if there is no such directory. */
  static List<SegmentPath> in(Path directory) throws IOException {
    List<SegmentPath> segments = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "log_*")) {
      for (Path file : files) {
        SegmentPath segment = of(file);
        if (segment != null) {
          segments.add(segment);
        }
      }
    } catch (NoSuchFileException | NotDirectoryException e) {
      return List.of();
    }
    segments.sort(
        (one, other) ->
            one.first != other.first
                ? Long.compare(one.first, other.first)
                : Long.compare(one.last, other.last));
    return segments;
  }

  boolean open() {
    return last == Long.MAX_VALUE;
  }

  boolean has(long index) {
    return first <= index && index <= last;
  }
}
