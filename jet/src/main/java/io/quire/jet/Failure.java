package io.quire.jet;

import org.apache.arrow.flight.FlightRuntimeException;

/** What failures of Flight mean. */
final class Failure {
  private Failure() {}

  /** Whether another node, or the same one later, may do better. */
  static boolean mayPass(Throwable e) {
    if (!(e instanceof FlightRuntimeException flight)) {
      return false;
    }
    return switch (flight.status().code()) {
      case UNAVAILABLE, CANCELLED, TIMED_OUT, RESOURCE_EXHAUSTED -> true;
      default -> false;
    };
  }

  /**
   * For people. It has no cause: those of gRPC and Flight cannot be sent from one member of Jet to
   * another.
   */
  static String reason(Throwable e) {
    String reason = text(e);
    Throwable cause = e;
    while (cause.getCause() != null && cause.getCause() != cause) {
      cause = cause.getCause();
    }
    return cause == e || text(cause).equals(reason) ? reason : reason + ": " + text(cause);
  }

  private static String text(Throwable e) {
    String message = e.getMessage();
    // Netty adds what it is made of, in lines of its own.
    return message == null ? e.getClass().getSimpleName() : message.lines().findFirst().orElse("");
  }
}
