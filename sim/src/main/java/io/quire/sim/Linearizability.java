package io.quire.sim;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Whether a history can be explained by registers, one per key, each operation taking effect at one
 * moment between its begin and its end. An unknown write takes effect at any time after its begin,
 * or never. Keys are judged one by one, which is enough: linearizability is local.
 */
public final class Linearizability {
  private Linearizability() {}

  /** Judges all keys; the first bad one decides. All keys are absent in the beginning. */
  public static Verdict check(History history) {
    Verdict verdict = new Verdict.Good();
    for (Verdict one : judge(history).values()) {
      if (one instanceof Verdict.Bad) {
        return one;
      }
      if (one instanceof Verdict.Undecided) {
        verdict = one;
      }
    }
    return verdict;
  }

  /** Judges each key by itself: the verdicts that are not good, by key. */
  public static Map<String, Verdict> judge(History history) {
    Map<String, Verdict> verdicts = new LinkedHashMap<>();
    history
        .byKey()
        .forEach(
            (key, operations) -> {
              Verdict verdict = check(key, operations);
              if (!(verdict instanceof Verdict.Good)) {
                verdicts.put(key, verdict);
              }
            });
    return verdicts;
  }

  private static Verdict check(String key, List<Operation> operations) {
    LinearSearch search = new LinearSearch(operations, Long.MAX_VALUE);
    return switch (search.run()) {
      case FOUND -> new Verdict.Good();
      case GAVE_UP -> new Verdict.Undecided("key=" + key + " operations=" + operations.size());
      case NONE -> new Verdict.Bad(explain(key, operations));
    };
  }

  /*
   * The shortest history that is bad says most. A prefix of a linearizable history is linearizable
   * (what had not ended by then is unknown), so the first bad prefix is found by halving.
   */
  private static String explain(String key, List<Operation> operations) {
    List<Long> ends = new ArrayList<>();
    for (Operation operation : operations) {
      if (operation.returned != Long.MAX_VALUE) {
        ends.add(operation.returned);
      }
    }
    ends.sort(null);
    int low = 0;
    int high = ends.size() - 1;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (new LinearSearch(operations, ends.get(middle)).run() == LinearSearch.Result.NONE) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    LinearSearch search = new LinearSearch(operations, ends.get(low));
    LinearSearch.Result _ = search.run();
    return "not linearizable: key=" + key + "\n" + search.explanation();
  }
}
