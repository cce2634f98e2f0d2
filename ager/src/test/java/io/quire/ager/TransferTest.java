package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.IllegalBlockingModeException;
import java.nio.channels.Pipe;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** From files and channels into drafts, and from pins to them. */
@Timeout(60)
class TransferTest {
  private static final long BUDGET = 32 << 20;

  /** More than a piece, and no multiple of anything. */
  private static final int BYTES = (5 << 20) + 321;

  private static final int BEFORE = 777;
  private static final long SEED = 5;

  @TempDir Path directory;
  private Ager ager;

  @BeforeEach
  void open() {
    ager = Ager.open(Samples.config(BUDGET));
  }

  @AfterEach
  void close() {
    ager.close();
  }

  /** Of a sample, with something before and behind it. */
  private Path file(int bytes) throws IOException {
    Path file = directory.resolve("sample");
    try (FileChannel channel =
            FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        Pin pin = ager.pin(Samples.extent(ager, SEED, bytes), Samples.WAIT)) {
      channel.write(ByteBuffer.allocate(BEFORE));
      pin.writeTo(channel, Samples.WAIT);
      channel.write(ByteBuffer.allocate(BEFORE));
    }
    return file;
  }

  private static void check(Draft draft) {
    Samples.check(draft.segment(), SEED);
    draft.seal();
  }

  // ---- files

  @Test
  void fill_fromAFile_takesItsBytesAndLeavesTheRest() throws Exception {
    try (FileChannel channel = FileChannel.open(file(BYTES));
        Draft draft = ager.allocate(BYTES, Samples.WAIT)) {
      assertThat(channel.size()).isEqualTo(BYTES + 2L * BEFORE);
      channel.position(BEFORE);
      draft.fill(channel, Samples.WAIT);
      check(draft);
      assertThat(channel.position()).isEqualTo(BEFORE + BYTES);
    }
  }

  @Test
  void fill_fromAPlaceInAFile_leavesItsPosition() throws Exception {
    try (FileChannel channel = FileChannel.open(file(BYTES));
        Draft draft = ager.allocate(BYTES, Samples.WAIT)) {
      draft.fill(channel, BEFORE, Samples.WAIT);
      check(draft);
      assertThat(channel.position()).isZero();
    }
  }

  @Test
  void writeTo_aPlaceInAFile_leavesItsPositionAndAllElse() throws Exception {
    Path file = directory.resolve("sample");
    Files.write(file, new byte[BYTES + 2 * BEFORE]);
    try (FileChannel channel =
            FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
        Pin pin = ager.pin(Samples.extent(ager, SEED, BYTES), Samples.WAIT)) {
      pin.writeTo(channel, BEFORE, Samples.WAIT);
      assertThat(channel.position()).isZero();
    }
    byte[] found = Files.readAllBytes(file);
    assertThat(found).hasSize(BYTES + 2 * BEFORE);
    assertThat(found[BEFORE - 1]).isZero();
    assertThat(found[BEFORE + BYTES]).isZero();
    try (FileChannel channel = FileChannel.open(file);
        Draft draft = ager.allocate(BYTES, Samples.WAIT)) {
      draft.fill(channel, BEFORE, Samples.WAIT);
      check(draft);
    }
  }

  @Test
  void fillAndWriteTo_ofAFile_takeNeitherHeapNorBuffers() throws Exception {
    try (FileChannel channel =
            FileChannel.open(file(BYTES), StandardOpenOption.READ, StandardOpenOption.WRITE);
        Pin pin = ager.pin(Samples.extent(ager, SEED, BYTES), Samples.WAIT);
        Draft draft = ager.allocate(BYTES, Samples.WAIT)) {
      pin.writeTo(channel, BEFORE, Samples.WAIT);
      draft.fill(channel, BEFORE, Samples.WAIT);
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      long direct = directBytes();
      long heap = threads.getCurrentThreadAllocatedBytes();
      pin.writeTo(channel, BEFORE, Samples.WAIT);
      draft.fill(channel, BEFORE, Samples.WAIT);
      assertThat(threads.getCurrentThreadAllocatedBytes() - heap).isLessThan(64 << 10);
      assertThat(directBytes() - direct).isLessThan(64 << 10);
    }
  }

  private static long directBytes() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(pool -> pool.getName().equals("direct"))
        .mapToLong(BufferPoolMXBean::getMemoryUsed)
        .sum();
  }

  // ---- channels

  /** Gives or takes a few bytes at a time or none, and has nothing to do with files. */
  private static final class Trickle implements ReadableByteChannel, WritableByteChannel {
    private final ByteBuffer bytes;
    private final SplittableRandom random = new SplittableRandom(7);
    private boolean open = true;
    boolean heapBuffers;

    Trickle(int size) {
      bytes = ByteBuffer.allocateDirect(size);
    }

    private int step(ByteBuffer buffer) {
      heapBuffers |= !buffer.isDirect();
      return Math.min(random.nextInt(20_000), Math.min(bytes.remaining(), buffer.remaining()));
    }

    @Override
    public int read(ByteBuffer into) {
      if (!bytes.hasRemaining()) {
        return -1;
      }
      int step = step(into);
      into.put(bytes.slice(bytes.position(), step));
      bytes.position(bytes.position() + step);
      return step;
    }

    @Override
    public int write(ByteBuffer from) {
      int step = step(from);
      bytes.put(from.slice(from.position(), step));
      from.position(from.position() + step);
      return step;
    }

    @Override
    public boolean isOpen() {
      return open;
    }

    @Override
    public void close() {
      open = false;
    }
  }

  @Test
  void writeToAndFill_ofAChannelThatGivesAndTakesLittle_goOnWhereItEnded() throws Exception {
    Trickle trickle = new Trickle(BYTES + BEFORE);
    try (Pin pin = ager.pin(Samples.extent(ager, SEED, BYTES), Samples.WAIT)) {
      pin.writeTo(trickle, Samples.WAIT);
    }
    assertThat(trickle.bytes.position()).isEqualTo(BYTES);
    trickle.bytes.clear();
    try (Draft draft = ager.allocate(BYTES, Samples.WAIT)) {
      draft.fill(trickle, Samples.WAIT);
      check(draft);
    }
    assertThat(trickle.bytes.remaining()).isEqualTo(BEFORE);
    assertThat(trickle.heapBuffers).isFalse();
  }

  @Test
  void fill_channelEndsBefore_saysSoAndTheDraftMayBeFilledAgain() throws Exception {
    Path file = file(BYTES);
    try (FileChannel channel = FileChannel.open(file);
        Draft draft = ager.allocate(BYTES, Samples.WAIT)) {
      assertThatThrownBy(() -> draft.fill(channel, 3L * BEFORE, Samples.WAIT))
          .isInstanceOfSatisfying(
              AgerException.InputTooShort.class,
              e -> {
                assertThat(e.bytesWanted()).isEqualTo(BYTES);
                assertThat(e.bytesFound()).isEqualTo(BYTES - BEFORE);
                assertThat(e.retryable()).isFalse();
              });
      assertThat(ager.stats().pinnedBytes()).isEqualTo(ager.stats().accountedBytes() - sealed());
      draft.fill(channel, BEFORE, Samples.WAIT);
      check(draft);
    }
  }

  /** What {@link #file} has left there. */
  private static long sealed() {
    return (long) Runs.pagesOf(BYTES) * Runs.PAGE_BYTES;
  }

  // ---- ends

  @Test
  void fill_nothingComes_endsAtTheDeadlineAndClosesTheChannel() throws Exception {
    Pipe pipe = Pipe.open();
    try (Pipe.SinkChannel sink = pipe.sink();
        Draft draft = ager.allocate(100, Samples.WAIT)) {
      sink.write(ByteBuffer.allocate(60));
      assertThatThrownBy(() -> draft.fill(pipe.source(), Samples.SHORT))
          .isInstanceOf(AgerException.TransferTooSlow.class)
          .hasMessageContaining("bytesWanted=100 bytesDone=60");
      Samples.await("is closed", () -> !pipe.source().isOpen());
    }
  }

  @Test
  void writeTo_nobodyReads_endsAtTheDeadline() throws Exception {
    Pipe pipe = Pipe.open();
    try (Pipe.SourceChannel _ = pipe.source();
        Pin pin = ager.pin(Samples.extent(ager, SEED, BYTES), Samples.WAIT)) {
      assertThatThrownBy(() -> pin.writeTo(pipe.sink(), Samples.SHORT))
          .isInstanceOf(AgerException.TransferTooSlow.class);
    }
  }

  @Test
  void fill_channelThatGivesNothing_endsAtTheDeadline() {
    Trickle trickle = new Trickle(0);
    try (Draft draft = ager.allocate(100, Samples.WAIT);
        ReadableByteChannel nothing = nothing(trickle)) {
      assertThatThrownBy(() -> draft.fill(nothing, Samples.SHORT))
          .isInstanceOf(AgerException.TransferTooSlow.class);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static ReadableByteChannel nothing(Trickle trickle) {
    return new ReadableByteChannel() {
      @Override
      public int read(ByteBuffer into) {
        return 0;
      }

      @Override
      public boolean isOpen() {
        return trickle.isOpen();
      }

      @Override
      public void close() {
        trickle.close();
      }
    };
  }

  @Test
  void fill_channelThatDoesNotBlock_isRefusedUntouched() throws Exception {
    Pipe pipe = Pipe.open();
    try (Pipe.SinkChannel _ = pipe.sink();
        Pipe.SourceChannel source = pipe.source();
        Draft draft = ager.allocate(100, Samples.WAIT)) {
      source.configureBlocking(false);
      assertThatThrownBy(() -> draft.fill(source, Samples.WAIT))
          .isInstanceOf(IllegalBlockingModeException.class);
      assertThat(source.isOpen()).isTrue();
    }
  }

  @Test
  void fill_interruptedBefore_leavesTheFileOpen() throws Exception {
    try (FileChannel channel = FileChannel.open(file(BYTES));
        Draft draft = ager.allocate(BYTES, Samples.WAIT)) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> draft.fill(channel, BEFORE, Samples.WAIT))
          .isInstanceOf(AgerException.Interrupted.class);
      assertThat(Thread.interrupted()).isTrue();
      assertThat(channel.isOpen()).isTrue();
      draft.fill(channel, BEFORE, Samples.WAIT);
      check(draft);
    }
  }

  @Test
  void fill_interruptedWhileItWaits_endsAndLeavesTheFlagSet() throws Exception {
    Pipe pipe = Pipe.open();
    try (Pipe.SinkChannel _ = pipe.sink();
        Draft draft = ager.allocate(100, Samples.WAIT)) {
      CompletableFuture<Boolean> flag = new CompletableFuture<>();
      Thread filling =
          Thread.ofPlatform()
              .daemon()
              .start(
                  () -> {
                    try {
                      draft.fill(pipe.source(), Samples.WAIT);
                      flag.completeExceptionally(new AssertionError("was filled"));
                    } catch (AgerException.Interrupted e) {
                      flag.complete(Thread.currentThread().isInterrupted());
                    } catch (IOException | RuntimeException e) {
                      flag.completeExceptionally(e);
                    }
                  });
      filling.interrupt();
      assertThat(flag.get(20, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void close_whileADraftIsFilled_endsBoth() throws Exception {
    CountDownLatch filled = new CountDownLatch(3);
    CompletableFuture<Void> filling =
        CompletableFuture.runAsync(
            () -> {
              try (FileChannel zeros = FileChannel.open(Path.of("/dev/zero"));
                  Draft draft = ager.allocate(BUDGET / 2, Samples.WAIT)) {
                while (true) {
                  draft.fill(zeros, Samples.WAIT);
                  filled.countDown();
                }
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            },
            Thread.ofPlatform().daemon()::start);
    assertThat(filled.await(20, TimeUnit.SECONDS)).isTrue();
    try (Pin pin = ager.pin(Samples.extent(ager, SEED, 100), Samples.WAIT)) {
      var segment = pin.segment();
      ager.pinTrace().mode(PinTrace.Mode.OFF);
      ager.close();
      assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_BYTE, 0))
          .as("memory was given back")
          .isInstanceOf(IllegalStateException.class);
    }
    assertThatThrownBy(() -> filling.get(20, TimeUnit.SECONDS))
        .hasCauseInstanceOf(IllegalStateException.class);
  }

  @Test
  void fill_sealedOrClosed_isRefused() throws Exception {
    try (FileChannel channel = FileChannel.open(file(BYTES))) {
      Draft draft = ager.allocate(BYTES, Samples.WAIT);
      draft.seal();
      assertThatThrownBy(() -> draft.fill(channel, Samples.WAIT))
          .isInstanceOf(IllegalStateException.class);
      draft.close();
      assertThatThrownBy(() -> draft.fill(channel, Samples.WAIT))
          .isInstanceOf(IllegalStateException.class);
      assertThat(channel.position()).isZero();
    }
  }
}
