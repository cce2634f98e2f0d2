package io.quire.jet;

import com.hazelcast.function.FunctionEx;
import com.hazelcast.jet.JetException;
import com.hazelcast.jet.RestartableException;
import com.hazelcast.jet.core.AbstractProcessor;
import com.hazelcast.jet.core.Inbox;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.apache.arrow.flight.FlightClient.ClientStreamListener;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.jspecify.annotations.Nullable;

/**
 * Sends all rows to one node, and ends well when that says that the table is made. Never waits:
 * what the node does not take yet stays in the inbox.
 *
 * <p>The stream is ended only when there are no more rows. If the job ends otherwise it is given
 * up, and so does the node with what it has: until the end is said, nothing can have been made. Who
 * has said it and hears nothing does not know. Of that come the three errors: the table was not
 * written; it was not, and another node may do better; it may have been. With the last two the job
 * begins anew, if there is a node that answers: the upload has the same mark, so the node that gets
 * it knows.
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

  /** Since when the node is waited for, if it is. */
  private boolean waiting;

  private long waitingSinceNanos;

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
      throw failure(upload, ended, made.exceptionNow());
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
    waiting = false;
    to.putNext();
    batch().clear();
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
      waiting = false;
    }
    CompletableFuture<Void> made = answer.made();
    if (made.isCompletedExceptionally()) {
      throw failure(upload, ended, made.exceptionNow());
    }
    if (!made.isDone()) {
      checkPatience("does not say whether the table is made");
    }
    return made.isDone();
  }

  private void checkPatience(String what) {
    if (!waiting) {
      waiting = true;
      waitingSinceNanos = System.nanoTime();
    }
    Duration waited = Duration.ofNanos(System.nanoTime() - waitingSinceNanos);
    if (waited.compareTo(upload.tables().patience()) > 0) {
      String why = what + ": seconds=" + waited.toSeconds();
      throw ended ? maybe(upload, why) : notWritten(upload, why);
    }
  }

  /**
   * What came in place of an answer, as it ends the job, or lets it begin anew.
   *
   * @param ended whether the end was sent: before, nothing can have been made
   */
  static JetException failure(TableSink.Upload upload, boolean ended, Throwable failure) {
    String why = Failure.reason(failure);
    return switch (Failure.verdict(failure)) {
      case REFUSED -> notWritten(upload, why);
      case LOST -> ended ? maybe(upload, why) : lost(upload, why);
      case IN_DOUBT -> ended ? maybe(upload, why) : notWritten(upload, why);
      case BROKEN ->
          ended
              ? new JetException(message("table may have been written", upload, why))
              : notWritten(upload, why);
    };
  }

  private static JetException notWritten(TableSink.Upload upload, String why) {
    return new JetException(message("table was not written", upload, why));
  }

  private static JetException lost(TableSink.Upload upload, String why) {
    return new RestartableException(
        message("table was not written, the job begins anew", upload, why));
  }

  private static JetException maybe(TableSink.Upload upload, String why) {
    return new RestartableException(
        message("table may have been written, the job begins anew to find out", upload, why));
  }

  private static String message(String what, TableSink.Upload upload, String why) {
    return "%s: table=%s node=%s reason=[%s]".formatted(what, upload.table(), upload.node(), why);
  }

  /** On a thread that may wait: this does not say that it is cooperative. */
  @Override
  public void close() {
    try (Connection _ = connection;
        Batch _ = open) {
      if (stream != null && !answer.made().isDone()) {
        stream.error(new IllegalStateException("given up"));
      }
    }
  }
}
