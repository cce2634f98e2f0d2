package io.quire.ager;

import java.util.ArrayList;
import java.util.List;

/**
 * What is said of requests that have no room: who may be asked to release some, who has no hope of
 * any, and what is told to those who are refused. Guarded by the lock of {@link Memory}.
 */
final class Refusals {
  private static final int PINNED_NAMED_MAX = 8;

  /** For so long stores must have refused everything before there is no hope. */
  private static final long HOPELESS_NANOS = 900_000_000L;

  /** For so long a request waits for what is being written before listeners are asked. */
  private static final long PATIENCE_NANOS = 50_000_000L;

  private final long budgetBytes;
  private final Table table;
  private final Clients clients;
  private final Rooms rooms;
  private final Dirty dirty;
  private final PinTrace pinTrace;

  Refusals(
      long budgetBytes, Table table, Clients clients, Rooms rooms, Dirty dirty, PinTrace pinTrace) {
    this.budgetBytes = budgetBytes;
    this.table = table;
    this.clients = clients;
    this.rooms = rooms;
    this.dirty = dirty;
    this.pinTrace = pinTrace;
  }

  /** What is short, for those whom it does not seem to help that something is written. */
  List<Pressing.Shortage> shortages() {
    long[] atLimit = new long[Clients.MAX];
    long all = 0;
    for (RoomRequest request : rooms.all()) {
      if (request.urgent() && !isPatient(request)) {
        if (rooms.isAtLimit(request)) {
          atLimit[request.extent().client()] += request.extent().bytes();
        } else {
          all += request.extent().bytes();
        }
      }
    }
    List<Pressing.Shortage> shortages = new ArrayList<>();
    if (all > 0) {
      shortages.add(new Pressing.Shortage(null, all));
    }
    for (Account client : clients.all()) {
      if (atLimit[client.number] > 0) {
        shortages.add(new Pressing.Shortage(client, atLimit[client.number]));
      }
    }
    return shortages;
  }

  private boolean isPatient(RoomRequest request) {
    long unwritten =
        rooms.isAtLimit(request) ? clients.of(request.extent()).dirtyBytes : dirty.bytes();
    return unwritten > 0
        && dirty.refusals().isEmpty()
        && System.nanoTime() - request.sinceNanos() < PATIENCE_NANOS
        && request.deadline().remainingNanos() > PATIENCE_NANOS;
  }

  /** Who needs what is in memory only, while no store takes anything: nothing can help them. */
  List<RoomRequest> hopeless() {
    return dirty.refusedNanos() < HOPELESS_NANOS
        ? List.of()
        : rooms.all().stream().filter(this::isHopeless).toList();
  }

  private boolean isHopeless(RoomRequest request) {
    Account client = clients.of(request.extent());
    long limitBytes = (long) rooms.limitPages(request) * Runs.PAGE_BYTES;
    long left = Math.min(limitBytes - dirty.bytes(), client.limitBytes() - client.dirtyBytes);
    return request.extent().footprint() > left;
  }

  /** What is told to somebody who got no room. */
  AgerException of(RoomRequest request) {
    Extent extent = request.extent();
    Account client = clients.of(extent);
    client.refusals++;
    boolean never = !clients.everAllows(extent, request.draft());
    boolean atLimit = never || rooms.isAtLimit(request);
    long unwritten = atLimit ? client.dirtyBytes : dirty.bytes();
    if (!never && unwritten > 0 && !dirty.refusals().isEmpty()) {
      return new AgerException.NoStoreLeft(extent.bytes(), dirty.refusals());
    }
    return atLimit ? clients.refusal(extent, request.draft()) : allIsHeld(extent);
  }

  private AgerException allIsHeld(Extent extent) {
    List<Long> held = new ArrayList<>();
    long[] bytes = {0};
    table.forEach(
        each -> {
          if (each.held()) {
            bytes[0] += each.footprint();
            if (held.size() < PINNED_NAMED_MAX) {
              held.add(each.id());
            }
          }
        });
    return new AgerException.OutOfMemoryBudget(
        extent.bytes(), budgetBytes, bytes[0], held, pinTrace.oldest(PINNED_NAMED_MAX));
  }
}
