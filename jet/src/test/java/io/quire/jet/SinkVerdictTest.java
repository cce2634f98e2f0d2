package io.quire.jet;

import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.jet.JetException;
import com.hazelcast.jet.RestartableException;
import java.net.URI;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.arrow.flight.CallStatus;
import org.apache.arrow.flight.FlightStatusCode;
import org.junit.jupiter.api.Test;

/** What a job is told by each code that may come in place of an answer. */
final class SinkVerdictTest {
  private static final String NOT = "table was not written: ";
  private static final String NOT_AGAIN = "table was not written, the job begins anew: ";
  private static final String MAYBE = "table may have been written: ";
  private static final String MAYBE_AGAIN =
      "table may have been written, the job begins anew to find out: ";

  private static final TableSink.Upload UPLOAD =
      new TableSink.Upload(
          QuireTables.at("grpc+tcp://n1:1"),
          "/a",
          URI.create("grpc+tcp://n1:1"),
          true,
          1,
          new UUID(1, 2),
          new byte[0]);

  private static Map<FlightStatusCode, List<String>> wanted() {
    Map<FlightStatusCode, List<String>> wanted = new EnumMap<>(FlightStatusCode.class);
    for (FlightStatusCode code : FlightStatusCode.values()) {
      wanted.put(
          code,
          switch (code) {
            case UNAVAILABLE, CANCELLED -> List.of(NOT_AGAIN, MAYBE_AGAIN);
            case UNKNOWN -> List.of(NOT, MAYBE_AGAIN);
            case INTERNAL, OK -> List.of(NOT, MAYBE);
            case INVALID_ARGUMENT,
                NOT_FOUND,
                ALREADY_EXISTS,
                UNAUTHENTICATED,
                UNAUTHORIZED,
                UNIMPLEMENTED,
                RESOURCE_EXHAUSTED,
                TIMED_OUT ->
                List.of(NOT, NOT);
          });
    }
    return wanted;
  }

  private static void assertSaid(boolean ended, Throwable e, String message) {
    JetException told = SinkProcessor.failure(UPLOAD, ended, e);
    assertThat(told)
        .as("ended=%s %s", ended, e)
        .hasMessage(message + "table=/a node=grpc+tcp://n1:1 reason=[why]")
        .hasNoCause();
    assertThat(told instanceof RestartableException).isEqualTo(message.contains("anew"));
  }

  @Test
  void errors_sayWhetherTheTableMayHaveBeenWritten() {
    wanted()
        .forEach(
            (code, messages) -> {
              RuntimeException e = new CallStatus(code).withDescription("why").toRuntimeException();
              assertSaid(false, e, messages.get(0));
              assertSaid(true, e, messages.get(1));
            });
    assertSaid(false, new IllegalStateException("why"), NOT);
    assertSaid(true, new IllegalStateException("why"), MAYBE);
  }
}
