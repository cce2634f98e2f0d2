package io.quire.harness.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.sim.Action;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AppendsTest {
  private final List<Harvest.Line> lines = new ArrayList<>();

  private void begun(int source, long call, String verb) {
    Part part = new Part("/t", Action.write("rows"));
    lines.add(new Harvest.Line(source, new Entry.Begin(1, call, "n1.1.1", verb, List.of(part))));
  }

  private void ended(int source, long call, Result result) {
    lines.add(new Harvest.Line(source, new Entry.End(2, call, List.of(result))));
  }

  private void appended(Result result) {
    long call = lines.size();
    begun(0, call, Appends.VERB + "here");
    ended(0, call, result);
  }

  private List<String> violations(int found) {
    return new Appends(lines).violations(Map.of("/t", found));
  }

  @Test
  void acknowledgedOnes_areThereOnceEach() {
    appended(new Result.Written(1));
    appended(new Result.Written(2));
    assertThat(violations(1)).singleElement().asString().contains("lost", "table=/t", "found=1");
    assertThat(violations(2)).isEmpty();
    assertThat(violations(3)).singleElement().asString().contains("there twice", "acknowledged=2");
  }

  @Test
  void unknownOnes_mayBeThere_onceEach() {
    appended(new Result.Written(1));
    appended(Result.UNKNOWN);
    begun(0, 99, Appends.VERB + "flight");
    assertThat(violations(0)).hasSize(1);
    assertThat(violations(1)).isEmpty();
    assertThat(violations(3)).isEmpty();
    assertThat(violations(4)).singleElement().asString().contains("unknown=2");
  }

  @Test
  void failedAndRefusedOnes_areNotThere_andOtherCallsAreNoAppends() {
    appended(Result.FAILED);
    appended(Result.REFUSED);
    begun(0, 99, "load");
    ended(0, 99, new Result.Written(1));
    assertThat(violations(0)).isEmpty();
    assertThat(violations(1)).hasSize(1);
  }

  @Test
  void callsOfTwoJournals_areTwo_thoughTheirNumbersAreTheSame() {
    begun(1, 7, Appends.VERB + "here");
    begun(2, 7, Appends.VERB + "here");
    ended(2, 7, new Result.Written(1));
    ended(1, 7, Result.FAILED);
    assertThat(violations(1)).isEmpty();
    assertThat(violations(2)).hasSize(1);
  }

  @Test
  void tableOfWhichNothingIsKnown_hasNone() {
    assertThat(violations(0)).isEmpty();
    assertThat(violations(1)).hasSize(1);
  }
}
