package io.quire.fabric;

import static java.util.concurrent.TimeUnit.SECONDS;

import io.quire.base.Address;
import io.quire.base.NodeId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;

/** Fabrics of one cluster on this machine, closed in reverse. */
final class Fixture implements AutoCloseable {
  static final Address LOOPBACK = new Address("127.0.0.1", 0);

  /** How long a busy machine may take for what must come about; no test waits it out. */
  static final Duration SOON = Duration.ofSeconds(60);

  static final CertificateAuthority AUTHORITY = CertificateAuthority.create("test");

  private final ArrayDeque<AutoCloseable> open = new ArrayDeque<>();

  Fabric fabric(String node) {
    return fabric(node, config -> config);
  }

  Fabric fabric(String node, UnaryOperator<FabricConfig> change) {
    Tls tls = AUTHORITY.issue(new NodeId(node), List.of("127.0.0.1", "localhost"));
    return keep(Fabric.open(change.apply(config(LOOPBACK)), tls));
  }

  /** The defaults, with a patience that no test comes to the end of. */
  static FabricConfig config(Address bind) {
    return FabricConfig.of(bind).withPatience(SOON, SOON);
  }

  <T extends AutoCloseable> T keep(T resource) {
    open.push(resource);
    return resource;
  }

  @Override
  public void close() throws Exception {
    while (!open.isEmpty()) {
      open.pop().close();
    }
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  static String text(ByteBuffer bytes) {
    return StandardCharsets.UTF_8.decode(bytes).toString();
  }

  static ByteBuffer copy(ByteBuffer bytes) {
    return ByteBuffer.allocate(bytes.remaining()).put(bytes).flip();
  }

  static <T> T get(CompletableFuture<T> future)
      throws InterruptedException, ExecutionException, TimeoutException {
    return future.get(SOON.toSeconds(), SECONDS);
  }

  static Throwable failure(CompletableFuture<?> future)
      throws InterruptedException, TimeoutException {
    try {
      get(future);
      throw new AssertionError("expected a failure");
    } catch (ExecutionException e) {
      return Objects.requireNonNull(e.getCause());
    }
  }

  static void await(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + SOON.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - end > 0) {
        throw new AssertionError("did not come about: " + what);
      }
      LockSupport.parkNanos(1_000_000);
    }
  }
}
