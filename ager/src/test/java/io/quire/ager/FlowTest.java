package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bodies of all sizes, side by side in a file: what was written is what is read. */
class FlowTest {
  private static final int PAGE = StoreHeader.BYTES;

  @TempDir private Path directory;

  private final Lanes lanes = new Lanes("test", 3);
  private final FaultyDisk disk = new FaultyDisk("flow");

  @AfterEach
  void close() {
    lanes.close();
  }

  /** Pages of a body: small, about as large as goes in one piece, or more than fills a write. */
  private static long pages(SplittableRandom random) {
    return switch (random.nextInt(4)) {
      case 0 -> random.nextInt(1, 4);
      case 1 -> Pieces.LARGE_BYTES / PAGE + random.nextInt(-2, 3);
      case 2 -> random.nextInt(1, 300);
      default -> Lanes.BUFFER_BYTES / PAGE + random.nextInt(-3, 700);
    };
  }

  @ParameterizedTest
  @CsvSource({"whole,false", "faulty,false", "faulty,true"})
  void whatWasWritten_isRead(String kind, boolean shortTransfers) throws Exception {
    disk.writesAreShort = shortTransfers;
    disk.readsAreShort = shortTransfers;
    Disk used = kind.equals("whole") ? Disk.direct() : disk;
    for (int seed = 0; seed < 10; seed++) {
      try (Arena arena = Arena.ofShared();
          FlashFile file =
              new FlashFile(used.open(directory.resolve("flow" + seed), Disk.Access.CREATE))) {
        roundTrip(new SplittableRandom(seed), arena, file);
      } catch (AssertionError e) {
        throw new AssertionError("replay: FlowTest seed=" + seed, e);
      }
    }
  }

  private void roundTrip(SplittableRandom random, Arena arena, FlashFile file) throws Exception {
    List<StoreHeader> headers = new ArrayList<>();
    List<MemorySegment> bodies = new ArrayList<>();
    Outflow out = new Outflow(lanes, file, PAGE);
    for (int i = 0; i < 12; i++) {
      MemorySegment body = arena.allocate(pages(random) * PAGE, PAGE);
      byte[] noise = new byte[(int) body.byteSize()];
      new Random(random.nextLong()).nextBytes(noise);
      MemorySegment.copy(noise, 0, body, ValueLayout.JAVA_BYTE, 0, noise.length);
      StoreHeader header = StoreHeader.body(i, body.byteSize(), i, "flow");
      headers.add(header);
      bodies.add(body);
      out.header(header);
      if (random.nextInt(3) == 0) {
        out.gather(body);
      } else {
        out.run(body);
      }
    }
    out.flush();
    out.end();

    Inflow in = new Inflow(lanes, file, PAGE);
    List<byte[]> readHeaders = new ArrayList<>();
    List<MemorySegment> readBodies = new ArrayList<>();
    for (MemorySegment body : bodies) {
      byte[] header = new byte[PAGE];
      MemorySegment into = arena.allocate(body.byteSize(), PAGE);
      in.into(MemorySegment.ofArray(header));
      in.into(into);
      readHeaders.add(header);
      readBodies.add(into);
    }
    in.flush();
    in.await(0, in.next());
    for (int i = 0; i < bodies.size(); i++) {
      assertThat(readHeaders.get(i)).as("header %d", i).isEqualTo(headers.get(i).encode());
      assertThat(readBodies.get(i).mismatch(bodies.get(i))).as("body %d", i).isEqualTo(-1);
    }
  }
}
