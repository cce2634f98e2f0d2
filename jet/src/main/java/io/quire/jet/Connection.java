package io.quire.jet;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.arrow.flight.CallHeaders;
import org.apache.arrow.flight.CallOption;
import org.apache.arrow.flight.CallOptions;
import org.apache.arrow.flight.FlightCallHeaders;
import org.apache.arrow.flight.FlightClient;
import org.apache.arrow.flight.FlightClient.ClientStreamListener;
import org.apache.arrow.flight.FlightDescriptor;
import org.apache.arrow.flight.FlightInfo;
import org.apache.arrow.flight.FlightStream;
import org.apache.arrow.flight.HeaderCallOption;
import org.apache.arrow.flight.Location;
import org.apache.arrow.flight.Ticket;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;

/** A client of one node. Any thread. */
final class Connection implements AutoCloseable {
  private static final long ASK_SECONDS = 20;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final FlightClient client;
  private final CallOption token;

  /** Does not wait; whether the node answers is found out by calls. */
  Connection(QuireTables tables, URI node, BufferAllocator memory) {
    FlightClient.Builder builder = FlightClient.builder(memory, new Location(node));
    if ("grpc+tls".equals(node.getScheme())) {
      builder.useTls();
      if (!tables.trusted().isEmpty()) {
        builder.trustedCertificates(
            new ByteArrayInputStream(tables.trusted().getBytes(StandardCharsets.US_ASCII)));
      }
    }
    client = builder.build();
    token = header(tables.token());
  }

  private static CallOption header(String token) {
    CallHeaders headers = new FlightCallHeaders();
    if (!token.isEmpty()) {
      headers.insert("authorization", "Bearer " + token);
    }
    return new HeaderCallOption(headers);
  }

  /** What is known of a table. Waits, so many seconds at most. */
  FlightInfo info(String namespace, String table, List<String> columns) {
    return client.getInfo(
        descriptor(namespace, table, Map.of("columns", columns)),
        token,
        CallOptions.timeout(ASK_SECONDS, TimeUnit.SECONDS));
  }

  /** A command of Quire, of a table. */
  private static FlightDescriptor descriptor(
      String namespace, String table, Map<String, Object> more) {
    Map<String, Object> command = new HashMap<>(more);
    command.put("name", table);
    if (!namespace.isEmpty()) {
      command.put("namespace", namespace);
    }
    try {
      return FlightDescriptor.command(JSON.writeValueAsBytes(command));
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(new IOException("cannot be written: " + command, e));
    }
  }

  /** Begins to write. Does not wait. */
  ClientStreamListener put(TableSink.Upload upload, VectorSchemaRoot rows, Answer answer) {
    FlightDescriptor what =
        descriptor(upload.tables().namespace(), upload.table(), upload.options());
    return client.startPut(what, rows, answer, token);
  }

  /** Begins to read. Does not wait. */
  FlightStream rows(byte[] ticket) {
    return client.getStream(new Ticket(ticket), token);
  }

  /** Waits some seconds at most. */
  @Override
  public void close() {
    try {
      client.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
