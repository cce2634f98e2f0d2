package io.quire.flight;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.arrow.flight.FlightStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * The batches that a client sends, as Arrow's own reader. The stream is not closed with it.
 * Confined to one thread, which is interrupted if the client sends nothing for too long: Flight
 * offers no other way to stop waiting.
 */
final class UploadReader extends ArrowReader {
  private final FlightStream stream;
  private final Duration idle;

  /**
   * Reads a stream.
   *
   * @param idle for how long it may give nothing while it is asked for more
   */
  UploadReader(FlightStream stream, BufferAllocator memory, Duration idle) {
    super(memory);
    this.stream = stream;
    this.idle = idle;
  }

  @Override
  public VectorSchemaRoot getVectorSchemaRoot() {
    return stream.getRoot();
  }

  /**
   * Waits. An end is only what the client says is one.
   *
   * @throws Failure.Idle if nothing comes for too long
   */
  @Override
  public boolean loadNextBatch() {
    while (next()) {
      if (stream.getRoot().getRowCount() > 0) {
        return true;
      }
    }
    return false;
  }

  private boolean next() {
    Wait wait = new Wait(Thread.currentThread());
    CompletableFuture<Void> alarm =
        new CompletableFuture<Void>().orTimeout(idle.toNanos(), TimeUnit.NANOSECONDS);
    alarm.whenComplete(
        (_, late) -> {
          if (late != null) {
            wait.giveUp();
          }
        });
    RuntimeException failed = null;
    boolean more = false;
    try {
      more = stream.next();
    } catch (RuntimeException e) {
      failed = e;
    }
    alarm.complete(null);
    if (wait.end()) {
      throw new Failure.Idle("upload sent nothing: seconds=" + idle.toMillis() / 1e3);
    }
    if (failed != null) {
      throw failed;
    }
    return more;
  }

  /** A wait that either ends by itself or is given up. */
  private static final class Wait {
    private final Thread thread;

    @GuardedBy("this")
    private boolean over;

    @GuardedBy("this")
    private boolean givenUp;

    Wait(Thread thread) {
      this.thread = thread;
    }

    synchronized void giveUp() {
      if (!over) {
        givenUp = true;
        thread.interrupt();
      }
    }

    /** Whether it was given up; the interrupt is taken back. */
    synchronized boolean end() {
      over = true;
      if (givenUp) {
        Thread.interrupted();
      }
      return givenUp;
    }
  }

  /** Always 0: nothing is read from a channel. */
  @Override
  public long bytesRead() {
    return 0;
  }

  @Override
  protected void closeReadSource() {}

  @Override
  protected Schema readSchema() {
    return stream.getSchema();
  }
}
