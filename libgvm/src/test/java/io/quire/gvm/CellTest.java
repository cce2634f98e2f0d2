package io.quire.gvm;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.twopc.TxnId;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CellTest {
  private static final TxnId ONE = new TxnId(1, 1);
  private static final TxnId TWO = new TxnId(1, 2);

  @Test
  void marks_all_keepAnAbsentCell() {
    Cell cell = Cell.ABSENT.mark(ONE, 1).mark(TWO, 2);
    assertThat(cell.unmark(ONE).unmark(ONE).forgettable()).isFalse();
    assertThat(cell.unmark(ONE).unmark(TWO).forgettable()).isTrue();
  }

  @Test
  void show_isSeenUntilTheLogReachesIt() {
    Cell cell = Cell.ABSENT.write(Versioned.of(new byte[] {1}, 10), 10).show(new byte[] {2}, 20);
    assertThat(cell.visible()).isEqualTo(Versioned.of(value(cell.shown()), 20));
    assertThat(value(cell.value())).containsExactly(1);
    Cell between = cell.write(Versioned.of(new byte[] {3}, 15), 15);
    assertThat(between.visible()).extracting(Versioned::version).isEqualTo(20L);
    assertThat(between.applied()).extracting(Versioned::version).isEqualTo(15L);
    Cell reached = between.write(Versioned.of(new byte[] {2}, 20), 20);
    assertThat(reached.shownVersion()).isZero();
    assertThat(reached.visible()).extracting(Versioned::version).isEqualTo(20L);
  }

  @Test
  void show_notAhead_changesNothing() {
    Cell cell = Cell.ABSENT.write(Versioned.of(new byte[] {1}, 10), 10).show(new byte[] {2}, 20);
    assertThat(cell.show(new byte[] {3}, 20)).isSameAs(cell);
    assertThat(cell.show(new byte[] {3}, 10)).isSameAs(cell);
  }

  @Test
  void show_removal_isKeptAsAnAbsenceAhead() {
    Cell cell = Cell.ABSENT.write(Versioned.of(new byte[] {1}, 10), 10).show(null, 20);
    assertThat(cell.visible()).isNull();
    assertThat(cell.forgettable()).isFalse();
    assertThat(cell.write(null, 20).forgettable()).isTrue();
  }

  private static byte[] value(byte @Nullable [] bytes) {
    return bytes == null ? new byte[0] : bytes;
  }
}
