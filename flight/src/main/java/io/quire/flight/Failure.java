package io.quire.flight;

import io.quire.ager.AgerException;
import io.quire.base.WireReader.MalformedException;
import io.quire.datasets.DatasetsException;
import io.quire.ns.NsException;
import org.apache.arrow.flight.CallStatus;
import org.apache.arrow.flight.FlightRuntimeException;
import org.apache.arrow.memory.OutOfMemoryException;

/** What errors are called in Flight; the message stays. */
final class Failure {
  private Failure() {}

  /** There is no such table. */
  static final class NoSuchTable extends RuntimeException {
    private static final long serialVersionUID = 1;

    NoSuchTable(String message) {
      super(message);
    }
  }

  /** Not now. */
  static final class Busy extends RuntimeException {
    private static final long serialVersionUID = 1;

    Busy(String message) {
      super(message);
    }
  }

  /** The client said nothing for too long. */
  static final class Idle extends RuntimeException {
    private static final long serialVersionUID = 1;

    Idle(String message) {
      super(message);
    }
  }

  /** As the client is told. */
  static FlightRuntimeException of(Throwable e) {
    if (e instanceof FlightRuntimeException told) {
      return told;
    }
    String message = e.getMessage();
    return status(e)
        .withDescription(message == null ? e.getClass().getSimpleName() : message)
        .toRuntimeException();
  }

  /** Whether it is nothing that whoever runs the node has to look at. */
  static boolean isUsual(FlightRuntimeException e) {
    return switch (e.status().code()) {
      case INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS -> true;
      case UNAUTHORIZED, UNAVAILABLE, CANCELLED -> true;
      default -> false;
    };
  }

  private static CallStatus status(Throwable e) {
    return switch (e) {
      case NoSuchTable _ -> CallStatus.NOT_FOUND;
      case Busy _ -> CallStatus.RESOURCE_EXHAUSTED;
      case Idle _ -> CallStatus.TIMED_OUT;
      case NsException names -> status(names);
      case DatasetsException data -> status(data);
      case AgerException memory ->
          memory.retryable() ? CallStatus.RESOURCE_EXHAUSTED : CallStatus.INTERNAL;
      case OutOfMemoryException _ -> CallStatus.RESOURCE_EXHAUSTED;
      case MalformedException _ -> CallStatus.INVALID_ARGUMENT;
      case IllegalArgumentException _ -> CallStatus.INVALID_ARGUMENT;
      default -> CallStatus.INTERNAL;
    };
  }

  private static CallStatus status(NsException e) {
    return switch (e) {
      case NsException.NotFound _, NsException.Draining _, NsException.UnknownHandle _ ->
          CallStatus.NOT_FOUND;
      case NsException.InvalidName _ -> CallStatus.INVALID_ARGUMENT;
      case NsException.Forbidden _ -> CallStatus.UNAUTHORIZED;
      case NsException.NotInView _,
          NsException.Refused _,
          NsException.Overtaken _,
          NsException.Stale _ ->
          CallStatus.UNAVAILABLE;
      case NsException.NameTaken _ -> CallStatus.ALREADY_EXISTS;
      case NsException.QuotaExceeded _ -> CallStatus.RESOURCE_EXHAUSTED;
      case NsException.Indeterminate _ -> CallStatus.UNKNOWN;
      default -> CallStatus.INTERNAL; // modes, and what looks back; nothing here does
    };
  }

  private static CallStatus status(DatasetsException e) {
    return switch (e) {
      case DatasetsException.Gone _ -> CallStatus.NOT_FOUND;
      case DatasetsException.NotADataset _ -> CallStatus.INVALID_ARGUMENT;
      case DatasetsException.DeadlinePassed _ -> CallStatus.TIMED_OUT;
      case DatasetsException.Interrupted _ -> CallStatus.UNAVAILABLE;
      case DatasetsException.TooManyExtents _,
          DatasetsException.TooFewMembers _,
          DatasetsException.LoadAborted _ ->
          CallStatus.RESOURCE_EXHAUSTED;
      default -> CallStatus.INTERNAL; // extents lost; scans, which nothing here does
    };
  }
}
