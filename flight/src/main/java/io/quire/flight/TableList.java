package io.quire.flight;

import io.quire.ns.NamePage;
import io.quire.ns.NamePattern;
import io.quire.ns.Namespaces;
import io.quire.ns.NsException;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.tables.Tables;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.apache.arrow.flight.CallStatus;
import org.apache.arrow.flight.FlightDescriptor;

/**
 * Tables whose names match a pattern: of the root namespace, then of each namespace with a name, as
 * far as the caller may read there. It stops at {@value #MAX}.
 */
final class TableList {
  /** gRPC keeps what is listed until the client takes it. */
  static final int MAX = 1_000;

  private static final int PAGE = 1_000;

  /** Takes a table, and how a client asks for it. */
  interface Sink {
    void take(NsObject table, FlightDescriptor path);
  }

  private final Namespaces namespaces;
  private final Tables tables;
  private final NamePattern pattern;
  private final BooleanSupplier cancelled;
  private final Sink sink;
  private int listed;

  /**
   * Creates a list that reads nothing yet.
   *
   * @param namespaces for the caller
   * @param tables for the caller
   */
  TableList(
      Namespaces namespaces,
      Tables tables,
      NamePattern pattern,
      BooleanSupplier cancelled,
      Sink sink) {
    this.namespaces = namespaces;
    this.tables = tables;
    this.pattern = pattern;
    this.cancelled = cancelled;
    this.sink = sink;
  }

  /**
   * Hands all of them over.
   *
   * @throws Failure.Busy if there are more than can be listed
   * @throws NsException.Forbidden if the caller may not read the root namespace
   */
  void run() {
    list(NsHandle.ROOT, FlightDescriptor::path);
    Optional<String> after = Optional.of("");
    while (after.isPresent()) {
      NamePage page = namespaces.listNamespaces(NamePattern.ALL, after.get(), PAGE);
      for (NamePage.Listed found : page.names()) {
        namespaces.namespace(found.name()).ifPresent(each -> listIfReadable(each, found.name()));
      }
      after = page.next();
    }
  }

  private void listIfReadable(NsHandle namespace, String its) {
    try {
      list(namespace, name -> FlightDescriptor.path(its, name));
    } catch (NsException.Forbidden | NsException.NotFound e) {
      // Not for the caller, or destroyed meanwhile.
    }
  }

  private interface Path {
    FlightDescriptor of(String name);
  }

  private void list(NsHandle namespace, Path path) {
    Optional<String> after = Optional.of("");
    while (after.isPresent()) {
      NamePage page = namespaces.list(namespace, pattern, after.get(), PAGE);
      for (NamePage.Listed found : page.names()) {
        Optional<NsObject> object = namespaces.lookup(found.xid());
        if (object.isPresent() && !object.get().draining() && tables.isTable(object.get())) {
          hand(object.get(), path.of(found.name()));
        }
      }
      after = page.next();
    }
  }

  private void hand(NsObject table, FlightDescriptor path) {
    if (cancelled.getAsBoolean()) {
      throw CallStatus.CANCELLED.withDescription("the client has gone").toRuntimeException();
    }
    if (++listed > MAX) {
      throw new Failure.Busy("too many tables match: pattern=%s max=%d".formatted(pattern, MAX));
    }
    sink.take(table, path);
  }
}
