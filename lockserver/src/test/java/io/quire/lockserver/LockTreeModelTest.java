package io.quire.lockserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Rules;
import io.quire.lockserver.LockOperation.Acquire;
import io.quire.lockserver.LockOperation.Add;
import io.quire.lockserver.LockOperation.Cancel;
import io.quire.lockserver.LockOperation.Close;
import io.quire.lockserver.LockOperation.Convert;
import io.quire.lockserver.LockOperation.Create;
import io.quire.lockserver.LockOperation.Open;
import io.quire.lockserver.LockOperation.Release;
import io.quire.sim.Dice;
import io.quire.sim.Seeds;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Random operations of many sessions on the fold and on a model of it. */
@Timeout(120)
class LockTreeModelTest {
  private static final List<String> PATHS = List.of("/l", "/m/n", "/m");
  private static final List<LockMode> MODES = List.of(LockMode.values());
  private static final int STEPS = 300;

  @Test
  void randomOperations_areAsInTheModel() {
    Seeds.fresh(400, seed -> new Run(seed, Rules.ALL).play());
  }

  @ParameterizedTest
  @EnumSource(
      value = Rules.Rule.class,
      names = {"REQUEST_ONCE", "LOCK_QUEUE_SAVED", "LOCK_DELAY", "LOCK_MODES", "CONVERT_IN_PLACE"})
  void brokenRule_isNoticed(Rules.Rule rule) {
    int caught = 0;
    for (long seed = 1; seed <= 50; seed++) {
      try {
        new Run(seed, Rules.without(rule)).play();
      } catch (AssertionError e) {
        caught++;
      }
    }
    assertThat(caught).as("of 50 seeds without %s", rule).isGreaterThan(25);
  }

  private static final class Run {
    private final Dice dice;
    private final LockModel model = new LockModel();
    private final Map<Tenure, List<Long>> sessions = new HashMap<>();
    private final List<Tenure> tenures = new ArrayList<>();
    private final Map<Long, LockModel.Wanted> requests = new HashMap<>();
    private final Map<Long, LockModel.Wanted> conversions = new HashMap<>();
    private final List<LockEntry.Request> sent = new ArrayList<>();
    private final List<LockAnswer> answers = new ArrayList<>();
    private TreeDriver driver;
    private long sequence = 100;
    private int incarnation;

    Run(long seed, Rules rules) {
      dice = new Dice(seed);
      driver = new TreeDriver(LockLimits.DEFAULT, rules);
    }

    void play() {
      for (int i = 0; i < 3; i++) {
        join();
      }
      for (int i = 0; i < STEPS; i++) {
        step();
        compare();
      }
    }

    private void join() {
      Tenure tenure = driver.join("n" + ++incarnation, incarnation);
      tenures.add(tenure);
      sessions.put(tenure, new ArrayList<>());
    }

    private void step() {
      int kind = (int) dice.between(0, 99);
      Tenure tenure = dice.pick(tenures);
      List<Long> of = sessions.getOrDefault(tenure, List.of());
      if (of.isEmpty() || kind < 5) {
        long id = ask(tenure, new Open("s")).number();
        sessions.getOrDefault(tenure, new ArrayList<>()).add(id);
        model.sessions.add(id);
      } else if (kind < 45) {
        acquire(tenure, dice.pick(of), dice.pick(PATHS));
      } else if (kind < 57) {
        release(tenure, dice.pick(of), dice.pick(PATHS));
      } else if (kind < 66) {
        convert(tenure, dice.pick(of), dice.pick(PATHS));
      } else if (kind < 68) {
        cancelConversion(tenure);
      } else if (kind < 70) {
        cancel(tenure, dice.pick(of), dice.pick(PATHS));
      } else if (kind < 76) {
        add(tenure, dice.pick(of), "/c" + dice.between(0, 1));
      } else if (kind < 80) {
        ephemeral(tenure, dice.pick(of), "/e" + dice.between(0, 3));
      } else if (kind < 84) {
        close(tenure, dice.pick(of));
      } else if (kind < 87) {
        expire(tenure);
      } else if (kind < 92) {
        delayOver();
      } else if (kind < 97) {
        again();
      } else {
        driver = driver.copy();
      }
    }

    private LockAnswer ask(Tenure tenure, LockOperation operation) {
      var request = new LockEntry.Request(tenure, ++sequence, sequence - 50, operation);
      LockAnswer answer = driver.apply(request);
      sent.add(request);
      answers.add(answer);
      return answer;
    }

    /** A request comes once more: it is answered alike, or not at all if it is too old. */
    private void again() {
      int which = (int) dice.between(Math.max(0, sent.size() - 40), sent.size() - 1);
      LockEntry.Request request = sent.get(which);
      if (driver.tree.lives(request.tenure())) {
        assertThat(driver.apply(request)).isEqualTo(answers.get(which));
      }
    }

    private void acquire(Tenure tenure, long session, String path) {
      LockMode mode = dice.pick(MODES);
      boolean waits = dice.chance(0.8);
      int delay = dice.nextBoolean() ? 100 : 0;
      LockModel.Wanted wanted = new LockModel.Wanted(path, session, mode, delay > 0);
      var answer = ask(tenure, new Acquire(session, path, mode, waits, delay, new byte[0]));
      requests.put(sequence, wanted);
      assertThat(answer.code().name()).isEqualTo(model.acquire(wanted, waits));
    }

    private long generation(long session, String path) {
      LockTable.PathLock lock = driver.tree.locks().lock(path);
      if (lock != null) {
        for (LockTable.Hold hold : lock.holds.values()) {
          if (hold.asker().session() == session) {
            return hold.generation();
          }
        }
      }
      return 0;
    }

    private void release(Tenure tenure, long session, String path) {
      assertThat(ask(tenure, new Release(session, generation(session, path))).code().name())
          .isEqualTo(model.release(path, session));
    }

    private void convert(Tenure tenure, long session, String path) {
      LockMode to = dice.pick(MODES);
      long before = generation(session, path);
      LockTable.Hold hold = driver.tree.locks().hold(before);
      LockAnswer answer = ask(tenure, new Convert(session, before, to));
      model.on(path).stream()
          .filter(one -> one.session == session && one.held)
          .forEach(one -> conversions.put(sequence, one));
      assertThat(answer.code().name()).isEqualTo(model.convert(path, session, to));
      if (hold != null && answer.code() == LockAnswer.Code.GRANTED && hold.mode() != to) {
        assertThat(driver.tree.locks().held(before)).as("the old one").isFalse();
        assertThat(answer.number()).isGreaterThan(before);
      }
    }

    /** Of those that wait and others, which it does nothing to. */
    private void cancelConversion(Tenure tenure) {
      List<Long> asked = conversions.keySet().stream().sorted().toList();
      if (asked.isEmpty()) {
        return;
      }
      long request = asked.getLast();
      LockModel.Wanted one = conversions.remove(request);
      boolean waits = waits(tenure, one.path, request);
      ask(tenure, new Cancel(one.session, one.path, request));
      if (waits) {
        model.cancelConversion(one);
      }
    }

    private boolean waits(Tenure tenure, String path, long request) {
      LockTable.PathLock lock = driver.tree.locks().lock(path);
      return lock != null
          && lock.conversions.stream()
              .map(LockTable.Conversion::asker)
              .anyMatch(asker -> asker.request() == request && asker.tenure().equals(tenure));
    }

    private void cancel(Tenure tenure, long session, String path) {
      long request = 0;
      for (var each : requests.entrySet()) {
        LockModel.Wanted wanted = each.getValue();
        if (wanted.session == session
            && wanted.path.equals(path)
            && model.wanted.contains(wanted)) {
          request = each.getKey();
        }
      }
      ask(tenure, new Cancel(session, path, request));
      if (request != 0) {
        model.cancel(path, session);
      }
    }

    private void add(Tenure tenure, long session, String path) {
      long delta = dice.between(-5, 5);
      long after = model.counters.merge(path, delta, Long::sum);
      assertThat(ask(tenure, new Add(session, path, delta)).number()).isEqualTo(after);
    }

    private void ephemeral(Tenure tenure, long session, String path) {
      boolean there = model.ephemerals.containsKey(path);
      model.ephemerals.putIfAbsent(path, session);
      var answer = ask(tenure, new Create(session, path, new byte[0], true));
      assertThat(answer.code().name()).isEqualTo(there ? "EXISTS" : "OK");
    }

    private void close(Tenure tenure, long session) {
      ask(tenure, new Close(session));
      sessions.getOrDefault(tenure, new ArrayList<>()).remove(session);
      model.end(List.of(session), true);
    }

    private void expire(Tenure tenure) {
      driver.expire(tenure);
      tenures.remove(tenure);
      model.end(List.copyOf(sessions.getOrDefault(tenure, List.of())), false);
      sessions.remove(tenure);
      join();
    }

    private void delayOver() {
      List<LockTable.Hold> lost = List.copyOf(driver.tree.locks().lost());
      if (lost.isEmpty()) {
        return;
      }
      LockTable.Hold hold = dice.pick(lost);
      driver.apply(new LockEntry.DelayOver(hold.path(), hold.generation()));
      model.wanted.stream()
          .filter(one -> one.lost && one.session == hold.asker().session())
          .filter(one -> one.path.equals(hold.path()))
          .toList()
          .forEach(model::delayOver);
    }

    private void compare() {
      for (String path : PATHS) {
        List<String> wanted = model.on(path).stream().map(Object::toString).sorted().toList();
        List<String> found = new ArrayList<>();
        List<Long> queue = new ArrayList<>();
        LockTable.PathLock lock = driver.tree.locks().lock(path);
        if (lock != null) {
          for (LockTable.Hold hold : lock.holds.values()) {
            LockMode to =
                lock.conversions.stream()
                    .filter(each -> each.generation() == hold.generation())
                    .map(LockTable.Conversion::mode)
                    .findFirst()
                    .orElse(null);
            String how = hold.lost() ? "lost" : "held";
            found.add(LockModel.text(hold.asker().session(), hold.mode(), how, to));
          }
          for (LockTable.Waiter waiter : lock.queue) {
            found.add(LockModel.text(waiter.asker().session(), waiter.mode(), "waits", null));
            queue.add(waiter.asker().session());
          }
        }
        assertThat(found.stream().sorted().toList()).as(path).isEqualTo(wanted);
        assertThat(queue)
            .isEqualTo(
                model.on(path).stream().filter(one -> !one.held).map(one -> one.session).toList());
      }
      assertThat(driver.tree.sessionCount()).isEqualTo(model.sessions.size());
      for (int i = 0; i <= 3; i++) {
        assertThat(driver.tree.files().file("/e" + i) != null)
            .isEqualTo(model.ephemerals.containsKey("/e" + i));
      }
      model.counters.forEach(
          (path, value) -> {
            FileTable.TreeFile file = driver.tree.files().file(path);
            assertThat(file == null ? 0 : FileTable.counter(file.contents())).isEqualTo(value);
          });
    }
  }
}
