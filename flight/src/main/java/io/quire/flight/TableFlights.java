package io.quire.flight;

import io.grpc.netty.NettyServerBuilder;
import io.quire.base.Member;
import io.quire.columns.ColumnMemory;
import io.quire.fabric.Fabric;
import io.quire.lockserver.Sessions;
import io.quire.ns.Namespaces;
import io.quire.tables.Tables;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.arrow.flight.FlightServer;
import org.apache.arrow.flight.Location;
import org.apache.arrow.memory.BufferAllocator;

/**
 * Serves the tables of the cluster to any client of Arrow Flight, and makes tables of what clients
 * send.
 *
 * <p>A client asks any node for a table: by the path of its name, by a path of a namespace and a
 * name, or by a command in JSON that can also name columns. It is told the schema, how many rows
 * there are, and an endpoint for each node that loaded some: a ticket, and where that node serves
 * Flight. The endpoints together are the table, each row once. Any node redeems any ticket; the one
 * that is named has the rows in its own memory. A ticket holds as long as the table is not dropped,
 * and means the rows that there were when it was given.
 *
 * <p>A stream gives row groups as they lie in memory, and with each, as metadata, a ticket for what
 * follows it. The table stays as it is until its streams are over, also if it is dropped meanwhile.
 * A stream ends well only when all rows were given. A client that takes nothing for as long as
 * {@link FlightConfig#patience} is cut off, and what was held for it is let go of. More than 64
 * streams at once are refused.
 *
 * <p>What a client sends, by {@code DoPut}, becomes a new table, or rows behind those of one, when
 * it has ended its stream: visible on all nodes at once, or not at all if it goes away before, or a
 * batch is wrong. The answer says how many rows the table has then. An upload that has a mark takes
 * effect once, however often it is sent: so one of which the answer was lost can be sent again.
 * More than 4 uploads at once are refused, as are batches of more than 16 MiB. One that sends
 * nothing for the time of {@link FlightConfig#idle} is ended, and makes nothing.
 *
 * <p>If there are tokens every call must show one, and is given what the access lists of the
 * namespaces give its principal. Errors have the codes of Flight, and our messages.
 */
public final class TableFlights implements AutoCloseable {
  /** What gRPC may have queued for a client when it is given the next batch. */
  private static final int QUEUED_BYTES_MAX = 64 << 10;

  /** A batch that is sent; all other requests are shorter. */
  private static final int REQUEST_BYTES_MAX = 16 << 20;

  private static final int HEADER_BYTES_MAX = 16 << 10;
  private static final int CALLS_OF_CONNECTION_MAX = 128;
  private static final Duration UPLOADS_END = Duration.ofSeconds(5);

  /** What Flight asks a client for before it has taken what came. */
  private static final int BATCHES_AHEAD = 5;

  /** Of each upload those ahead, one that comes in, the one that is read, and a part of that. */
  private static final long UPLOAD_BYTES_MAX =
      (long) Uploads.OPEN_MAX * (BATCHES_AHEAD + 3) * REQUEST_BYTES_MAX;

  /** gRPC logs each client that gives up a stream, with a stack; held, or it would be forgotten. */
  private static final Logger OF_GRPC = Logger.getLogger("io.grpc.netty.NettyServerHandler");

  static {
    OF_GRPC.setLevel(Level.SEVERE);
  }

  private final Counters counters = new Counters();
  private final Streams streams = new Streams(counters);
  private final Uploads uploads = new Uploads(counters);
  private final BufferAllocator memory = ColumnMemory.open(UPLOAD_BYTES_MAX);
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("quire-flight-", 0).factory());
  private final AtomicBoolean closed = new AtomicBoolean();
  private final FlightServer server;
  private final Location location;

  /**
   * Listens. Closes none of what it is given; takes {@link io.quire.fabric.Service#FLIGHT} of the
   * fabric, by which the nodes tell each other where they listen.
   *
   * @throws UncheckedIOException if the address is in use or not ours, or the certificate cannot be
   *     read
   */
  public static TableFlights open(
      FlightConfig config,
      Member self,
      Sessions sessions,
      Fabric fabric,
      Namespaces namespaces,
      Tables tables) {
    return new TableFlights(config, self, sessions, fabric, namespaces, tables);
  }

  private TableFlights(
      FlightConfig config,
      Member self,
      Sessions sessions,
      Fabric fabric,
      Namespaces namespaces,
      Tables tables) {
    CompletableFuture<Locations> locations = new CompletableFuture<>();
    TableProducer producer =
        new TableProducer(
            self.node(),
            namespaces,
            tables,
            streams,
            uploads,
            counters,
            config.patience(),
            config.idle(),
            locations::join);
    boolean opened = false;
    try {
      server = listen(config, producer);
      location = location(config, config.advertisedHost(), server.getPort());
      locations.complete(new Locations(self, sessions, fabric, location));
      opened = true;
    } finally {
      if (!opened) {
        threads.close();
        memory.close();
      }
    }
  }

  private FlightServer listen(FlightConfig config, TableProducer producer) {
    Calls calls = new Calls();
    Consumer<NettyServerBuilder> more =
        grpc ->
            grpc.addStreamTracerFactory(calls)
                .intercept(calls)
                .maxConcurrentCallsPerConnection(CALLS_OF_CONNECTION_MAX)
                .keepAliveTime(config.patience().toNanos(), TimeUnit.NANOSECONDS)
                .permitKeepAliveTime(10, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true);
    FlightServer.Builder builder =
        FlightServer.builder(
                memory, location(config, config.listen().host(), config.listen().port()), producer)
            .middleware(Caller.KEY, new Caller.Door(config.token(), config.tokens()))
            .maxInboundMessageSize(REQUEST_BYTES_MAX)
            .setMaxHeaderListSize(HEADER_BYTES_MAX)
            .backpressureThreshold(QUEUED_BYTES_MAX)
            .executor(threads)
            .transportHint("grpc.builderConsumer", more);
    try {
      if (config.tls().isPresent()) {
        Path tls = config.tls().get();
        builder.useTls(tls.resolve("node.pem").toFile(), tls.resolve("node-key.pem").toFile());
      }
      return builder.build().start();
    } catch (IOException e) {
      throw new UncheckedIOException(
          "cannot listen: for=flight address=%s why=%s".formatted(config.listen(), reason(e)), e);
    }
  }

  /** gRPC says what was tried; what was in the way is behind it. */
  private static String reason(IOException e) {
    Throwable cause = e.getCause();
    return String.valueOf((cause == null ? e : cause).getMessage());
  }

  private static Location location(FlightConfig config, String host, int port) {
    return config.tls().isPresent()
        ? Location.forGrpcTls(host, port)
        : Location.forGrpcInsecure(host, port);
  }

  /**
   * Where clients reach it, as Flight writes it: {@code grpc+tls://host:port} or {@code grpc+tcp}.
   */
  public URI location() {
    return location.getUri();
  }

  /**
   * What it does now and has done so far. Reads counters, which are not of one moment together. Any
   * thread.
   */
  public FlightStats stats() {
    return counters.stats(streams.open(), uploads.open());
  }

  /**
   * Ends streams and uploads with an error, and stops listening, within some seconds. Calls of
   * others that want to know where this node listens are still answered until the fabric is closed.
   * A second call does nothing.
   */
  @Override
  public void close() {
    if (closed.getAndSet(true)) {
      return;
    }
    streams.stop();
    uploads.stop();
    boolean ended = false;
    try {
      server.close();
      ended = uploads.awaitEnd(UPLOADS_END);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    threads.shutdown();
    if (ended) {
      memory.close();
    }
  }
}
