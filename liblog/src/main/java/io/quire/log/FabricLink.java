package io.quire.log;

import io.quire.base.Address;
import io.quire.fabric.Fabric;
import io.quire.fabric.Service;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** This log's share of the fabric: the calls between the members of its group. */
final class FabricLink implements AutoCloseable {
  /** Time for an answer to come back after its deadline ran out at the fabric. */
  private static final long SLACK_MILLIS = 1_000;

  private final Fabric fabric;
  private final AddressBook book;
  private final Duration callDeadline;
  private final ExecutorService blocking = Executors.newVirtualThreadPerTaskExecutor();
  private final Durability durability;
  private volatile Fabric.@Nullable Server raft;

  FabricLink(Fabric fabric, AddressBook book, Durability durability, Duration callDeadline) {
    this.fabric = fabric;
    this.durability = durability;
    this.book = book;
    this.callDeadline = callDeadline;
  }

  /** Begins to take calls; before, peers hear that nobody serves them. */
  void open() {
    fabric.serve(Service.RAFT, this::serve);
  }

  Fabric fabric() {
    return fabric;
  }

  AddressBook book() {
    return book;
  }

  Durability durability() {
    return durability;
  }

  Duration callDeadline() {
    return callDeadline;
  }

  /** From here on Raft calls go to this server; null refuses them. */
  void raft(Fabric.@Nullable Server server) {
    raft = server;
  }

  /** Runs what may block, off the I/O threads. */
  <T> CompletableFuture<T> run(Callable<T> task) {
    CompletableFuture<T> done = new CompletableFuture<>();
    blocking.execute(
        () -> {
          try {
            done.complete(task.call());
          } catch (Throwable e) {
            // A thread's top: whatever it was, the caller over there must hear of it.
            done.completeExceptionally(e);
          }
        });
    return done;
  }

  /** Calls a peer. */
  <T> CompletableFuture<T> request(
      PeerId to, byte[] body, Duration deadline, Function<ByteBuffer, T> decode) {
    Address address = book.of(to);
    return address == null
        ? CompletableFuture.failedFuture(new IOException("peer is not seen: peer=" + to))
        : fabric.request(address, Service.RAFT, ByteBuffer.wrap(body), deadline, decode);
  }

  /** Calls a peer and waits. */
  <T> T call(PeerId to, byte[] body, Duration deadline, Function<ByteBuffer, T> decode)
      throws IOException {
    try {
      return request(to, body, deadline, decode)
          .get(deadline.toMillis() + SLACK_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted = new InterruptedIOException("interrupted: peer=" + to);
      interrupted.initCause(e);
      throw interrupted;
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("cannot call a peer: peer=" + to + " cause=" + e, e);
    }
  }

  private CompletionStage<ByteBuffer> serve(ByteBuffer request) {
    Fabric.Server server = raft;
    if (server == null) {
      return CompletableFuture.failedFuture(new IOException("no member of a group"));
    }
    return server.serve(request);
  }

  @Override
  public void close() {
    raft = null;
    blocking.shutdown();
  }
}
