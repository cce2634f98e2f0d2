package io.quire.sim;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class WatchingsTest {
  private final Watchings watchings = new Watchings();
  private final Watchings.Watching one = watchings.open("one", 3);
  private final Watchings.Watching other = watchings.open("other", 5);

  private void bad(String why) {
    assertThat(watchings.check())
        .isInstanceOfSatisfying(
            Verdict.Bad.class, bad -> assertThat(bad.explanation()).contains(why));
  }

  @Test
  void allInOrder_isGood() {
    one.told(4, "k", null, "x");
    one.told(6, "k", "x", "y");
    one.told(6, "l", null, "y");
    one.told(8, "k", "y", null);
    other.told(6, "k", "x", "y");
    other.told(6, "l", null, "y");
    other.level(7);
    watchings.written(9, "k");
    assertThat(watchings.check()).isInstanceOf(Verdict.Good.class);
  }

  @Test
  void changeThatAnotherWasTold_isMissed() {
    one.told(6, "k", null, "x");
    other.level(6);
    bad("watch has a gap: watch=other");
  }

  @Test
  void changeThatWasAcknowledged_isMissed() {
    watchings.written(6, "k");
    one.told(7, "l", null, "x");
    bad("watch has a gap: watch=one");
  }

  @Test
  void backwardsTwiceOrFromBefore_isOutOfOrder() {
    one.told(6, "k", null, "x");
    one.told(5, "l", null, "x");
    bad("out of order");
  }

  @Test
  void toldTwice_isOutOfOrder() {
    one.told(6, "k", null, "x");
    one.told(6, "k", null, "x");
    bad("out of order");
  }

  @Test
  void valueBefore_isNotTheOneToldLast() {
    one.told(6, "k", null, "x");
    one.told(7, "k", "w", "y");
    bad("out of order");
  }

  @Test
  void removalOfNothing_isNotTold() {
    one.told(6, "k", null, null);
    bad("what changed nothing");
  }

  @Test
  void positionWhereItBegan_isNotTold() {
    one.told(3, "k", null, "x");
    bad("out of order");
  }
}
