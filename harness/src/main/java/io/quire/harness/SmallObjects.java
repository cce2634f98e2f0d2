package io.quire.harness;

import com.fasterxml.jackson.databind.JsonNode;
import io.quire.node.AdminClient;
import io.quire.node.AdminClient.AdminException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;

/**
 * Small objects, made, looked up, renamed and deleted through different nodes, with a ledger of
 * what was acknowledged. What may or may not have happened is struck from the ledger.
 */
final class SmallObjects {
  private static final String PREFIX = "/demo/";
  private static final Duration REFUSED_MAX = Duration.ofSeconds(60);

  private final Map<String, String> acknowledged = new TreeMap<>();
  private final List<Long> publishNanos = Collections.synchronizedList(new ArrayList<>());
  private volatile boolean over;
  private volatile int cycles;
  private volatile int unsure;

  /**
   * One cycle over three nodes: create here, look there, rename elsewhere, delete every second one.
   */
  void cycle(List<LocalCluster.Worker> workers, int number) {
    AdminClient first = workers.get(number % workers.size()).client();
    AdminClient second = workers.get((number + 1) % workers.size()).client();
    AdminClient third = workers.get((number + 2) % workers.size()).client();
    String name = PREFIX + "object-" + number;
    String value = "value " + number;
    publishNanos.add(ask(() -> first.create(name, value)));
    note(name, value);
    CheckFailed.unless(
        value.equals(ask(() -> text(second, name))),
        "an object created on one node is found on another",
        "name=%s node=%s",
        name,
        second.node());
    String renamed = PREFIX + "renamed-" + number;
    forget(name);
    publishNanos.add(ask(() -> third.rename(name, renamed)));
    note(renamed, value);
    CheckFailed.unless(
        ask(() -> first.stat(name) == null && first.stat(renamed) != null),
        "a rename on one node shows on another",
        "name=%s",
        name);
    if (number % 2 == 0) {
      forget(renamed);
      publishNanos.add(ask(() -> second.delete(renamed)));
      CheckFailed.unless(
          ask(() -> third.stat(renamed) == null),
          "a delete on one node shows on another",
          "name=%s",
          renamed);
    }
  }

  /** A refusal did nothing, so what was refused is asked again. */
  private static <T> T ask(Supplier<T> question) {
    return Recovery.ask(REFUSED_MAX, question);
  }

  /**
   * Runs cycles until {@link #stop}, on a thread of its own.
   *
   * @param dying whether a node may die meanwhile: what is refused or unsure then is struck from
   *     the ledger, and the next cycle begins
   */
  Thread run(List<LocalCluster.Worker> workers, boolean dying, List<Throwable> failures) {
    over = false;
    return Thread.ofVirtual()
        .start(
            () -> {
              try {
                while (!over) {
                  cycleOnce(workers, dying);
                }
              } catch (AdminException | CheckFailed e) {
                failures.add(e);
              }
            });
  }

  private void cycleOnce(List<LocalCluster.Worker> workers, boolean dying) {
    int number = cycles++;
    try {
      cycle(workers, number);
    } catch (AdminException e) {
      if (!dying) {
        throw e;
      }
      unsure++;
      forget(PREFIX + "object-" + number);
      forget(PREFIX + "renamed-" + number);
    }
  }

  void stop() {
    over = true;
  }

  /** Cycles that were cut short while a node was dying. */
  int unsure() {
    return unsure;
  }

  int cycles() {
    return cycles;
  }

  /** Two nodes create one name at the same moment; exactly one gets it. */
  void race(LocalCluster.Worker one, LocalCluster.Worker other, int rounds)
      throws InterruptedException {
    for (int round = 0; round < rounds; round++) {
      String name = PREFIX + "race-" + ThreadLocalRandom.current().nextLong(Long.MAX_VALUE);
      CyclicBarrier start = new CyclicBarrier(2);
      List<String> won = Collections.synchronizedList(new ArrayList<>());
      List<Throwable> odd = Collections.synchronizedList(new ArrayList<>());
      List<Thread> racers = new ArrayList<>();
      for (LocalCluster.Worker racer : List.of(one, other)) {
        racers.add(Thread.ofVirtual().start(() -> race(racer, name, start, won, odd)));
      }
      for (Thread racer : racers) {
        racer.join(60_000);
      }
      CheckFailed.unless(
          won.size() == 1 && odd.isEmpty(),
          "of two nodes that race for a name exactly one wins",
          "name=%s won=%s failures=%s",
          name,
          won,
          odd);
      note(name, won.getFirst());
    }
  }

  private static void race(
      LocalCluster.Worker racer,
      String name,
      CyclicBarrier start,
      List<String> won,
      List<Throwable> odd) {
    try {
      start.await();
      ask(() -> racer.client().create(name, racer.name()));
      won.add(racer.name());
    } catch (AdminException e) {
      if (e.status() != 409) {
        odd.add(e);
      }
    } catch (BrokenBarrierException e) {
      odd.add(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      odd.add(e);
    }
  }

  /** Creates one object on a node as soon as that works; returns the seconds it took. */
  double createWhenPossible(LocalCluster.Worker worker, String name) throws InterruptedException {
    long begun = System.nanoTime();
    for (int attempt = 0; ; attempt++) {
      String tried = PREFIX + name + "-" + attempt;
      try {
        worker.client().create(tried, name);
        note(tried, name);
        return (System.nanoTime() - begun) / 1e9;
      } catch (AdminException e) {
        CheckFailed.unless(
            System.nanoTime() - begun < 60_000_000_000L,
            "publishing resumes after a node died",
            "node=%s last=%s",
            worker.name(),
            e.getMessage());
        Thread.sleep(20);
      }
    }
  }

  /** Every acknowledged object is there on the node, and nothing that was acknowledged as gone. */
  int verify(LocalCluster.Worker worker) {
    Map<String, String> ledger;
    synchronized (acknowledged) {
      ledger = new TreeMap<>(acknowledged);
    }
    List<String> listed = new ArrayList<>();
    for (JsonNode object : worker.client().list(PREFIX + "*")) {
      listed.add(object.path("name").asText());
    }
    for (Map.Entry<String, String> entry : ledger.entrySet()) {
      CheckFailed.unless(
          listed.contains(entry.getKey())
              && entry.getValue().equals(text(worker.client(), entry.getKey())),
          "every acknowledged object is there",
          "name=%s node=%s",
          entry.getKey(),
          worker.name());
    }
    return ledger.size();
  }

  /** Nanoseconds below which a part of all publishes took. */
  long publishNanos(double part) {
    synchronized (publishNanos) {
      if (publishNanos.isEmpty()) {
        return 0;
      }
      List<Long> sorted = publishNanos.stream().sorted().toList();
      return sorted.get((int) Math.min(sorted.size() - 1, Math.floor(sorted.size() * part)));
    }
  }

  int publishes() {
    return publishNanos.size();
  }

  private void note(String name, String value) {
    synchronized (acknowledged) {
      acknowledged.put(name, value);
    }
  }

  private void forget(String name) {
    synchronized (acknowledged) {
      acknowledged.remove(name);
    }
  }

  private static String text(AdminClient client, String name) {
    try (InputStream in = client.read(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new CheckFailed("an object's value can be read", "name=" + name + " " + e.getMessage());
    }
  }
}
