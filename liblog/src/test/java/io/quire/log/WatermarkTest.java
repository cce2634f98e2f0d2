package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.log.Watermark.Mark;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WatermarkTest {
  private static final UUID BOOT = new UUID(1, 2);
  private static final UUID OTHER_BOOT = new UUID(3, 4);

  @TempDir Path root;
  private Path file;
  private final AtomicReference<Exception> failure = new AtomicReference<>();

  @BeforeEach
  void name() {
    file = root.resolve(Watermark.FILE);
  }

  @Test
  void read_afterTheProcessWasKilled_isExactUntilTheMachineStartsAnew() throws Exception {
    try (Watermark mark = open(new Mark(7, 1, true))) {
      mark.note(8, 1);
      mark.note(12, 2);
      assertThat(Watermark.read(file, BOOT)).isEqualTo(new Mark(12, 2, true));
      assertThat(Watermark.read(file, OTHER_BOOT)).isEqualTo(new Mark(12, 2, false));
    }
  }

  @Test
  void read_afterClosing_isExactAlsoThen() throws Exception {
    Watermark mark = open(new Mark(7, 1, true));
    mark.note(8, 1);
    mark.close(true);
    assertThat(Watermark.read(file, OTHER_BOOT)).isEqualTo(new Mark(8, 1, true));
    try (Watermark again = open(new Mark(8, 1, true))) {
      again.note(9, 1);
      assertThat(Watermark.read(file, OTHER_BOOT).exact()).isFalse();
    }
  }

  @Test
  void lower_isExactAlsoAfterAPowerCut() throws Exception {
    try (Watermark mark = open(new Mark(7, 1, true))) {
      mark.note(20, 1);
      mark.lower(15, 1);
      assertThat(mark.index()).isEqualTo(15);
      assertThat(Watermark.read(file, OTHER_BOOT)).isEqualTo(new Mark(15, 1, true));
      mark.note(16, 2);
      assertThat(Watermark.read(file, OTHER_BOOT)).isEqualTo(new Mark(16, 2, false));
    }
  }

  @Test
  void read_withAnyBitFlipped_isNeverExactAndNeverAhead() throws Exception {
    Watermark mark = open(new Mark(7, 1, true));
    for (int index = 8; index < 12; index++) {
      mark.note(index, 1);
    }
    mark.close(true);
    byte[] good = Files.readAllBytes(file);
    int seen = 0;
    for (int bit = 0; bit < good.length * 8; bit++) {
      byte[] bad = good.clone();
      bad[bit / 8] ^= (byte) (1 << bit % 8);
      Files.write(file, bad);
      Mark found = Watermark.read(file, BOOT);
      if (Watermark.damaged(file)) {
        seen++;
        assertThat(found.exact()).describedAs("bit " + bit).isFalse();
        assertThat(found.index()).describedAs("bit " + bit).isBetween(10L, 11L);
      } else {
        assertThat(found).describedAs("bit " + bit).isEqualTo(new Mark(11, 1, true));
      }
    }
    assertThat(seen).isEqualTo(2 * 51 * 8);
    assertThat(failure.get()).isNull();
  }

  @Test
  void note_onThreadsThatAreInterrupted_isWrittenAndGoesOn() throws Exception {
    try (Watermark mark = open(new Mark(0, 1, true))) {
      for (int index = 1; index <= 200; index++) {
        int wanted = index;
        Thread noting =
            Thread.ofPlatform()
                .start(
                    () -> {
                      try {
                        if (wanted % 2 == 0) {
                          Thread.currentThread().interrupt();
                        }
                        mark.note(wanted, 1);
                      } catch (java.io.IOException e) {
                        failure.set(e);
                      }
                    });
        noting.interrupt();
        noting.join();
        assertThat(failure.get()).isNull();
        assertThat(Watermark.read(file, BOOT)).isEqualTo(new Mark(index, 1, true));
      }
    }
    assertThat(failure.get()).isNull();
  }

  @Test
  void read_ofNothing_isUnknown() throws Exception {
    assertThat(Watermark.read(file, BOOT)).isEqualTo(Mark.UNKNOWN);
    Files.write(file, new byte[] {1});
    assertThat(Watermark.read(file, BOOT)).isEqualTo(Mark.UNKNOWN);
    assertThat(Watermark.damaged(file)).isTrue();
  }

  private Watermark open(Mark start) throws Exception {
    return Watermark.open(file, BOOT, start, failure::set);
  }
}
