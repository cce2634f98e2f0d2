package io.quire.jet;

import java.util.concurrent.CompletableFuture;
import org.apache.arrow.flight.FlightClient;
import org.apache.arrow.flight.PutResult;

/** What a node says to an upload. Any thread. */
final class Answer implements FlightClient.PutListener {
  private final CompletableFuture<Void> made = new CompletableFuture<>();

  /** Completes when the table is made, and fails if that is not known. */
  CompletableFuture<Void> made() {
    return made;
  }

  @Override
  public void onNext(PutResult rows) {}

  @Override
  public void onError(Throwable why) {
    made.completeExceptionally(why);
  }

  @Override
  public void onCompleted() {
    made.complete(null);
  }

  @Override
  public void getResult() {
    made.join();
  }

  /** Whether there is nobody to send to. */
  @Override
  public boolean isCancelled() {
    return made.isDone();
  }
}
