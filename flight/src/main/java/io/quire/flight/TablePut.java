package io.quire.flight;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quire.datasets.LoadOptions;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.arrow.flight.FlightDescriptor;
import org.jspecify.annotations.Nullable;

/**
 * What a client wants to be made of its batches: by a path of the name of a new table, or of a
 * namespace and its name; or by a command, {@code {"namespace": ..., "name": ..., "append": true,
 * "mark": ..., "replicas": 2}}, of which only the name is needed.
 *
 * @param namespace its name; empty for the root namespace
 * @param name of the table
 * @param append whether the table is there and shall grow
 * @param mark a name for the upload, so that it takes effect once
 * @param keeping how a new table is kept; a table that grows says that itself
 */
record TablePut(
    Optional<String> namespace,
    String name,
    boolean append,
    Optional<UUID> mark,
    LoadOptions keeping) {
  private static final String WANTED =
      " wanted=path of [name] or [namespace, name], or command {\"name\", \"namespace\","
          + " \"append\", \"mark\", \"replicas\"}";

  /** {@link DeserializationFeature#FAIL_ON_UNKNOWN_PROPERTIES} is on unless it is turned off. */
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private record Command(
      @Nullable String namespace,
      @Nullable String name,
      boolean append,
      @Nullable UUID mark,
      @Nullable Integer replicas) {}

  /**
   * Reads what the client gave.
   *
   * @throws IllegalArgumentException if it names no table
   */
  static TablePut of(FlightDescriptor asked) {
    if (asked.isCommand()) {
      return command(asked.getCommand());
    }
    List<String> path = asked.getPath();
    return switch (path.size()) {
      case 1 -> created(Optional.empty(), path.get(0));
      case 2 -> created(Optional.of(path.get(0)), path.get(1));
      default -> throw new IllegalArgumentException("names no table: path=" + path + WANTED);
    };
  }

  private static TablePut created(Optional<String> namespace, String name) {
    return new TablePut(namespace, name, false, Optional.empty(), LoadOptions.DEFAULTS);
  }

  private static TablePut command(byte[] json) {
    try {
      Command command = JSON.readValue(json, Command.class);
      if (command == null || command.name == null) {
        throw new IllegalArgumentException("names no table:" + WANTED);
      }
      if (command.append && command.replicas != null) {
        throw new IllegalArgumentException(
            "a table that grows keeps its replicas: replicas=" + command.replicas + WANTED);
      }
      return new TablePut(
          Optional.ofNullable(command.namespace),
          command.name,
          command.append,
          Optional.ofNullable(command.mark),
          command.replicas == null ? LoadOptions.DEFAULTS : new LoadOptions(command.replicas));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          "not a command: reason=[" + e.getOriginalMessage() + "]" + WANTED, e);
    } catch (IOException e) {
      throw new IllegalArgumentException("not a command:" + WANTED, e);
    }
  }
}
