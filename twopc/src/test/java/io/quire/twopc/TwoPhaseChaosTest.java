package io.quire.twopc;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Rules;
import io.quire.lockserver.View;
import io.quire.sim.Dice;
import io.quire.sim.Letter;
import io.quire.sim.Proposal;
import io.quire.sim.Seeds;
import io.quire.sim.Stage;
import io.quire.twopc.Outcome.Aborted;
import io.quire.twopc.Outcome.Committed;
import io.quire.twopc.Outcome.Indeterminate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Steps by chance, the bad ones too: messages and entries lost, repeated and overtaken, members
 * expired, dead and come again, snapshots. What takes effect is marked on every member of the view
 * that has not applied it, nothing takes effect twice, and what callers are told is true.
 */
@Timeout(600)
class TwoPhaseChaosTest {
  @Test
  void seeds_keepThePromises() {
    Set<String> seen = new HashSet<>();
    Seeds.fresh(1_000, seed -> new Run(seed, Rules.ALL, seen).run());
    if (Long.getLong(Seeds.SEED) == null) {
      assertThat(seen).contains("Committed", "Aborted", "Indeterminate", "installed", "expired");
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Rules.Rule.class,
      names = {"MARK_BEFORE_VOTE", "FENCE", "SWEEP_IN_ORDER", "DECIDED_ONCE"})
  void seeds_withABrokenRule_areCaught(Rules.Rule rule) {
    boolean caught = false;
    for (long seed = 1; !caught && seed <= 2_000; seed++) {
      try {
        new Run(seed, Rules.without(rule), new HashSet<>()).run();
      } catch (AssertionError | IllegalStateException e) {
        caught = true;
      }
    }
    assertThat(caught).isTrue();
  }

  private static final class Run {
    private final Dice dice;
    private final Rules rules;
    private final Set<String> seen;
    private final Stage stage = new Stage();
    private final List<Peer> peers = new ArrayList<>();
    private final Map<String, CompletableFuture<Outcome>> outcomes = new HashMap<>();
    private final List<Effect> effects = new ArrayList<>();
    private final List<Letter> delivered = new ArrayList<>();
    private final List<Proposal> entered = new ArrayList<>();

    Run(long seed, Rules rules, Set<String> seen) {
      this.rules = rules;
      dice = new Dice(seed);
      this.seen = seen;
      peers.addAll(Peer.inView(stage, rules, "a", "b", "c"));
      peers.forEach(this::meet);
    }

    private void meet(Peer peer) {
      peer.recorder.whenCommitted =
          (txn, position) -> effects.add(new Effect(txn, position, peer.view()));
    }

    void run() {
      int steps = (int) dice.between(50, 400);
      for (int i = 0; i < steps; i++) {
        step(i);
        checkMarks();
      }
      stage.lead(peer().actor);
      stage.play(Duration.ofSeconds(15));
      check();
    }

    private Peer peer() {
      return dice.pick(peers);
    }

    private void step(int i) {
      switch ((int) dice.between(0, 24)) {
        case 0, 1, 2 -> {
          String payload = (dice.chance(0.2) ? "x" : "t") + i;
          Duration deadline = Duration.ofMillis(dice.between(200, 4_000));
          outcomes.put(payload, peer().submit(payload, 0, deadline));
        }
        case 3 -> stage.letters().stream().findAny().ifPresent(stage::lose);
        case 4 -> {
          if (!delivered.isEmpty()) {
            stage.deliverCopy(dice.pick(delivered));
          }
        }
        case 5 -> {
          if (!entered.isEmpty()) {
            stage.commit(dice.pick(entered));
          }
        }
        case 6 -> onProposal(stage::refuse);
        case 7, 8 -> onProposal(stage::leaveInDoubt);
        case 9 -> onProposal(stage::lose);
        case 10, 11 -> stage.pass(Duration.ofMillis(dice.between(1, 700)));
        case 12 -> install(peer(), peer());
        case 13 -> expireOne();
        case 14 -> {
          if (dice.chance(0.3)) {
            restart((int) dice.between(0, 2));
          }
        }
        case 15, 16, 17 -> onProposal(this::commit);
        case 18, 19 -> {
          Peer some = peer();
          if (some.actor.behind()) {
            some.actor.applyNext();
          }
        }
        default -> {
          for (long left = dice.between(1, 5); left > 0 && !stage.letters().isEmpty(); left--) {
            Letter letter = dice.pick(stage.letters());
            delivered.add(letter);
            stage.deliver(letter);
          }
        }
      }
    }

    private void onProposal(Consumer<Proposal> action) {
      if (!stage.proposals().isEmpty()) {
        Proposal proposal = dice.pick(stage.proposals());
        if (!proposal.answered()) {
          action.accept(proposal);
        }
      }
    }

    private void commit(Proposal proposal) {
      entered.add(proposal);
      stage.commit(proposal);
    }

    private void install(Peer to, Peer from) {
      if (from.actor.log().applied() > to.actor.log().applied()) {
        seen.add("installed");
        to.actor.install(from.actor);
      }
    }

    private void expireOne() {
      Peer one = peer();
      if (one.session.token() != null && one.actor.here()) {
        seen.add("expired");
        one.expire();
      }
    }

    private void restart(int index) {
      Peer again = new Peer(stage, peers.get(index).actor.member().node().name(), rules);
      peers.set(index, again);
      meet(again);
      stage.on(again.actor, again.session::open);
      stage.on(again.actor, again.twoPhase::open);
    }

    /** Something took effect: members of the view there must wait until they have applied it. */
    private record Effect(TxnId txn, long position, View view) {}

    private void checkMarks() {
      for (Effect effect : effects) {
        for (Peer peer : peers) {
          var token = peer.session.token();
          if (token != null
              && effect.view().has(peer.incarnation())
              && peer.actor.log().applied() < effect.position()) {
            assertThat(peer.recorder.held)
                .as("marks of %s which has not applied %s", peer.actor, effect)
                .anyMatch(held -> held.endsWith("@" + effect.txn()));
          }
        }
      }
      effects.removeIf(
          effect ->
              peers.stream().allMatch(peer -> peer.actor.log().applied() >= effect.position()));
    }

    private void check() {
      List<String> log = peers.getFirst().recorder.committed;
      for (Peer peer : peers) {
        assertThat(peer.recorder.committed).isEqualTo(log);
        assertThat(peer.recorder.held).as("held at %s", peer.actor).isEmpty();
      }
      assertThat(log).doesNotHaveDuplicates();
      outcomes.forEach(
          (payload, future) -> {
            if (future.isDone()) {
              Outcome outcome = future.resultNow();
              seen.add(outcome.getClass().getSimpleName());
              switch (outcome) {
                case Committed _ -> assertThat(log).contains(payload);
                case Outcome.Rejected _ -> assertThat(log).contains("rejected " + payload);
                case Aborted aborted ->
                    assertThat(log)
                        .as(aborted.text())
                        .doesNotContain(payload, "rejected " + payload);
                case Indeterminate _ -> {}
              }
            }
          });
    }
  }
}
