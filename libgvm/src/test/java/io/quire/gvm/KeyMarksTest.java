package io.quire.gvm;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.twopc.TxnId;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyMarksTest {
  private static final int STEPS = 20_000;

  private record Seen(KeyMarks marks, List<Long> wanted) {}

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 40, 700})
  void withAndWithout_atRandom_areThoseOfAList_andEarlierOnesStay(int most) {
    Random random = new Random(most);
    List<Long> model = new ArrayList<>();
    List<Seen> earlier = new ArrayList<>();
    KeyMarks marks = KeyMarks.NONE;
    for (long number = 1; number <= STEPS; number++) {
      if (model.size() < most && random.nextInt(5) < 3) {
        marks = marks.with(txn(number), number);
        model.add(number);
      } else if (!model.isEmpty()) {
        int which = random.nextInt(4) > 0 ? 0 : random.nextInt(model.size());
        marks = marks.without(txn(model.remove(which)));
      }
      if (random.nextInt(100) == 0) {
        earlier.add(new Seen(marks, List.copyOf(model)));
      }
      check(marks, model);
    }
    earlier.forEach(seen -> check(seen.marks(), seen.wanted()));
  }

  private static void check(KeyMarks marks, List<Long> wanted) {
    List<Long> found = new ArrayList<>();
    assertThat(marks.anyMatch(txn -> !found.add(txn.sequence()))).isFalse();
    assertThat(found).isEqualTo(wanted);
    assertThat(marks.size()).isEqualTo(wanted.size());
    assertThat(marks.isEmpty()).isEqualTo(wanted.isEmpty());
  }

  @Test
  void without_ofWhatIsNotThere_isTheSame() {
    KeyMarks marks = KeyMarks.NONE.with(txn(1), 1);
    assertThat(marks.without(txn(2))).isSameAs(marks);
    assertThat(KeyMarks.NONE.without(txn(2))).isSameAs(KeyMarks.NONE);
  }

  @Test
  void anyBefore_theEnd_isSoUntilTheLastOfThemIsGone_whateverCameSince() {
    KeyMarks seen = KeyMarks.NONE.with(txn(1), 1).with(txn(2), 2).with(txn(3), 3);
    KeyMarks later = seen.with(txn(4), 4).without(txn(1)).without(txn(3));
    assertThat(later.anyBefore(seen.end())).isTrue();
    assertThat(later.without(txn(2)).anyBefore(seen.end())).isFalse();
  }

  @Test
  void anyBefore_whatWasMarkedAgain_isNot() {
    KeyMarks seen = KeyMarks.NONE.with(txn(1), 1);
    KeyMarks again = seen.without(txn(1)).with(txn(1), 2);
    assertThat(again.anyBefore(seen.end())).isFalse();
  }

  @Test
  void anyBefore_ofNone_isNever() {
    assertThat(KeyMarks.NONE.with(txn(1), 1).anyBefore(KeyMarks.NONE.end())).isFalse();
  }

  private static TxnId txn(long number) {
    return new TxnId(1, number);
  }
}
