package io.quire.sim;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Whether transactions that write one value, unique to them, to several keys at once were ever seen
 * by halves. A transaction is known by its value and stands at a version, the same for all its keys
 * and growing with every write; keys are not deleted.
 *
 * <p>Who sees a transaction on one key must see it, or something newer, on all of its keys: in the
 * same look, and in every look that begins after this one ended. Likewise who looks after it was
 * acknowledged. Safe from any thread.
 */
public final class Atomicity {
  /** What a look found of a key; value null and version 0 if it was absent. */
  public record Seen(@Nullable String value, long version) {}

  private record Transaction(String value, List<String> keys) {}

  private record Look(long begin, long end, Map<String, Seen> seen) {}

  private record Acknowledged(long order, Transaction transaction, long version) {}

  private final Map<String, Transaction> transactions = new HashMap<>();
  private final List<Acknowledged> acknowledged = new ArrayList<>();
  private final List<Look> looks = new ArrayList<>();
  private final Map<String, Boolean> failed = new HashMap<>();
  private long order;

  /** Before anything of it is sent. */
  public synchronized void begin(String value, List<String> keys) {
    if (transactions.putIfAbsent(value, new Transaction(value, List.copyOf(keys))) != null) {
      throw new IllegalArgumentException("value used twice: value=" + value);
    }
  }

  public synchronized void committed(String value, long version) {
    acknowledged.add(new Acknowledged(order++, transaction(value), version));
  }

  /** It did not happen and never will. */
  public synchronized void failed(String value) {
    failed.put(value, true);
  }

  /** Before a look; gives a number for its end. */
  public synchronized long beginLook() {
    return order++;
  }

  /** What was found of the keys at one moment since {@code begin}. */
  public synchronized void endLook(long begin, Map<String, Seen> seen) {
    looks.add(new Look(begin, order++, new HashMap<>(seen)));
  }

  public synchronized Verdict check() {
    Map<String, Long> versions = new HashMap<>();
    for (Acknowledged each : acknowledged) {
      versions.put(each.transaction.value, each.version);
    }
    for (Look look : looks) {
      Verdict verdict = alone(look, versions);
      if (verdict instanceof Verdict.Bad) {
        return verdict;
      }
    }
    return inOrder();
  }

  private Verdict alone(Look look, Map<String, Long> versions) {
    for (Map.Entry<String, Seen> entry : look.seen.entrySet()) {
      Seen seen = entry.getValue();
      if (seen.value == null) {
        continue;
      }
      Transaction from = transactions.get(seen.value);
      if (from == null || !from.keys.contains(entry.getKey()) || failed.containsKey(seen.value)) {
        return new Verdict.Bad(
            "value from nowhere: key=" + entry.getKey() + " value=" + seen.value + " " + look);
      }
      long version = versions.computeIfAbsent(seen.value, _ -> seen.version);
      if (version != seen.version) {
        return new Verdict.Bad(
            "one transaction at two versions: value="
                + seen.value
                + " other="
                + version
                + " "
                + look);
      }
      for (String key : from.keys) {
        Seen other = look.seen.get(key);
        if (other != null && other.version < version) {
          return new Verdict.Bad(
              "half a transaction: value=" + seen.value + " missingOn=" + key + " " + look);
        }
      }
    }
    return new Verdict.Good();
  }

  /** Sweeps over begins and ends, with the least version that each key must show by then. */
  private Verdict inOrder() {
    record Moment(long order, Runnable effect) {}
    Map<String, Long> floor = new HashMap<>();
    List<Map<String, Long>> floors = new ArrayList<>();
    List<Moment> moments = new ArrayList<>();
    for (Acknowledged each : acknowledged) {
      moments.add(new Moment(each.order, () -> raise(floor, each.transaction, each.version)));
    }
    for (int i = 0; i < looks.size(); i++) {
      Look look = looks.get(i);
      int at = i;
      floors.add(Map.of());
      moments.add(new Moment(look.begin, () -> floors.set(at, new HashMap<>(floor))));
      moments.add(new Moment(look.end, () -> raise(floor, look)));
    }
    moments.sort(Comparator.comparingLong(Moment::order));
    moments.forEach(moment -> moment.effect.run());
    for (int i = 0; i < looks.size(); i++) {
      for (Map.Entry<String, Seen> seen : looks.get(i).seen.entrySet()) {
        long least = floors.get(i).getOrDefault(seen.getKey(), 0L);
        if (seen.getValue().version < least) {
          return new Verdict.Bad(
              "older than what was known before: key="
                  + seen.getKey()
                  + " wantedVersion="
                  + least
                  + " "
                  + looks.get(i));
        }
      }
    }
    return new Verdict.Good();
  }

  private void raise(Map<String, Long> floor, Look look) {
    for (Seen seen : look.seen.values()) {
      if (seen.value != null) {
        raise(floor, transaction(seen.value), seen.version);
      }
    }
  }

  private static void raise(Map<String, Long> floor, Transaction transaction, long version) {
    for (String key : transaction.keys) {
      floor.merge(key, version, Math::max);
    }
  }

  private Transaction transaction(String value) {
    Transaction known = transactions.get(value);
    if (known == null) {
      throw new IllegalArgumentException("no such transaction: value=" + value);
    }
    return known;
  }
}
