package io.quire.ns;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * All states that a model may be in, as far as callers were told. Usually that is one; after an
 * operation of which nobody knows whether it happened there are more, until somebody looks.
 */
final class Worlds {
  private List<Model> possible = new ArrayList<>(List.of(new Model()));

  /**
   * An operation that returned, or did not.
   *
   * @param told what it answered, or the name of the error
   * @param version that it told, or 0
   * @param unknown whether it may have happened or not
   */
  record Done(Op op, String told, long version, boolean unknown) {}

  /**
   * What was done to the nodes meanwhile.
   *
   * @param losing incarnations whose sessions may have ended
   * @param dead those of them that exited
   */
  record Harm(boolean any, Set<Long> losing, Set<Long> dead) {
    static final Harm NONE = new Harm(false, Set.of(), Set.of());
  }

  /** Errors that say that nothing happened because of what was done to the nodes. */
  private static final Set<String> REFUSALS =
      Set.of("Refused", "NotInView", "Denied", "Overtaken", "StaleHandle");

  int size() {
    return possible.size();
  }

  /**
   * Goes on to the states that some order of these leaves, if they all were under way at once.
   *
   * @return whether there is any
   */
  boolean explain(List<Done> done, Harm harm) {
    int all = (1 << done.size()) - 1;
    List<Map<String, Model>> after = new ArrayList<>();
    for (int mask = 0; mask <= all; mask++) {
      after.add(new LinkedHashMap<>());
    }
    add(after.getFirst(), possible, harm);
    Map<String, Model> ends = new LinkedHashMap<>();
    for (int mask = 0; mask <= all; mask++) {
      for (int i = 0; i < done.size(); i++) {
        if ((mask >> i & 1) == 0) {
          for (Model model : List.copyOf(after.get(mask).values())) {
            add(after.get(mask | 1 << i), next(model, done.get(i), harm), harm);
            if (done.get(i).op instanceof Op.DeleteMatching deletion) {
              add(
                  after.get(mask | 1 << i),
                  model.eachForItself(deletion, named(done), done.get(i).told),
                  harm);
            }
            if (done.size() > 1 && inVain(done.get(i))) {
              add(after.get(mask | 1 << i), model.perhaps(done.get(i).op), harm);
            }
          }
        }
      }
    }
    ends.putAll(after.get(all));
    if (harm.any) {
      ends.values().removeIf(model -> !model.atRest(harm.dead));
      ends.values().forEach(model -> model.settled(harm.dead));
    }
    boolean some = !ends.isEmpty();
    if (some) {
      possible = new ArrayList<>(ends.values());
    }
    return some;
  }

  private static List<Model> next(Model model, Done done, Harm harm) {
    if (done.unknown) {
      return model.perhaps(done.op);
    }
    Model copy = model.copy();
    if (copy.apply(done.op, done.version).contains(done.told)) {
      return List.of(copy);
    }
    return harm.any && REFUSALS.contains(done.told) ? List.of(model) : List.of();
  }

  /**
   * Whether it may have begun to open what was deleted before it had it: then that may say that it
   * was open once.
   */
  private static boolean inVain(Done done) {
    return (done.op instanceof Op.Open || done.op instanceof Op.OpenId)
        && (done.told.equals("Draining") || done.told.equals("none"));
  }

  /** The objects that get a name, or another one. */
  private static Set<Integer> named(List<Done> done) {
    return done.stream()
        .flatMap(
            each ->
                each.op instanceof Op.Together(var changes) ? changes.stream() : Stream.of(each.op))
        .flatMap(
            op ->
                switch (op) {
                  case Op.Move move -> Stream.of(move.seen().object());
                  case Op.Create create -> Stream.of(create.object());
                  default -> Stream.empty();
                })
        .collect(Collectors.toSet());
  }

  /** With all that may happen by itself. */
  private static void add(Map<String, Model> to, Collection<Model> models, Harm harm) {
    ArrayDeque<Model> left = new ArrayDeque<>(models);
    while (!left.isEmpty()) {
      Model model = left.remove();
      if (to.putIfAbsent(model.key(), model) == null && harm.any) {
        left.addAll(model.drift(harm.losing, harm.dead));
      }
    }
  }

  /** Keeps those for which that is so; false if it is so for none. */
  boolean keep(Predicate<Model> which) {
    List<Model> kept = possible.stream().filter(which).toList();
    if (kept.isEmpty()) {
      return false;
    }
    Map<String, Model> different = new LinkedHashMap<>();
    kept.forEach(model -> different.put(model.key(), model));
    possible = new ArrayList<>(different.values());
    return true;
  }

  /** What a node may show, for a message. */
  String looks(long incarnation) {
    return String.join(
        "\nor\n", possible.stream().limit(3).map(model -> model.look(incarnation)).toList());
  }
}
