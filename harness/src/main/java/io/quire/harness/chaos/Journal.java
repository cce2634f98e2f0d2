package io.quire.harness.chaos;

import io.quire.sim.Action;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Where the clients of one process write down what they ask and learn. A line is in the file before
 * a method returns, and so outlives {@code kill -9}: a call that has no end was cut short. Any
 * thread.
 */
final class Journal implements AutoCloseable {
  private final FileChannel file;
  private final AtomicLong calls = new AtomicLong();
  private final AtomicInteger publishing = new AtomicInteger();

  private Journal(FileChannel file) {
    this.file = file;
  }

  /** A new file, which must not exist. */
  static Journal create(Path path) throws IOException {
    return new Journal(
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
  }

  /** A call under way. */
  final class Call {
    private final long number;
    private final boolean publishes;

    private Call(long number, boolean publishes) {
      this.number = number;
      this.publishes = publishes;
    }

    void end(List<Result> results) {
      long now = System.nanoTime();
      if (publishes) {
        publishing.decrementAndGet();
      }
      write(new Entry.End(now, number, results));
    }

    void end(Result result) {
      end(List.of(result));
    }
  }

  Call begin(String client, String verb, List<Part> parts) {
    boolean publishes = parts.stream().anyMatch(part -> part.action() instanceof Action.Write);
    long number = calls.getAndIncrement();
    write(new Entry.Begin(System.nanoTime(), number, client, verb, parts));
    if (publishes) {
      publishing.incrementAndGet();
    }
    return new Call(number, publishes);
  }

  /** A client was sure that it held a lock, all the time between two moments. */
  void held(long from, long until, String client, String lock, boolean exclusive, long generation) {
    write(new Entry.Held(from, until, client, lock, exclusive, generation));
  }

  /** A watch told that something became of a key. */
  void told(String watch, long position, String key) {
    write(new Entry.Told(System.nanoTime(), watch, position, key));
  }

  /** A watch told all that became of keys with a prefix between two positions. */
  void watched(String watch, String prefix, long after, long to) {
    write(new Entry.Watched(System.nanoTime(), watch, prefix, after, to));
  }

  void broken(String what) {
    write(new Entry.Broken(System.nanoTime(), what));
  }

  /** How many changes are under way now. */
  int publishing() {
    return publishing.get();
  }

  private synchronized void write(Entry entry) {
    ByteBuffer line = ByteBuffer.wrap((entry.line() + "\n").getBytes(StandardCharsets.UTF_8));
    try {
      while (line.hasRemaining()) {
        file.write(line);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the journal", e);
    }
  }

  @Override
  public synchronized void close() throws IOException {
    file.close();
  }
}
