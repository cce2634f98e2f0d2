package io.quire.ns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.ns.ObjectVersion.What;
import io.quire.sim.Dice;
import io.quire.sim.Seeds;
import io.quire.sim.Stage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Objects change by chance, with messages and entries in an order by chance; what histories and
 * views of the past tell is what was noted at the time, on every node, after a snapshot, and as far
 * as the log is kept.
 */
@Timeout(60)
class HistoryModelTest {
  @Test
  void seeds_tellWhatWas() {
    Seeds.fresh(100, seed -> new Run(seed).run());
  }

  /** A version as it was noted when it came to be. */
  private record Noted(long position, What what, String name, int value) {
    static Noted of(ObjectVersion version) {
      return new Noted(
          version.position(),
          version.what(),
          version.object().map(NsObject::name).orElse(""),
          version.object().map(object -> (int) object.value()[0]).orElse(0));
    }

    Optional<String> text() {
      return what == What.ENDED ? Optional.empty() : Optional.of(name + "=" + value);
    }
  }

  private static final class Run {
    private static final int STEPS = 50;

    private final Dice dice;
    private final Stage stage = new Stage();
    private final List<NsPeer> peers;
    private final TreeMap<Long, List<Noted>> noted = new TreeMap<>();
    private final List<NsObject> seen = new ArrayList<>();

    Run(long seed) {
      dice = new Dice(seed);
      peers = NsPeer.inView(stage, "a", "b", "c");
      peers.forEach(peer -> peer.namespaces.reserveXid());
      stage.whenEntered(() -> stage.settle(dice));
    }

    void run() {
      for (int i = 0; i < STEPS; i++) {
        step(dice.pick(peers).namespaces);
      }
      stage.settle();
      noteEnds(peers.getFirst());
      NsPeer some = dice.pick(peers);
      noted.keySet().forEach(xid -> checkAll(some, xid));
      checkPositions(some, false);

      NsPeer forgetful = peers.getLast();
      forgetful.actor.install(peers.getFirst().actor);
      noted.keySet().forEach(xid -> checkForgetful(forgetful, xid));
      checkPositions(forgetful, true);

      long oldest = dice.between(1, forgetful.actor.log().applied());
      forgetful.actor.trim(oldest);
      noted.keySet().forEach(xid -> checkTrimmed(forgetful, xid, oldest));
    }

    private void step(Namespaces at) {
      byte[] value = {(byte) dice.between(1, 100)};
      String name = "/n" + dice.between(0, 5);
      try {
        if (seen.isEmpty() || dice.chance(0.2)) {
          NsObject made = at.create(NsHandle.ROOT, name, "k", Lifetime.DURABLE, value);
          note(made, What.CREATED);
          return;
        }
        NsObject some = dice.pick(seen);
        switch ((int) dice.between(0, 9)) {
          case 0 -> {
            at.delete(some);
            note(latest(at, some.xid()), What.DELETED);
          }
          case 1, 2, 3 -> note(at.rename(some, name), What.RENAMED);
          case 4 -> stage.play(Duration.ofSeconds(1));
          default -> note(at.update(some, value), What.UPDATED);
        }
      } catch (NsException e) {
        // It stands in the log and did not happen, or does not even stand there.
      }
    }

    private static NsObject latest(Namespaces at, long xid) {
      return at.lookup(xid).orElseThrow();
    }

    private void note(NsObject object, What what) {
      // Those that were seen before are stale, and are tried again all the same.
      seen.add(object);
      noted
          .computeIfAbsent(object.xid(), _ -> new ArrayList<>())
          .addFirst(new Noted(object.version(), what, object.name(), object.value()[0]));
    }

    /** Where an object ended nobody was told at the time. */
    private void noteEnds(NsPeer peer) {
      noted.forEach(
          (xid, versions) -> {
            if (peer.namespaces.lookup(xid).isEmpty()) {
              long position = peer.namespaces.history(xid).next(1).getFirst().position();
              assertThat(position).isGreaterThan(versions.getFirst().position());
              versions.addFirst(new Noted(position, What.ENDED, "", 0));
            }
          });
    }

    private List<Noted> told(ObjectHistory history) {
      List<Noted> told = new ArrayList<>();
      while (history.end().isEmpty()) {
        history.next((int) dice.between(1, 5)).stream().map(Noted::of).forEach(told::add);
      }
      return told;
    }

    private void checkAll(NsPeer peer, long xid) {
      ObjectHistory history = peer.namespaces.history(xid);
      assertThat(told(history)).isEqualTo(versions(xid));
      assertThat(history.end()).contains(new HistoryEnd.Created());
    }

    private List<Noted> versions(long xid) {
      return Objects.requireNonNull(noted.get(xid));
    }

    private boolean ended(long xid) {
      return versions(xid).getFirst().what() == What.ENDED;
    }

    private void checkForgetful(NsPeer peer, long xid) {
      if (ended(xid)) {
        assertThatThrownBy(() -> peer.namespaces.history(xid))
            .isInstanceOf(NsException.NotFound.class);
      } else {
        checkAll(peer, xid);
      }
    }

    private void checkPositions(NsPeer peer, boolean forgetful) {
      for (int i = 0; i < 20; i++) {
        long position = dice.between(0, peer.actor.log().applied());
        NamespacesAt then = peer.namespaces.at(position);
        Map<String, Long> names = new TreeMap<>();
        noted.forEach(
            (xid, versions) -> {
              Optional<Noted> was =
                  versions.stream().filter(one -> one.position() <= position).findFirst();
              if (!forgetful || !ended(xid)) {
                assertThat(then.lookup(xid).map(Run::text)).isEqualTo(was.flatMap(Noted::text));
              }
              was.filter(one -> one.what() != What.DELETED && one.what() != What.ENDED)
                  .ifPresent(one -> names.put(one.name(), xid));
            });
        for (int n = 0; n <= 5; n++) {
          checkName(then, "/n" + n, names, forgetful);
        }
      }
    }

    private void checkName(
        NamespacesAt then, String name, Map<String, Long> names, boolean forgetful) {
      try {
        assertThat(then.lookup(NsHandle.ROOT, name).map(NsObject::xid))
            .isEqualTo(Optional.ofNullable(names.get(name)));
      } catch (NsException.TooOld e) {
        assertThat(forgetful).isTrue();
      }
    }

    private static String text(NsObject object) {
      return object.name() + "=" + object.value()[0];
    }

    private void checkTrimmed(NsPeer peer, long xid, long oldest) {
      if (ended(xid)) {
        return;
      }
      List<Noted> all = versions(xid);
      List<Noted> kept = all.stream().filter(one -> one.position() >= oldest).toList();
      ObjectHistory history = peer.namespaces.history(xid);
      List<Noted> told = told(history);
      if (kept.size() == all.size()) {
        assertThat(told).isEqualTo(all);
        assertThat(history.end()).contains(new HistoryEnd.Created());
        return;
      }
      assertThat(history.end())
          .contains(new HistoryEnd.Trimmed(all.get(kept.size()).position(), oldest));
      if (kept.isEmpty()) {
        assertThat(told).hasSize(1);
        assertThat(told.getFirst().text()).isEqualTo(all.getFirst().text());
      } else {
        assertThat(told).isEqualTo(kept);
      }
    }
  }
}
