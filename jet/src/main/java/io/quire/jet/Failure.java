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

  /** What an error in place of an answer says of a change that was asked for. */
  enum Verdict {
    /** A node says that it did not happen. It would say so again. */
    REFUSED,

    /** Nobody was heard who could know, or a node says that it cannot do it now. */
    LOST,

    /** A node says that nobody could tell. */
    IN_DOUBT,

    /** What should not be: of that nothing can be concluded. */
    BROKEN
  }

  /** What it says. A connection that breaks has some codes in common with what nodes say. */
  static Verdict verdict(Throwable e) {
    if (!(e instanceof FlightRuntimeException flight)) {
      return Verdict.BROKEN;
    }
    return switch (flight.status().code()) {
      case INVALID_ARGUMENT,
          NOT_FOUND,
          ALREADY_EXISTS,
          UNAUTHENTICATED,
          UNAUTHORIZED,
          UNIMPLEMENTED,
          RESOURCE_EXHAUSTED,
          TIMED_OUT ->
          Verdict.REFUSED;
      case UNAVAILABLE, CANCELLED -> Verdict.LOST;
      case UNKNOWN -> Verdict.IN_DOUBT;
      case OK, INTERNAL -> Verdict.BROKEN;
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
