package io.quire.flight;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.arrow.flight.CallStatus;
import org.apache.arrow.flight.FlightProducer.ServerStreamListener;
import org.apache.arrow.flight.FlightRuntimeException;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends the row groups of a share to one client, each as a batch, as they lie in memory: what gRPC
 * has queued are the pinned extents themselves. So it is given the next batch only when it has less
 * than its threshold left to send; that is one batch in flight, and a rest of the one before. With
 * each goes a ticket for what follows it, so that a client can go on there, at any node.
 *
 * <p>A client that takes nothing for too long, while rows are sent or at the end, is cut off: its
 * stream is reset, and with it go the pins. One that goes away ends the stream as well. Whatever
 * else is in the way is told to the client; it never sees an end without having all rows.
 *
 * <p>Runs on a thread of its own, since gRPC tells on the one of the call when there is room.
 */
final class RowStream implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(RowStream.class);

  private final TableTicket ticket;
  private final String what;
  private final long rowsWanted;
  private final Supplier<ArrowReader> rows;
  private final BufferAllocator memory;
  private final Calls.Call call;
  private final ServerStreamListener client;
  private final Duration patience;
  private final Counters counters;

  /** There may be room, the client may be gone, the node may stop: look. */
  private final Semaphore news = new Semaphore(0);

  private volatile boolean stopping;

  RowStream(
      TableTicket ticket,
      long rowsWanted,
      Supplier<ArrowReader> rows,
      BufferAllocator memory,
      Calls.Call call,
      ServerStreamListener client,
      Duration patience,
      Counters counters) {
    this.ticket = ticket;
    what = "table=%s owner=%s".formatted(ticket.name(), ticket.part().owner());
    this.rowsWanted = rowsWanted;
    this.rows = rows;
    this.memory = memory;
    this.call = call;
    this.client = client;
    this.patience = patience;
    this.counters = counters;
    client.setOnReadyHandler(news::release);
    client.setOnCancelHandler(news::release);
    call.whenOver(news::release);
  }

  @Override
  public void run() {
    try {
      if (sent()) {
        client.completed();
        finish();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      call.reset("interrupted");
    } catch (Throwable e) {
      fail(e);
    }
  }

  /** Ends it with an error, soon. */
  void stop() {
    stopping = true;
    news.release();
  }

  /** Whether the client was given all; if not, it has been cut off or is gone. */
  private boolean sent() throws IOException, InterruptedException {
    long rowsSent = 0;
    int groupsSent = 0;
    try (ArrowReader reader = rows.get()) {
      VectorSchemaRoot batch = reader.getVectorSchemaRoot();
      client.setUseZeroCopy(true);
      client.start(batch);
      while (room()) {
        if (!reader.loadNextBatch()) {
          checkAll(rowsSent);
          return true;
        }
        rowsSent += batch.getRowCount();
        count(batch);
        client.putNext(bytes(ticket.after(++groupsSent)));
      }
      return false;
    }
  }

  /** They go with the message that is given them. */
  private ArrowBuf bytes(TableTicket rest) {
    byte[] bytes = rest.toBytes();
    ArrowBuf buffer = memory.buffer(bytes.length);
    buffer.writeBytes(bytes);
    return buffer;
  }

  /** The descriptor says how many there are. */
  private void checkAll(long rowsSent) {
    if (rowsSent != rowsWanted) {
      throw new IllegalStateException(
          "rows are missing: %s sent=%d wanted=%d".formatted(what, rowsSent, rowsWanted));
    }
  }

  private void count(VectorSchemaRoot batch) {
    counters.batches.increment();
    counters.rows.add(batch.getRowCount());
    counters.bytes.add(
        batch.getFieldVectors().stream().mapToLong(vector -> vector.getBufferSize()).sum());
  }

  /** Waits until there is room for a batch; false if there is nobody to give it to. */
  private boolean room() throws InterruptedException {
    long giveUp = System.nanoTime() + patience.toNanos();
    while (true) {
      news.drainPermits();
      if (call.isOver() || client.isCancelled()) {
        counters.cancelled.increment();
        return false;
      }
      if (stopping) {
        throw CallStatus.UNAVAILABLE
            .withDescription("the node stops: " + what)
            .toRuntimeException();
      }
      if (client.isReady()) {
        return true;
      }
      if (!news.tryAcquire(giveUp - System.nanoTime(), TimeUnit.NANOSECONDS)) {
        cutOff();
        return false;
      }
    }
  }

  /** The client has still to take what is queued. */
  private void finish() throws InterruptedException {
    if (!call.awaitOver(patience)) {
      cutOff();
    }
  }

  private void cutOff() {
    counters.cutOff.increment();
    LOG.warn("client took nothing: {} seconds={}", what, patience.toMillis() / 1e3);
    call.reset("took nothing: %s seconds=%s".formatted(what, patience.toMillis() / 1e3));
  }

  private void fail(Throwable e) {
    FlightRuntimeException told = Failure.of(e);
    counters.failed.increment();
    if (!Failure.isUsual(told)) {
      LOG.warn("stream failed: {}", what, e);
    }
    try {
      client.error(told);
      finish();
    } catch (InterruptedException again) {
      Thread.currentThread().interrupt();
      call.reset("interrupted");
    } catch (RuntimeException again) {
      LOG.warn("cannot tell the client: {}", what, again);
      call.reset("failed");
    }
  }
}
