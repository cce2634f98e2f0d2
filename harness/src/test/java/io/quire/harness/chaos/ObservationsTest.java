package io.quire.harness.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a watch may leave out, and what not. */
@Timeout(30)
class ObservationsTest {
  private final Observations observations = new Observations();

  private void told(String watch, long position, String key) {
    observations.told(new Entry.Told(1, watch, position, key));
  }

  private void watched(String watch, long after, long to) {
    observations.watched(new Entry.Watched(1, watch, "/w/0/", after, to));
  }

  @Test
  void watch_thatToldAll_isGood() {
    observations.written("/w/0/a", 5);
    observations.written("/w/0/b", 5);
    observations.written("/w/0/a", 7);
    told("w", 5, "/w/0/a");
    told("w", 5, "/w/0/b");
    told("w", 7, "/w/0/a");
    watched("w", 4, 9);
    assertThat(observations.violations()).isEmpty();
    assertThat(observations.count()).isEqualTo(3);
  }

  @Test
  void watch_thatLeftOutAnAcknowledgedChange_isAViolation() {
    observations.written("/w/0/a", 5);
    observations.written("/w/0/b", 5);
    told("w", 5, "/w/0/a");
    told("other", 5, "/w/0/b");
    watched("w", 4, 5);
    assertThat(observations.violations())
        .singleElement()
        .asString()
        .startsWith("a watch left out a change: key=/w/0/b position=5");
  }

  @Test
  void change_outsideOfWhatIsWatched_needNotBeTold() {
    observations.written("/w/0/a", 4);
    observations.written("/w/0/a", 10);
    observations.written("/n/0/a", 5);
    observations.written("/w/0/a", 0);
    watched("w", 4, 9);
    watched("w", 9, 9);
    assertThat(observations.violations()).isEmpty();
    assertThat(observations.count()).isZero();
  }

  @Test
  void watch_thatTellsTwice_isAViolation() {
    told("w", 5, "/w/0/a");
    told("w", 5, "/w/0/a");
    assertThat(observations.violations()).singleElement().asString().startsWith("told twice:");
  }
}
