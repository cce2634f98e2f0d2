package io.quire.jet;

import com.hazelcast.jet.JetException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.arrow.flight.FlightStream;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.jspecify.annotations.Nullable;

/**
 * Reads a share, batch after batch, for somebody who must not wait: he asks whether there is one.
 *
 * <p>Whatever waits does so on threads of its own, one at a time. A node sends no more than half a
 * dozen batches ahead of the one that is in use; if that is in use for long, the node ends the
 * stream. That, the end of the node, and whatever else may pass, is met alike: the next attempt, at
 * the next node, begins behind the batch that came last, with the ticket that came with it. So each
 * row comes once. An end is only what the node says is one.
 *
 * <p>Confined to one thread at a time.
 */
final class ShareReader implements AutoCloseable {
  private static final Duration PAUSE_MAX = Duration.ofSeconds(2);
  private static final Duration CLOSING = Duration.ofSeconds(10);

  private static final Executor THREADS =
      task -> Thread.ofVirtual().name("quire-jet-reader").start(task);

  private final QuireTables tables;
  private final String table;
  private final List<URI> nodes;
  private final BufferAllocator memory;
  private final List<CompletableFuture<Void>> closing = new ArrayList<>();

  /** For what follows the batch that came last. */
  private byte[] ticket;

  private @Nullable Attempt attempt;
  private int attempts;
  private int failuresInARow;
  private long progressNanos = System.nanoTime();
  private long askedNanos = progressNanos;
  private long notBeforeNanos = progressNanos;

  /** What there is now. */
  enum Got {
    NOTHING_YET,
    BATCH,
    END
  }

  ShareReader(QuireTables tables, String table, Share share, BufferAllocator memory) {
    this.tables = tables;
    this.table = table;
    this.memory = memory;
    ticket = share.ticket();
    nodes = new ArrayList<>(share.nodes());
    tables.nodes().stream().filter(node -> !nodes.contains(node)).forEach(nodes::add);
  }

  /**
   * Whether the next batch is here. Once it is, {@link #release} lets go of it.
   *
   * @throws JetException if it cannot be had
   */
  Got poll() {
    Attempt now = attempt;
    if (now == null) {
      if (System.nanoTime() - notBeforeNanos >= 0) {
        attempt = new Attempt(nodes.get(attempts++ % nodes.size()), ticket);
        askedNanos = System.nanoTime();
      }
      return Got.NOTHING_YET;
    }
    return switch (now.next.state()) {
      case RUNNING -> waiting(now);
      case SUCCESS -> now.next.resultNow() ? batch(now) : end(now);
      case FAILED -> again(now, now.next.exceptionNow());
      case CANCELLED -> throw new IllegalStateException("nobody cancels it");
    };
  }

  private Got waiting(Attempt now) {
    Duration silence = tables.patience().dividedBy(2);
    if (System.nanoTime() - askedNanos > silence.toNanos()) {
      return again(now, new SilentException("gave nothing: seconds=" + silence.toMillis() / 1e3));
    }
    return Got.NOTHING_YET;
  }

  private Got batch(Attempt now) {
    if (!now.taken) {
      now.taken = true;
      ticket = now.following();
      failuresInARow = 0;
    }
    return Got.BATCH;
  }

  private Got end(Attempt now) {
    attempt = null;
    closing.add(now.closed());
    return Got.END;
  }

  /** Gives up an attempt; there will be another one, unless there is no hope. */
  private Got again(Attempt now, Throwable why) {
    attempt = null;
    closing.removeIf(CompletableFuture::isDone);
    closing.add(now.closed());
    failuresInARow++;
    long left = tables.patience().toNanos() - (System.nanoTime() - progressNanos);
    if (left < 0 || !(why instanceof SilentException || Failure.mayPass(why))) {
      throw new JetException(
          "table cannot be read: table=%s node=%s attempts=%d reason=[%s]"
              .formatted(table, now.node, failuresInARow, Failure.reason(why)));
    }
    // At once for the first time: often it was only cut off.
    long pause = failuresInARow == 1 ? 0 : 100L << Math.min(failuresInARow, 10);
    notBeforeNanos =
        System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(Math.min(pause, PAUSE_MAX.toMillis()));
    return Got.NOTHING_YET;
  }

  /** The batch that is here; it is the reader's still. */
  VectorSchemaRoot batch() {
    Attempt now = attempt;
    if (now == null) {
      throw new IllegalStateException("no batch");
    }
    return now.batch();
  }

  /** Lets go of the batch, and asks for the next one. */
  void release() {
    Attempt now = attempt;
    if (now != null) {
      progressNanos = System.nanoTime();
      askedNanos = progressNanos;
      now.ask();
    }
  }

  /** Ends it, wherever it is; waits some seconds at most until its memory is given back. */
  @Override
  public void close() {
    Attempt now = attempt;
    attempt = null;
    if (now != null) {
      closing.add(now.closed());
    }
    try {
      CompletableFuture.allOf(closing.toArray(CompletableFuture<?>[]::new))
          .get(CLOSING.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      throw new JetException("reader does not close: table=" + table + " reason=" + e);
    }
  }

  /** A node that is there and gives nothing. */
  private static final class SilentException extends RuntimeException {
    private static final long serialVersionUID = 1;

    SilentException(String message) {
      super(message);
    }
  }

  /** One stream of one node. */
  private final class Attempt {
    final URI node;

    /** Whether there is another batch; one is asked for at all times, or here. */
    CompletableFuture<Boolean> next;

    /** Whether the ticket of the batch that is here was taken. */
    boolean taken;

    private @Nullable Connection connection;
    private @Nullable FlightStream stream;
    private boolean ended;

    Attempt(URI node, byte[] from) {
      this.node = node;
      next = CompletableFuture.supplyAsync(() -> open(from).next(), THREADS);
    }

    private synchronized FlightStream open(byte[] from) {
      if (ended) {
        throw new IllegalStateException("ended");
      }
      connection = new Connection(tables, node, memory);
      stream = connection.rows(from);
      return stream;
    }

    private synchronized FlightStream stream() {
      if (stream == null) {
        throw new IllegalStateException("not open: node=" + node);
      }
      return stream;
    }

    VectorSchemaRoot batch() {
      return stream().getRoot();
    }

    void ask() {
      taken = false;
      FlightStream of = stream();
      next = CompletableFuture.supplyAsync(of::next, THREADS);
    }

    byte[] following() {
      ArrowBuf metadata = stream().getLatestMetadata();
      if (metadata == null) {
        throw new JetException("batch has no ticket for what follows it: node=" + node);
      }
      byte[] bytes = new byte[Math.toIntExact(metadata.readableBytes())];
      metadata.getBytes(metadata.readerIndex(), bytes);
      return bytes;
    }

    /** Ends it, on a thread of its own, whatever it waits for. Completes, and never fails. */
    CompletableFuture<Void> closed() {
      CompletableFuture<Void> asked = CompletableFuture.runAsync(this::end, THREADS);
      return CompletableFuture.allOf(asked, next)
          .handle((_, _) -> true)
          .thenRunAsync(this::close, THREADS)
          .exceptionally(_ -> null);
    }

    private synchronized void end() {
      ended = true;
      if (stream != null) {
        stream.cancel("not wanted any more", null);
      }
    }

    private synchronized void close() {
      try (Connection of = connection) {
        if (stream != null) {
          stream.close();
        }
      } catch (Exception e) {
        throw new IllegalStateException("cannot close: node=" + node, e);
      }
    }
  }
}
