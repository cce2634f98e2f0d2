package io.quire.harness.chaos;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quire.sim.Dice;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.arrow.flight.CallHeaders;
import org.apache.arrow.flight.CallOption;
import org.apache.arrow.flight.CallOptions;
import org.apache.arrow.flight.FlightCallHeaders;
import org.apache.arrow.flight.FlightClient;
import org.apache.arrow.flight.FlightClient.ClientStreamListener;
import org.apache.arrow.flight.FlightDescriptor;
import org.apache.arrow.flight.FlightEndpoint;
import org.apache.arrow.flight.FlightInfo;
import org.apache.arrow.flight.FlightRuntimeException;
import org.apache.arrow.flight.FlightStream;
import org.apache.arrow.flight.HeaderCallOption;
import org.apache.arrow.flight.Location;
import org.apache.arrow.flight.PutResult;
import org.apache.arrow.flight.SyncPutListener;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.ipc.ArrowReader;

/**
 * Tables as clients see them that are no members: over Arrow Flight, at whichever node the dice
 * say. Connections are kept from call to call until one fails, and go with the process. Confined to
 * its thread.
 */
final class RemoteTables {
  /** What a call shows. */
  static final String TOKEN = "chaos";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long SECONDS = 15;

  private final List<Location> nodes;
  private final Path trusted;
  private final Dice dice;
  private final BufferAllocator memory = new RootAllocator();
  private final Map<Location, FlightClient> connections = new HashMap<>();
  private final CallOption[] options;

  /**
   * @param nodes where each serves it
   * @param trusted the certificate of the authority that vouches for them
   */
  RemoteTables(List<URI> nodes, Path trusted, Dice dice) {
    this.nodes = nodes.stream().map(Location::new).toList();
    this.trusted = trusted;
    this.dice = dice;
    CallHeaders headers = new FlightCallHeaders();
    headers.insert("authorization", "Bearer " + TOKEN);
    options =
        new CallOption[] {
          new HeaderCallOption(headers), CallOptions.timeout(SECONDS, TimeUnit.SECONDS)
        };
  }

  /**
   * Sends batches.
   *
   * @param command what is to be made of them
   * @return how many rows the table has now; -1 if that is not told
   * @throws FlightRuntimeException it may have been made all the same, unless {@link #refused}
   */
  long send(Map<String, Object> command, ArrowReader rows) throws IOException {
    Location node = dice.pick(nodes);
    try (SyncPutListener answers = new SyncPutListener()) {
      ClientStreamListener sending =
          connection(node)
              .startPut(
                  FlightDescriptor.command(json(command)),
                  rows.getVectorSchemaRoot(),
                  answers,
                  options);
      while (rows.loadNextBatch()) {
        sending.putNext();
      }
      sending.completed();
      try (PutResult made = answers.poll(2 * SECONDS, TimeUnit.SECONDS)) {
        answers.getResult();
        return made == null ? -1 : rows(made.getApplicationMetadata());
      }
    } catch (FlightRuntimeException e) {
      disconnect(node);
      throw e;
    } catch (ExecutionException e) {
      disconnect(node);
      throw e.getCause() instanceof FlightRuntimeException told
          ? told
          : new IllegalStateException("upload failed: node=" + node, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted: node=" + node, e);
    }
  }

  private static long rows(ArrowBuf json) throws IOException {
    byte[] bytes = new byte[(int) json.readableBytes()];
    json.getBytes(0, bytes);
    return JSON.readTree(bytes).path("rows").asLong(-1);
  }

  /** Whether an upload that failed so was not made, and will not be. */
  static boolean refused(FlightRuntimeException e) {
    return switch (e.status().code()) {
      case INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, RESOURCE_EXHAUSTED -> true;
      case UNAUTHENTICATED, UNAUTHORIZED, UNIMPLEMENTED -> true;
      default -> false;
    };
  }

  /**
   * All that a table holds.
   *
   * @param told how many rows it has, as the node said that was asked first
   * @param teams for each team how many rows came, and the sum of their points
   */
  record Contents(long told, Map<String, List<Long>> teams) {}

  /** Reads a table, of each node what is there. */
  Contents read(String table) {
    Location node = dice.pick(nodes);
    FlightInfo info = info(node, table);
    Map<String, List<Long>> teams = new TreeMap<>();
    for (FlightEndpoint part : info.getEndpoints()) {
      List<Location> where = part.getLocations();
      read(where.isEmpty() ? node : where.getFirst(), part, teams);
    }
    return new Contents(info.getRecords(), teams);
  }

  private FlightInfo info(Location node, String table) {
    try {
      return connection(node).getInfo(FlightDescriptor.path(table), options);
    } catch (FlightRuntimeException e) {
      disconnect(node);
      throw e;
    }
  }

  private void read(Location node, FlightEndpoint part, Map<String, List<Long>> teams) {
    try (FlightStream rows = connection(node).getStream(part.getTicket(), options)) {
      while (rows.next()) {
        TableContents.add(rows.getRoot(), teams);
      }
    } catch (FlightRuntimeException e) {
      disconnect(node);
      throw e;
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("cannot be closed: node=" + node, e);
    }
  }

  private FlightClient connection(Location node) {
    return connections.computeIfAbsent(node, this::connect);
  }

  private FlightClient connect(Location node) {
    try (InputStream certificate = Files.newInputStream(trusted)) {
      return FlightClient.builder(memory, node).useTls().trustedCertificates(certificate).build();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The next call begins with another one: gRPC waits ever longer before it tries anew. */
  private void disconnect(Location node) {
    try (FlightClient ended = connections.remove(node)) {
      // It is closed here.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static byte[] json(Map<String, Object> command) {
    try {
      return JSON.writeValueAsBytes(command);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not a command: " + command, e);
    }
  }
}
