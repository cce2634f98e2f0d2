package io.quire.flight;

import io.quire.ns.NsObject;
import java.io.IOException;
import java.util.BitSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;
import org.apache.arrow.flight.CallStatus;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * Several streams that become one table together: all that they give, in no order among them, when
 * each of them has ended; nothing if one of them fails.
 *
 * <p>To the load it is one reader. A thread for each stream hands over a batch and waits until the
 * load has taken it; so as many batches wait here as there are streams.
 */
final class JointUpload {
  private final int streams;
  private final Schema columns;
  private final LinkedBlockingQueue<Turn> turns = new LinkedBlockingQueue<>();
  private final BitSet joined = new BitSet();
  private final CompletableFuture<NsObject> made = new CompletableFuture<>();

  /** What a stream has to say. */
  private sealed interface Turn {}

  /**
   * A batch.
   *
   * @param taken completes when it is not needed any more
   */
  private record Rows(VectorSchemaRoot batch, CompletableFuture<Void> taken) implements Turn {}

  private record End() implements Turn {}

  private record Broken(Throwable why) implements Turn {}

  /**
   * Begins to load, on a thread of its own.
   *
   * @param columns of all of them
   * @param load makes a table of a reader
   */
  JointUpload(
      int streams, Schema columns, BufferAllocator memory, Function<ArrowReader, NsObject> load) {
    this.streams = streams;
    this.columns = columns;
    Thread.ofVirtual()
        .name("quire-flight-joint-upload")
        .start(
            () -> {
              try {
                made.complete(load.apply(new Merged(memory)));
              } catch (Throwable e) {
                made.completeExceptionally(e);
              }
            });
  }

  /** Completes when it is over. */
  CompletableFuture<NsObject> made() {
    return made;
  }

  /**
   * Counts a stream in.
   *
   * @throws IllegalArgumentException if there are others of them, or it is there, or has other
   *     columns
   */
  synchronized void join(TablePut.Part part, Schema found) {
    if (part.streams() != streams || joined.get(part.stream())) {
      throw new IllegalArgumentException(
          "not a stream of this upload, or there already: stream=%d streams=%d wanted=%d"
              .formatted(part.stream(), part.streams(), streams));
    }
    if (!found.getFields().equals(columns.getFields())) {
      throw new IllegalArgumentException(
          "not the columns of the other streams: found=%s wanted=%s".formatted(found, columns));
    }
    joined.set(part.stream());
  }

  /**
   * Hands over what a stream gives, and waits for all others. When this returns nothing of the
   * stream is used any more.
   *
   * @return what was made of all
   * @throws RuntimeException if nothing was made, and why
   */
  NsObject feed(UploadReader stream) {
    Thread feeding =
        Thread.ofVirtual().name("quire-flight-joint-stream").start(() -> handOver(stream));
    awaitAny(made);
    feeding.interrupt(); // it may wait for a client who does not know that all is over
    awaitEnd(feeding);
    return switch (made.state()) {
      case SUCCESS -> made.resultNow();
      default -> throw Failure.of(made.exceptionNow());
    };
  }

  private void handOver(UploadReader stream) {
    try {
      while (!made.isDone() && stream.loadNextBatch()) {
        Rows rows = new Rows(stream.getVectorSchemaRoot(), new CompletableFuture<>());
        turns.add(rows);
        awaitAny(rows.taken);
      }
      turns.add(new End());
    } catch (RuntimeException e) {
      turns.add(new Broken(e));
    }
  }

  private static void awaitEnd(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** A stream is over, perhaps before it was to be: if all is not over then, nothing is made. */
  void leave() {
    turns.add(
        new Broken(
            CallStatus.CANCELLED
                .withDescription("a stream of the upload is gone")
                .toRuntimeException()));
  }

  /** Returns when that is complete, or all is over: before, the load may look at the batch. */
  private void awaitAny(CompletableFuture<?> one) {
    try {
      CompletableFuture.anyOf(one, made).join();
    } catch (CompletionException e) {
      return; // whoever asks what was made is told
    }
  }

  /** What the streams give, as they give it. Confined to the thread of the load. */
  private final class Merged extends ArrowReader {
    private @Nullable Rows current;
    private int ended;

    Merged(BufferAllocator memory) {
      super(memory);
    }

    /**
     * Of one stream after the other: another root for each batch. Before the first, an empty one.
     */
    @Override
    public VectorSchemaRoot getVectorSchemaRoot() throws IOException {
      return current == null ? super.getVectorSchemaRoot() : current.batch;
    }

    @Override
    public boolean loadNextBatch() throws IOException {
      if (current != null) {
        current.taken.complete(null);
        current = null;
      }
      while (ended < streams) {
        switch (take()) {
          case Rows rows -> {
            current = rows;
            return true;
          }
          case End _ -> ended++;
          case Broken(Throwable why) -> throw Failure.of(why);
        }
      }
      return false;
    }

    private Turn take() throws IOException {
      try {
        return turns.take();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
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
      return columns;
    }
  }
}
