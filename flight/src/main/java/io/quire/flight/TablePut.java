package io.quire.flight;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.arrow.flight.FlightDescriptor;
import org.jspecify.annotations.Nullable;

/**
 * What a client wants to be made of its batches: by a path of the name of a new table, or of a
 * namespace and its name; or by a command, {@code {"namespace": ..., "name": ..., "append": true,
 * "mark": ..., "part": {"upload": ..., "streams": 3, "stream": 0}}}, of which only the name is
 * needed.
 *
 * @param namespace its name; empty for the root namespace
 * @param name of the table
 * @param append whether the table is there and shall grow
 * @param mark a name for the upload, so that it takes effect once
 * @param part if there are other streams of the same upload
 */
record TablePut(
    Optional<String> namespace,
    String name,
    boolean append,
    Optional<UUID> mark,
    Optional<Part> part) {
  private static final String WANTED =
      " wanted=path of [name] or [namespace, name], or command {\"name\", \"namespace\","
          + " \"append\", \"mark\", \"part\": {\"upload\", \"streams\", \"stream\"}}";

  /** {@link DeserializationFeature#FAIL_ON_UNKNOWN_PROPERTIES} is on unless it is turned off. */
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private record Command(
      @Nullable String namespace,
      @Nullable String name,
      boolean append,
      @Nullable UUID mark,
      @Nullable JsonPart part) {}

  private record JsonPart(@Nullable UUID upload, int streams, int stream) {}

  /**
   * A stream of an upload that has several.
   *
   * @param upload a name for it, that of this attempt
   * @param streams how many there are
   * @param stream which it is, from 0
   */
  record Part(UUID upload, int streams, int stream) {
    Part {
      if (streams < 1 || streams > Uploads.OPEN_MAX || stream < 0 || stream >= streams) {
        throw new IllegalArgumentException(
            "not a part: streams=%d max=%d stream=%d".formatted(streams, Uploads.OPEN_MAX, stream));
      }
    }
  }

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
      case 1 ->
          new TablePut(Optional.empty(), path.get(0), false, Optional.empty(), Optional.empty());
      case 2 ->
          new TablePut(
              Optional.of(path.get(0)), path.get(1), false, Optional.empty(), Optional.empty());
      default -> throw new IllegalArgumentException("names no table: path=" + path + WANTED);
    };
  }

  private static Part part(JsonPart json) {
    if (json.upload == null) {
      throw new IllegalArgumentException("a part of no upload:" + WANTED);
    }
    return new Part(json.upload, json.streams, json.stream);
  }

  private static TablePut command(byte[] json) {
    try {
      Command command = JSON.readValue(json, Command.class);
      if (command == null || command.name == null) {
        throw new IllegalArgumentException("names no table:" + WANTED);
      }
      return new TablePut(
          Optional.ofNullable(command.namespace),
          command.name,
          command.append,
          Optional.ofNullable(command.mark),
          Optional.ofNullable(command.part).map(TablePut::part));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          "not a command: reason=[" + e.getOriginalMessage() + "]" + WANTED, e);
    } catch (IOException e) {
      throw new IllegalArgumentException("not a command:" + WANTED, e);
    }
  }
}
