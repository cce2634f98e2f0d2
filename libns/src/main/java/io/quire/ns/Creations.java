package io.quire.ns;

import io.quire.twopc.Outcome;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Creates many objects, as many with one transaction as it may hold and some transactions at a
 * time. One whose name is taken does not keep the others. After any other failure no more are
 * begun; what becomes of those that are under way is waited for.
 */
final class Creations {
  /** Each is two conditions and two writes, of a thousand; few more are of all together. */
  private static final int AT_ONCE = 240;

  private static final int BYTES_AT_ONCE = 1 << 20;
  private static final int IN_FLIGHT = 8;

  private final Namespaces namespaces;
  private final NsHandle namespace;
  private final List<NewObject> wanted;
  private final @Nullable Created[] results;
  private final Deque<Batch> inFlight = new ArrayDeque<>();
  private @Nullable NsException failure;

  /** Which of those that are wanted go together. */
  private record Batch(
      List<Integer> places,
      List<NsObject> drafts,
      ObjectChanges changes,
      CompletableFuture<Outcome> outcome) {}

  Creations(Namespaces namespaces, NsHandle namespace, List<NewObject> wanted) {
    this.namespaces = namespaces;
    this.namespace = namespace;
    this.wanted = wanted;
    results = new Created[wanted.size()];
  }

  List<Created> run() {
    for (NewObject object : wanted) {
      ObjectName.check(object.name());
      Checks.kind(object.kind());
      Checks.value(object.name(), object.value());
    }
    Deque<Integer> left = new ArrayDeque<>(free());
    while (!left.isEmpty() || !inFlight.isEmpty()) {
      NsException failed = failure;
      if (failed != null && !left.isEmpty()) {
        fail(
            left,
            new NsException.Refused("not tried, since others failed: " + failed.getMessage()));
        left.clear();
      } else if (!left.isEmpty() && inFlight.size() < IN_FLIGHT) {
        submit(next(left));
      } else {
        settle(inFlight.remove());
      }
    }
    return Arrays.asList(results);
  }

  /** Those whose names nobody has now, each name once. */
  private List<Integer> free() {
    var found = namespaces.lookupAll(namespace, wanted.stream().map(NewObject::name).toList());
    Set<String> names = new HashSet<>();
    List<Integer> free = new ArrayList<>();
    for (int i = 0; i < wanted.size(); i++) {
      String name = wanted.get(i).name();
      if (found.get(i).isPresent() || !names.add(name)) {
        results[i] = new Created.NameTaken(name);
      } else {
        free.add(i);
      }
    }
    return free;
  }

  private List<Integer> next(Deque<Integer> left) {
    List<Integer> places = new ArrayList<>();
    long bytes = 0;
    while (!left.isEmpty() && places.size() < AT_ONCE) {
      int length = wanted.get(left.element()).value().length;
      if (!places.isEmpty() && bytes + length > BYTES_AT_ONCE) {
        break;
      }
      bytes += length;
      places.add(left.remove());
    }
    return places;
  }

  private void submit(List<Integer> places) {
    try {
      begin(places);
    } catch (NsException e) {
      failure = e;
      fail(places, e);
    }
  }

  private void begin(List<Integer> places) {
    ObjectChanges changes = new ObjectChanges();
    List<NsObject> drafts = new ArrayList<>(places.size());
    for (int place : places) {
      NewObject object = wanted.get(place);
      NsObject draft =
          namespaces.draft(
              namespaces.reserveXid(),
              namespace,
              object.name(),
              object.kind(),
              object.lifetime(),
              object.value());
      changes.create(draft);
      drafts.add(draft);
    }
    inFlight.add(new Batch(places, drafts, changes, namespaces.submit(changes)));
  }

  private void settle(Batch batch) {
    try {
      take(batch);
    } catch (NsException e) {
      failure = e;
      fail(batch.places, e);
    }
  }

  private void fail(Collection<Integer> places, NsException why) {
    places.forEach(place -> results[place] = new Created.Failed(wanted.get(place).name(), why));
  }

  private void take(Batch batch) {
    String doing =
        "creating: namespace=%s objects=%d".formatted(namespace.text(), batch.places.size());
    switch (Calls.outcome(doing, batch.outcome)) {
      case Outcome.Committed(long position, byte[] _) -> {
        for (int i = 0; i < batch.places.size(); i++) {
          results[batch.places.get(i)] = new Created.Made(batch.drafts.get(i).at(position));
        }
      }
      case Outcome.Rejected rejected -> withoutTheTaken(batch, rejected);
      case Outcome.Aborted aborted -> throw Calls.aborted(doing, aborted);
      case Outcome.Indeterminate(var txn) ->
          throw new NsException.Indeterminate("may have happened: " + doing, txn);
    }
  }

  private void withoutTheTaken(Batch batch, Outcome.Rejected rejected) {
    NsException why = batch.changes.failed(rejected);
    if (!(why instanceof NsException.NameTaken)) {
      throw why;
    }
    int taken = batch.drafts.indexOf(batch.changes.failedObject(rejected));
    List<Integer> others = new ArrayList<>(batch.places);
    int place = others.remove(taken);
    results[place] = new Created.NameTaken(wanted.get(place).name());
    if (!others.isEmpty()) {
      submit(others);
    }
  }
}
