package io.quire.flight;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.apache.arrow.flight.FlightDescriptor;
import org.jspecify.annotations.Nullable;

/**
 * Which table a client asks for: by a path of its name, or of a namespace and its name; or by a
 * command, {@code {"namespace": ..., "name": ..., "columns": [...]}}, of which only the name is
 * needed.
 *
 * @param namespace its name; empty for the root namespace
 * @param name of the table
 * @param columns none for all
 */
record TableQuestion(Optional<String> namespace, String name, List<String> columns) {
  private static final String WANTED =
      " wanted=path of [name] or [namespace, name], or command {\"name\", \"namespace\","
          + " \"columns\"}";

  /** {@link DeserializationFeature#FAIL_ON_UNKNOWN_PROPERTIES} is on unless it is turned off. */
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private record Command(
      @Nullable String namespace, @Nullable String name, @Nullable List<@Nullable String> columns) {
    boolean hasNullColumn() {
      return columns != null && columns.stream().anyMatch(Objects::isNull);
    }
  }

  /**
   * Reads what the client gave.
   *
   * @throws IllegalArgumentException if it names no table
   */
  static TableQuestion of(FlightDescriptor asked) {
    if (asked.isCommand()) {
      return command(asked.getCommand());
    }
    List<String> path = asked.getPath();
    return switch (path.size()) {
      case 1 -> new TableQuestion(Optional.empty(), path.get(0), List.of());
      case 2 -> new TableQuestion(Optional.of(path.get(0)), path.get(1), List.of());
      default -> throw new IllegalArgumentException("names no table: path=" + path + WANTED);
    };
  }

  private static TableQuestion command(byte[] json) {
    try {
      Command command = JSON.readValue(json, Command.class);
      if (command == null || command.name == null || command.hasNullColumn()) {
        throw new IllegalArgumentException("names no table, or no column:" + WANTED);
      }
      return new TableQuestion(
          Optional.ofNullable(command.namespace),
          command.name,
          command.columns == null ? List.of() : List.copyOf(command.columns));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          "not a command: reason=[" + e.getOriginalMessage() + "]" + WANTED, e);
    } catch (IOException e) {
      throw new IllegalArgumentException("not a command:" + WANTED, e);
    }
  }
}
