package io.quire.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.sim.Atomicity.Seen;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;

class AtomicityTest {
  private static final Seen NOTHING = new Seen(null, 0);

  private final Atomicity atomicity = new Atomicity();

  @Test
  void looks_atWholeTransactions_areGood() {
    atomicity.begin("t1", List.of("x", "y"));
    look(NOTHING, NOTHING);
    atomicity.committed("t1", 1);
    look(new Seen("t1", 1), new Seen("t1", 1));
    atomicity.begin("t2", List.of("y"));
    look(new Seen("t1", 1), new Seen("t2", 2));
    assertThat(atomicity.check()).isEqualTo(new Verdict.Good());
  }

  @Test
  void look_atHalfATransaction_isBad() {
    atomicity.begin("t1", List.of("x", "y"));
    look(new Seen("t1", 1), NOTHING);
    bad("half a transaction: value=t1 missingOn=y");
  }

  @Test
  void look_afterItWasSeenElsewhere_mustSeeIt() {
    atomicity.begin("t1", List.of("x", "y"));
    atomicity.endLook(atomicity.beginLook(), Map.of("x", new Seen("t1", 1)));
    atomicity.endLook(atomicity.beginLook(), Map.of("y", NOTHING));
    bad("older than what was known before: key=y wantedVersion=1");
  }

  @Test
  void look_thatBeganBefore_neednt() {
    atomicity.begin("t1", List.of("x", "y"));
    long begin = atomicity.beginLook();
    atomicity.endLook(atomicity.beginLook(), Map.of("x", new Seen("t1", 1)));
    atomicity.endLook(begin, Map.of("y", NOTHING));
    assertThat(atomicity.check()).isEqualTo(new Verdict.Good());
  }

  @Test
  void look_afterAcknowledgement_mustSeeIt() {
    atomicity.begin("t1", List.of("x", "y"));
    atomicity.committed("t1", 1);
    look(NOTHING, NOTHING);
    bad("older than what was known before");
  }

  @Test
  void look_atFailedTransaction_isBad() {
    atomicity.begin("t1", List.of("x", "y"));
    atomicity.failed("t1");
    look(new Seen("t1", 1), new Seen("t1", 1));
    bad("value from nowhere");
  }

  @Test
  void look_atOneTransactionWithTwoVersions_isBad() {
    atomicity.begin("t1", List.of("x", "y"));
    look(new Seen("t1", 1), new Seen("t1", 2));
    bad("one transaction at two versions");
  }

  private void look(Seen x, Seen y) {
    atomicity.endLook(atomicity.beginLook(), Map.of("x", x, "y", y));
  }

  private void bad(String because) {
    assertThat(atomicity.check())
        .asInstanceOf(InstanceOfAssertFactories.type(Verdict.Bad.class))
        .extracting(Verdict.Bad::explanation)
        .asString()
        .contains(because);
  }
}
