package io.quire.harness;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The log file of a child as its parent reads it: from the first byte of this run of the child. */
final class ChildLog {
  private static final int TAIL_BYTES = 64 << 10;

  private final Path file;
  private final long start;

  ChildLog(Path file) {
    this.file = file;
    try {
      start = Files.exists(file) ? Files.size(file) : 0;
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  /** The last lines of this run, at most that many and at most {@value #TAIL_BYTES} bytes. */
  List<String> tail(int lines) {
    try (SeekableByteChannel channel = Files.newByteChannel(file)) {
      channel.position(Math.max(start, channel.size() - TAIL_BYTES));
      ByteBuffer bytes = ByteBuffer.allocate(TAIL_BYTES);
      while (bytes.hasRemaining() && channel.read(bytes) > 0) {
        continue;
      }
      List<String> all = StandardCharsets.UTF_8.decode(bytes.flip()).toString().lines().toList();
      return all.subList(Math.max(0, all.size() - lines), all.size());
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  /** Looks for a line with the text, from the start of this run on, as the child writes. */
  final class Search {
    private final String text;
    private final ByteBuffer chunk = ByteBuffer.allocate(8 << 10);
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private long position = start;
    private @Nullable String found;

    Search(String text) {
      this.text = text;
    }

    /** Reads what is new; whether a complete line with the text has been found by now. */
    boolean advance() {
      try (SeekableByteChannel channel = Files.newByteChannel(file)) {
        channel.position(position);
        while (found == null && channel.read(chunk.clear()) > 0) {
          chunk.flip();
          take();
        }
        return found != null;
      } catch (IOException e) {
        throw unreadable(e);
      }
    }

    /** The line found. */
    String line() {
      return Objects.requireNonNull(found, "not found yet");
    }

    private void take() {
      while (found == null && chunk.hasRemaining()) {
        position++;
        String ended = endedBy(chunk.get());
        if (ended != null && ended.contains(text)) {
          found = ended;
        }
      }
    }

    private @Nullable String endedBy(byte next) {
      if (next != '\n') {
        line.write(next);
        return null;
      }
      String ended = line.toString(StandardCharsets.UTF_8);
      line.reset();
      return ended;
    }
  }

  private UncheckedIOException unreadable(IOException e) {
    return new UncheckedIOException("cannot read the log of a child: path=" + file, e);
  }
}
