package io.quire.worlds;

import io.quire.gvm.Transaction;
import io.quire.sim.Dice;
import io.quire.sim.Listings;
import io.quire.twopc.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * Names that one client creates and deletes, and lists of the names of all. A list looks at keys
 * that it does not name, and waits for one that everybody touches who changes a name.
 */
final class SimulatedNames {
  private static final String PREFIX = "n/";
  private static final List<String> INDEX = List.of("n");
  private static final int LIVE_MAX = 3;

  private final String client;
  private final Listings listings;
  private final Dice dice;
  private final Duration deadline;
  private final List<String> live = new ArrayList<>();
  private int made;

  SimulatedNames(String client, Listings listings, Dice dice, Duration deadline) {
    this.client = client;
    this.listings = listings;
    this.dice = dice;
    this.deadline = deadline;
  }

  /** Creates a name, or deletes one if there are enough. */
  CompletableFuture<?> change(SimulatedNode node) {
    return live.size() < LIVE_MAX ? create(node) : delete(node);
  }

  private CompletableFuture<?> create(SimulatedNode node) {
    String name = PREFIX + client + "-" + ++made;
    listings.creating(name);
    Transaction.Builder creation = Transaction.begin().put(name, new byte[0]);
    return node.cells
        .commit(creation.touch(INDEX.getFirst()).build(), deadline)
        .thenAccept(
            outcome -> {
              if (outcome instanceof Outcome.Committed(long position, byte[] _)) {
                listings.created(name, position);
                live.add(name);
              } else if (!(outcome instanceof Outcome.Indeterminate)) {
                listings.notCreated(name);
              }
            });
  }

  private CompletableFuture<?> delete(SimulatedNode node) {
    String name = live.remove((int) dice.between(0, live.size() - 1));
    listings.deleting(name);
    Transaction.Builder deletion = Transaction.begin().remove(name);
    return node.cells
        .commit(deletion.touch(INDEX.getFirst()).build(), deadline)
        .thenAccept(
            outcome -> {
              if (outcome instanceof Outcome.Committed(long position, byte[] _)) {
                listings.deleted(name, position);
              } else if (!(outcome instanceof Outcome.Indeterminate)) {
                listings.notDeleted(name);
                live.add(name);
              }
            });
  }

  CompletableFuture<?> list(SimulatedNode node) {
    long begun = listings.beginList();
    return node.cells
        .onLoop(INDEX, deadline, () -> found(node))
        .thenAccept(found -> listings.endList(begun, found));
  }

  private static Map<String, Long> found(SimulatedNode node) {
    Map<String, Long> found = new HashMap<>();
    node.cells.forEach(
        (key, value) -> {
          if (key.startsWith(PREFIX)) {
            found.put(key, value.version());
          }
        });
    return found;
  }
}
