package io.quire.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.assertj.core.api.InstanceOfAssertFactories;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class LinearizabilityTest {
  private long now;
  private final History history = new History(() -> now++);

  @Test
  void readsAndWrites_inOrder_areGood() {
    read(null, 0);
    write("v1", 1);
    read("v1", 1);
    write("v2", 2);
    read("v2", 2);
    good();
  }

  @Test
  void read_duringAWrite_mayFindEither() {
    write("v1", 1);
    Operation writing = invoke(Action.write("v2"));
    read("v1", 1);
    read("v2", 2);
    writing.written(2);
    read("v2", 2);
    good();
  }

  @Test
  void read_oldAfterNewDuringAWrite_isBad() {
    write("v1", 1);
    Operation writing = invoke(Action.write("v2"));
    read("v2", 2);
    read("v1", 1);
    writing.written(2);
    bad("found v1");
  }

  @Test
  void read_ofOldValueAfterAWriteEnded_isBad() {
    write("v1", 1);
    write("v2", 2);
    read("v1", 1);
    bad("found v1");
  }

  @Test
  void read_thatBeganBeforeTheWriteEnded_mayBeOld() {
    write("v1", 1);
    Operation reading = invoke(Action.read());
    write("v2", 2);
    reading.read("v1", 1);
    good();
  }

  @Test
  void read_ofValueNobodyWrote_isBad() {
    write("v1", 1);
    read("v9", 9);
    bad("found v9");
  }

  @Test
  void read_ofFailedWrite_isBad() {
    write("v1", 1);
    invoke(Action.write("v2")).failed();
    read("v2", 2);
    bad("found v2");
  }

  @Test
  void write_failed_neverHappened() {
    write("v1", 1);
    invoke(Action.write("v2")).failed();
    read("v1", 1);
    good();
  }

  @Test
  void write_lost_isBad() {
    write("v1", 1);
    read(null, 0);
    bad("found null");
  }

  @Test
  void write_unknownSeenMuchLater_isGood() {
    write("v1", 1);
    invoke(Action.write("v2")).unknown();
    read("v1", 1);
    read("v1", 1);
    read("v2", 5);
    good();
  }

  @Test
  void write_unknownNeverSeen_isGood() {
    write("v1", 1);
    Operation _ = invoke(Action.write("v2"));
    read("v1", 1);
    good();
  }

  @Test
  void write_unknownSeenThenGone_isBad() {
    write("v1", 1);
    invoke(Action.write("v2")).unknown();
    read("v2", 5);
    read("v1", 1);
    bad("found v1");
  }

  @Test
  void write_unknownSeenTwiceWithAnotherBetween_isBad() {
    invoke(Action.write("v1")).unknown();
    read("v1", 1);
    write("v2", 2);
    read("v2", 2);
    read("v1", 1);
    bad("found v1");
  }

  @Test
  void value_resurrectedAfterDelete_isBad() {
    write("v1", 1);
    invoke(Action.delete()).written(2);
    read(null, 0);
    read("v1", 1);
    bad("found v1");
  }

  @Test
  void delete_unknown_mayHappenLater() {
    write("v1", 1);
    invoke(Action.delete()).unknown();
    read("v1", 1);
    read(null, 0);
    good();
  }

  @Test
  void writeIfVersion_twoOfOneVersionSucceed_isBad() {
    write("v1", 1);
    Operation one = invoke(Action.writeIfVersion(1, "v2"));
    Operation two = invoke(Action.writeIfVersion(1, "v3"));
    one.written(2);
    two.written(3);
    bad("write v3 if version=1");
  }

  @Test
  void writeIfVersion_oneOfTwoIsRefused_isGood() {
    write("v1", 1);
    Operation one = invoke(Action.writeIfVersion(1, "v2"));
    Operation two = invoke(Action.writeIfVersion(1, "v3"));
    two.refused();
    one.written(2);
    read("v2", 2);
    good();
  }

  @Test
  void writeIfVersion_refusedThoughItHeld_isBad() {
    write("v1", 1);
    invoke(Action.writeIfVersion(1, "v2")).refused();
    bad("refused");
  }

  @Test
  void writeIfVersion_refusedButSeen_isBad() {
    write("v1", 1);
    invoke(Action.writeIfVersion(1, "v2")).refused();
    read("v2", 2);
    bad("refused");
  }

  @Test
  void writeIfVersion_refusedBecauseOfUnknownWrite_isGood() {
    write("v1", 1);
    invoke(Action.write("v2")).unknown();
    invoke(Action.writeIfVersion(1, "v3")).refused();
    good();
  }

  @Test
  void writeIfVersion_unknownThatCannotHaveHeld_isNotSeen() {
    write("v1", 1);
    write("v2", 2);
    invoke(Action.writeIfVersion(1, "v3")).unknown();
    read("v3", 3);
    bad("found v3");
  }

  @Test
  void create_onPresent_mustBeRefused() {
    write("v1", 1);
    invoke(Action.create("v2")).refused();
    good();
    invoke(Action.create("v3")).written(3);
    bad("write v3 if absent");
  }

  @Test
  void writeIfValue_lostUpdate_isBad() {
    write("v1", 1);
    invoke(Action.writeIfValue("v1", "v2")).written(2);
    invoke(Action.writeIfValue("v1", "v3")).written(3);
    bad("write v3 if value=v1");
  }

  @Test
  void read_ofVersionThatTheWriteDidNotHave_isBad() {
    write("v1", 1);
    read("v1", 7);
    bad("version=7");
  }

  @Test
  void read_unknown_saysNothing() {
    write("v1", 1);
    invoke(Action.read()).unknown();
    Operation _ = invoke(Action.read());
    good();
  }

  @Test
  void keys_areJudgedApart() {
    history.invoke("c", "x", Action.write("v1")).written(1);
    history.invoke("c", "y", Action.read()).read(null, 0);
    good();
    history.invoke("c", "x", Action.read()).read(null, 0);
    bad("key=x");
  }

  @Test
  void explanation_ofALongHistory_isOfItsShortestBadPart() {
    for (int i = 1; i <= 50; i++) {
      write("v" + i, i);
      read("v" + i, i);
    }
    read("v49", 49);
    for (int i = 51; i <= 100; i++) {
      write("v" + i, i);
    }
    assertThat(Linearizability.check(history))
        .asInstanceOf(InstanceOfAssertFactories.type(Verdict.Bad.class))
        .extracting(Verdict.Bad::explanation)
        .asString()
        .contains("then the key is v50", "found v49")
        .doesNotContain("v51");
    assertThatThrownBy(() -> Linearizability.check(history).orThrow())
        .isInstanceOf(AssertionError.class);
  }

  @Test
  void end_toldTwice_isRefused() {
    Operation reading = invoke(Action.read());
    reading.read(null, 0);
    assertThatThrownBy(reading::failed).isInstanceOf(IllegalStateException.class);
  }

  private Operation invoke(Action action) {
    return history.invoke("client", "key", action);
  }

  private void write(String value, long version) {
    invoke(Action.write(value)).written(version);
  }

  private void read(@Nullable String value, long version) {
    invoke(Action.read()).read(value, version);
  }

  private void good() {
    assertThat(Linearizability.check(history)).isEqualTo(new Verdict.Good());
  }

  private void bad(String because) {
    assertThat(Linearizability.check(history))
        .asInstanceOf(InstanceOfAssertFactories.type(Verdict.Bad.class))
        .extracting(Verdict.Bad::explanation)
        .asString()
        .contains(because);
  }
}
