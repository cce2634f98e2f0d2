package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Both kinds of region, the mapped one and the portable one, under the same tests. */
class RegionTest {
  private static final int PAGES = 64;
  private static final long BYTES = (long) PAGES * PageRuns.PAGE_BYTES;

  private enum Kind {
    BEST {
      @Override
      Region open(long bytes, LongConsumer touched) {
        return Region.open(bytes, touched);
      }
    },
    PORTABLE {
      @Override
      Region open(long bytes, LongConsumer touched) {
        return Region.allocate(bytes, touched);
      }
    };

    abstract Region open(long bytes, LongConsumer touched);

    Region open(long bytes) {
      return open(bytes, _ -> {});
    }
  }

  @ParameterizedTest
  @EnumSource
  void move_overlapping_keepsTheBytes(Kind kind) {
    try (Region region = kind.open(BYTES)) {
      for (int distance = 1; distance < 20; distance += 3) {
        MemorySegment from = region.slice(20, 16 * PageRuns.PAGE_BYTES);
        Samples.fill(from, distance);
        region.move(20, 20 - distance, 16);
        Samples.check(region.slice(20 - distance, 16 * PageRuns.PAGE_BYTES), distance);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void open_touchesAllOfItAndSaysSo(Kind kind) {
    long bytes = (130L << 20) + PageRuns.PAGE_BYTES;
    List<Long> told = new ArrayList<>();
    try (Region region = kind.open(bytes, told::add)) {
      assertThat(told).isSorted().doesNotHaveDuplicates().endsWith(bytes);
      region.residentBytes().ifPresent(resident -> assertThat(resident).isEqualTo(bytes));
      assertThat(region.bytes()).isEqualTo(bytes);
      assertThat(region.slice(0, bytes).get(ValueLayout.JAVA_BYTE, bytes - 1)).isZero();
      assertThat(region.slice(0, bytes).address() % PageRuns.PAGE_BYTES).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource
  void close_whileAChannelReadsIntoIt_isRefusedInTime_andDoneOnceThatEnded(Kind kind)
      throws Exception {
    Region region = kind.open(BYTES);
    Pipe pipe = Pipe.open();
    Thread reader =
        Thread.ofPlatform().daemon().start(() -> read(pipe, region.slice(0, BYTES).asByteBuffer()));
    Samples.await("it reads", () -> isInTheRead(reader));
    assertThat(region.close(Deadline.in(Duration.ofMillis(10)))).isFalse();
    pipe.sink().close();
    assertThat(region.close(Deadline.in(Samples.WAIT))).isTrue();
  }

  private static void read(Pipe from, ByteBuffer into) {
    try {
      from.source().read(into);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /* From then on the channel holds the memory. */
  private static boolean isInTheRead(Thread thread) {
    return Arrays.stream(thread.getStackTrace())
        .anyMatch(frame -> frame.getMethodName().equals("read0"));
  }

  @Test
  void open_onLinux_tellsOfEachPiece() {
    List<Long> told = new ArrayList<>();
    try (Region region = Region.open(130L << 20, told::add)) {
      if (region.residentBytes().isPresent()) {
        assertThat(told).containsExactly(64L << 20, 128L << 20, 130L << 20);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void open_moreThanTheMachineHas_isRefused(Kind kind) {
    assertThatThrownBy(() -> kind.open(1L << 46)).isInstanceOf(AgerException.NoMemory.class);
  }

  @ParameterizedTest
  @EnumSource
  void slice_afterClose_throwsInsteadOfReading(Kind kind) {
    Region region = kind.open(BYTES);
    MemorySegment slice = region.slice(0, 8);
    region.close();
    assertThatThrownBy(() -> slice.get(ValueLayout.JAVA_LONG, 0))
        .isInstanceOf(IllegalStateException.class);
  }
}
