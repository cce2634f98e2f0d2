package io.quire.ns;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.ns.Model.Op;
import io.quire.sim.Dice;
import io.quire.sim.Seeds;
import io.quire.sim.Stage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Operations by chance from three nodes, with messages and entries in an order by chance, against a
 * plain model. In the middle of one operation another may run on another node; then some order of
 * the two explains both.
 */
@Timeout(60)
class NamespacesModelTest {
  @Test
  void seeds_meanWhatTheModelMeans() {
    Seeds.fresh(300, seed -> new Run(seed).run());
  }

  /** An operation that was done, with what came of it. */
  private record Done(Op op, String result, long version) {}

  private static final class Run {
    private static final int STEPS = 60;

    private final Dice dice;
    private final Stage stage = new Stage();
    private final List<NsPeer> peers;
    private final Map<Long, Integer> labels = new HashMap<>();
    private final List<Long> xids = new ArrayList<>();
    private final List<NsObject> seen = new ArrayList<>();
    private final List<NsRef> references = new ArrayList<>();
    private final List<String> trace = new ArrayList<>();
    private Model model = new Model();
    private @Nullable Done nested;

    Run(long seed) {
      dice = new Dice(seed);
      peers = NsPeer.inView(stage, "a", "b", "c");
      peers.forEach(peer -> peer.namespaces.reserveXid());
      stage.whenEntered(() -> stage.settle(dice));
    }

    void run() {
      for (int i = 0; i < STEPS; i++) {
        nested = null;
        Op op = draw();
        if (dice.chance(0.3) && !(op instanceof Op.Wait)) {
          interrupt();
        }
        Done outer = perform(op);
        stage.whenEntered(() -> stage.settle(dice));
        check(outer, nested);
      }
    }

    /** Lets another operation run where this one first enters its loop. */
    private void interrupt() {
      stage.whenEntered(
          () -> {
            stage.whenEntered(() -> stage.settle(dice));
            Op other = draw();
            if (!(other instanceof Op.Wait)) {
              nested = perform(other);
            }
            stage.settle(dice);
          });
    }

    private void check(Done outer, @Nullable Done inner) {
      trace.add(inner == null ? outer.toString() : outer + " during it " + inner);
      if (inner == null) {
        assertThat(explain(model, outer)).as("%s", last()).isNull();
        return;
      }
      Model first = model.copy();
      String why = explain(first, inner, outer);
      if (why == null) {
        model = first;
      } else {
        assertThat(explain(model, outer, inner)).as("%s or %s", last(), why).isNull();
      }
    }

    private List<String> last() {
      return trace.subList(Math.max(0, trace.size() - 8), trace.size());
    }

    /** Null if the model says the same. */
    private static @Nullable String explain(Model model, Done... order) {
      for (Done done : order) {
        String wanted = model.apply(done.op(), done.version());
        if (!wanted.equals(done.result())) {
          return done + " wanted=" + wanted;
        }
      }
      return null;
    }

    private String name() {
      return "/n" + dice.between(0, 3);
    }

    private Op draw() {
      if (seen.isEmpty()) {
        return new Op.Create(0, name(), dice.nextInt());
      }
      NsObject some = dice.pick(seen);
      int label = label(some.xid());
      Model.Seen known = new Model.Seen(some.name(), some.version(), some.draining());
      return switch ((int) dice.between(0, 14)) {
        case 0, 1, 2 -> new Op.Create(xids.size(), name(), dice.nextInt());
        case 3 -> new Op.Lookup(name());
        case 4 -> new Op.LookupId(label);
        case 5, 6 -> new Op.Update(label, known, dice.nextInt());
        case 7, 8 -> new Op.Rename(label, known, name());
        case 9 -> new Op.Delete(name());
        case 10 -> new Op.DeleteSeen(label, known);
        case 11 -> dice.nextBoolean() ? new Op.Open(name()) : new Op.OpenId(label);
        case 12 ->
            references.isEmpty()
                ? new Op.List()
                : new Op.Close(label(references.getFirst().object().xid()));
        case 13 -> new Op.List();
        default -> new Op.Wait();
      };
    }

    private int label(long xid) {
      Integer label = labels.get(xid);
      if (label == null) {
        throw new AssertionError("an object from nowhere: xid=" + Long.toHexString(xid));
      }
      return label;
    }

    private Done perform(Op op) {
      Namespaces at = dice.pick(peers).namespaces;
      try {
        return switch (op) {
          case Op.Create(int _, String name, int value) -> create(at, name, value);
          case Op.Lookup(String name) -> met(op, at.lookup(NsHandle.ROOT, name));
          case Op.LookupId(int label) -> met(op, at.lookup(xids.get(label)));
          case Op.Update(int label, Model.Seen known, int value) ->
              changed(op, at.update(recall(label, known), bytes(value)));
          case Op.Rename(int label, Model.Seen known, String name) ->
              changed(op, at.rename(recall(label, known), name));
          case Op.Delete(String name) -> {
            at.delete(NsHandle.ROOT, name);
            yield new Done(op, "ok", 0);
          }
          case Op.DeleteSeen(int label, Model.Seen known) -> {
            at.delete(recall(label, known));
            yield new Done(op, "ok", 0);
          }
          case Op.Open(String name) -> opened(op, at.open(NsHandle.ROOT, name));
          case Op.OpenId(int label) -> opened(op, at.open(xids.get(label)));
          case Op.Close _ -> {
            references.removeFirst().close();
            yield new Done(op, "ok", 0);
          }
          case Op.List() ->
              new Done(
                  op,
                  at.listAll(NsHandle.ROOT, NamePattern.ALL).stream()
                          .map(NamePage.Listed::name)
                          .toList()
                      + "",
                  0);
          case Op.Wait() -> {
            stage.play(Duration.ofSeconds(1));
            yield new Done(op, "ok", 0);
          }
        };
      } catch (NsException e) {
        return new Done(op, e.getClass().getSimpleName(), 0);
      }
    }

    /** The label is given when the id is known: an operation in the middle may create, too. */
    private Done create(Namespaces at, String name, int value) {
      long xid = at.reserveXid();
      int label = xids.size();
      xids.add(xid);
      labels.put(xid, label);
      Op op = new Op.Create(label, name, value);
      try {
        NsObject made = at.create(xid, NsHandle.ROOT, name, "k", Lifetime.DURABLE, bytes(value));
        seen.add(made);
        return new Done(op, "ok", made.version());
      } catch (NsException e) {
        return new Done(op, e.getClass().getSimpleName(), 0);
      }
    }

    private NsObject recall(int label, Model.Seen known) {
      return seen.stream()
          .filter(
              each ->
                  label(each.xid()) == label
                      && each.version() == known.version()
                      && each.draining() == known.draining()
                      && each.name().equals(known.name()))
          .findFirst()
          .orElseThrow();
    }

    private Done changed(Op op, NsObject next) {
      seen.add(next);
      return new Done(op, "ok", next.version());
    }

    private Done met(Op op, Optional<NsObject> found) {
      NsObject object = found.orElse(null);
      if (object == null) {
        return new Done(op, "null", 0);
      }
      seen.add(object);
      return new Done(op, text(object), 0);
    }

    private Done opened(Op op, Optional<NsRef> found) {
      NsRef reference = found.orElse(null);
      if (reference == null) {
        return new Done(op, "null", 0);
      }
      references.addLast(reference);
      return new Done(op, text(reference.object()), 0);
    }

    private String text(NsObject object) {
      int value = new WireReader(object.value()).int32();
      return Model.text(label(object.xid()), object.name(), value, object.draining());
    }

    private static byte[] bytes(int value) {
      return new WireWriter(4).int32(value).toBytes();
    }
  }
}
