package io.quire.jet;

import com.hazelcast.function.FunctionEx;
import com.hazelcast.jet.JetException;
import com.hazelcast.jet.RestartableException;
import com.hazelcast.jet.core.AbstractProcessor;
import com.hazelcast.jet.core.Inbox;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.arrow.flight.FlightClient.ClientStreamListener;
import org.apache.arrow.flight.FlightRuntimeException;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.jspecify.annotations.Nullable;

/**
 * Sends all rows to one node, and ends well when that says that the table is made. Never waits:
 * what the node does not take yet stays in the inbox.
 *
 * <p>The stream is ended only when there are no more rows. If the job ends otherwise it is given
 * up, and so does the node with what it has.
 *
 * <p>Who has ended it and hears nothing does not know whether the table was made. Then the job
 * begins anew: the upload has the same mark, so the node that gets it knows.
 */
final class SinkProcessor<T> extends AbstractProcessor {
  private final TableSink.Upload upload;
  private final FunctionEx<? super T, @Nullable Object[]> values;
  private final BufferAllocator memory;
  private final Answer answer = new Answer();
  private @Nullable Connection connection;
  private @Nullable Batch open;
  private @Nullable ClientStreamListener stream;
  private boolean ended;

  /** When the node was last seen to take something. */
  private long takenNanos;

  SinkProcessor(
      TableSink.Upload upload,
      FunctionEx<? super T, @Nullable Object[]> values,
      BufferAllocator memory) {
    this.upload = upload;
    this.values = values;
    this.memory = memory;
  }

  @Override
  protected void init(Context context) {
    connection = new Connection(upload.tables(), upload.node(), memory);
    open = new Batch(upload.schema(), memory);
  }

  private Batch batch() {
    if (open == null) {
      throw new IllegalStateException("not initialized");
    }
    return open;
  }

  @Override
  @SuppressWarnings("unchecked") // of the sink that the user made
  public void process(int ordinal, Inbox inbox) {
    Batch batch = batch();
    for (Object item = inbox.peek(); item != null; item = inbox.peek()) {
      if (madeBefore()) {
        inbox.clear();
        return;
      }
      if (batch.isFull() && !sent()) {
        return;
      }
      batch.add(values.apply((T) item));
      inbox.remove();
    }
  }

  /** Whether the node answered before it had all: then an earlier execution of the job had. */
  private boolean madeBefore() {
    CompletableFuture<Void> made = answer.made();
    if (made.isCompletedExceptionally()) {
      throw notMade(made.exceptionNow());
    }
    return made.isDone();
  }

  /** Whether the node took the batch. */
  private boolean sent() {
    ClientStreamListener to = stream();
    if (!to.isReady()) {
      checkPatience("took nothing");
      return false;
    }
    to.putNext();
    batch().clear();
    takenNanos = System.nanoTime();
    return true;
  }

  /** Begun when there is something to say: until then it would only take a place. */
  private ClientStreamListener stream() {
    ClientStreamListener to = stream;
    VectorSchemaRoot rows = batch().rows();
    if (to == null) {
      if (connection == null) {
        throw new IllegalStateException("not initialized");
      }
      to = connection.put(upload, rows, answer);
      stream = to;
      takenNanos = System.nanoTime();
    }
    return to;
  }

  @Override
  public boolean complete() {
    if (!ended) {
      if (madeBefore()) {
        return true;
      }
      if (!batch().isEmpty() && !sent()) {
        return false;
      }
      stream().completed();
      ended = true;
    }
    CompletableFuture<Void> made = answer.made();
    if (made.isCompletedExceptionally()) {
      throw perhapsMade(made.exceptionNow());
    }
    if (!made.isDone()) {
      checkPatience("does not say whether the table is made");
    }
    return made.isDone();
  }

  private void checkPatience(String what) {
    long left = upload.tables().patience().toNanos() - (System.nanoTime() - takenNanos);
    if (left < 0) {
      String why = what + ": seconds=" + TimeUnit.NANOSECONDS.toSeconds(-left);
      throw ended ? inDoubt(why) : notMade(new IllegalStateException(why));
    }
  }

  private JetException notMade(Throwable why) {
    return new JetException(
        "table was not written: table=%s node=%s reason=[%s]"
            .formatted(upload.table(), upload.node(), Failure.reason(why)));
  }

  private JetException perhapsMade(Throwable why) {
    if (!(why instanceof FlightRuntimeException flight)) {
      return inDoubt(Failure.reason(why));
    }
    return switch (flight.status().code()) {
      case INVALID_ARGUMENT,
          NOT_FOUND,
          ALREADY_EXISTS,
          UNAUTHENTICATED,
          UNAUTHORIZED,
          RESOURCE_EXHAUSTED,
          INTERNAL ->
          notMade(why);
      default -> inDoubt(Failure.reason(why));
    };
  }

  private JetException inDoubt(String why) {
    return new RestartableException(
        "table may have been written, the job begins anew to find out: table=%s node=%s reason=[%s]"
            .formatted(upload.table(), upload.node(), why));
  }

  /** On a thread that may wait: this does not say that it is cooperative. */
  @Override
  public void close() {
    if (stream != null && !answer.made().isDone()) {
      stream.error(new IllegalStateException("given up"));
    }
    if (open != null) {
      open.close();
    }
    if (connection != null) {
      connection.close();
    }
  }
}
