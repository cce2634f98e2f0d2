package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An extent of the largest size, which is the whole budget. */
class LargestExtentTest {
  private static final long BYTES = Ager.MAX_EXTENT_BYTES;
  private static final Duration WAIT = Duration.ofMinutes(2);

  @TempDir Path directory;

  @Test
  void ofOneGibibyte_spilledForAnotherOne_comesBackAsItWas() throws IOException {
    long usable = Files.getFileStore(directory).getUsableSpace();
    assumeTrue(usable > 4 * BYTES, "not enough disk: usableBytes=" + usable);
    try {
      // The machine says before the memory is touched.
      Region.check(2 * BYTES);
    } catch (AgerException.NoMemory less) {
      assumeTrue(false, less.getMessage());
    }
    AgerConfig config =
        Samples.config(BYTES, Samples.flash(directory, 4 * BYTES)).withReserveBytes(0);
    try (Ager ager = Ager.open(config)) {
      Extent first = extent(ager, 1);
      Extent second = extent(ager, 2);
      assertThat(first.phase()).isEqualTo(Frame.Phase.ABSENT);
      check(ager, first, 1);
      check(ager, second, 2);
      assertThat(ager.stats().peakAccountedBytes()).isEqualTo(BYTES);
      ager.drop(first);
      ager.drop(second);
      Samples.await("memory is free", () -> ager.stats().accountedBytes() == 0);
      assertThat(ager.stats().stores().get(0).extents()).isZero();
    }
    assertThat(Samples.containersBelow(directory)).isEmpty();
  }

  private static Extent extent(Ager ager, long seed) {
    try (Draft draft = ager.allocate(BYTES, WAIT)) {
      Samples.fill(draft.segment(), seed);
      return draft.seal();
    }
  }

  private static void check(Ager ager, Extent extent, long seed) {
    try (Pin pin = ager.pin(extent, WAIT)) {
      Samples.check(pin.segment(), seed);
    }
  }
}
