package io.quire.harness.chaos;

import io.quire.ager.Copy;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which durable copies there are, over all processes of a run. A line is in the file before a
 * method returns, and so outlives {@code kill -9}. A copy that was acknowledged and not given up
 * must be readable for ever. Any thread.
 */
final class AgerJournal implements AutoCloseable {
  private static final String KEPT = "kept";
  private static final String GIVEN_UP = "given-up";

  private final FileChannel file;

  private AgerJournal(FileChannel file) {
    this.file = file;
  }

  /** Goes on behind what earlier processes wrote. */
  static AgerJournal append(Path path) throws IOException {
    AgerJournal journal =
        new AgerJournal(
            FileChannel.open(
                path,
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                StandardOpenOption.APPEND));
    // A line that a kill cut short ends here, and is no line.
    journal.write("");
    return journal;
  }

  /** The store said that the copy is durable. */
  void kept(long key, Copy copy) {
    WireWriter out = new WireWriter();
    copy.write(out);
    write(KEPT + " " + key + " " + HexFormat.of().formatHex(out.toBytes()) + " .");
  }

  /** To be called before the copy is given up. */
  void givenUp(long key) {
    write(GIVEN_UP + " " + key + " .");
  }

  private void write(String line) {
    ByteBuffer bytes = StandardCharsets.US_ASCII.encode(line + "\n");
    try {
      synchronized (file) {
        while (bytes.hasRemaining()) {
          file.write(bytes);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the journal", e);
    }
  }

  /** What must be readable, by key. */
  static Map<Long, Copy> load(Path path) throws IOException {
    Map<Long, Copy> copies = new TreeMap<>();
    if (!Files.exists(path)) {
      return copies;
    }
    for (String line : Files.readAllLines(path, StandardCharsets.US_ASCII)) {
      String[] words = line.split(" ");
      if (!words[words.length - 1].equals(".")) {
        continue;
      }
      long key = Long.parseLong(words[1]);
      if (words[0].equals(KEPT)) {
        copies.put(key, Copy.read(new WireReader(HexFormat.of().parseHex(words[2]))));
      } else {
        copies.remove(key);
      }
    }
    return copies;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
