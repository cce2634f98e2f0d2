package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Log;
import io.quire.base.Log.Stream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotFileTest {
  @TempDir Path directory;

  private static Capture capture(Map<Stream, byte[]> states) {
    Map<Stream, Log.Capture> captures = new TreeMap<>();
    states.forEach((stream, state) -> captures.put(stream, Log.Capture.of(out -> out.raw(state))));
    return new Capture(3, 70, 70 << 16, 0x0a0b0c0d, captures);
  }

  @Test
  void write_inPieces_isReadAsAWhole() throws IOException {
    SplittableRandom random = new SplittableRandom(1);
    byte[] large = new byte[3_000_000];
    random.nextBytes(large);
    Map<Stream, byte[]> states =
        Map.of(
            Stream.SESSIONS,
            new byte[] {1, 2},
            Stream.TRANSACTIONS,
            large,
            Stream.LOG,
            new byte[0]);
    Path file = directory.resolve("f");

    SnapshotFile.write(file, capture(states), () -> false);

    Snapshot found = Snapshot.decode(file, Files.readAllBytes(file));
    assertThat(found.term()).isEqualTo(3);
    assertThat(found.index()).isEqualTo(70);
    assertThat(found.chain()).isEqualTo(0x0a0b0c0d);
    assertThat(found.states()).hasSize(3);
    states.forEach((stream, state) -> assertThat(found.states().get(stream)).isEqualTo(state));
    assertThat(Snapshot.decode(file, found.encode()).states().get(Stream.TRANSACTIONS))
        .isEqualTo(large);
  }

  /** What is listed and cannot be found is like one that went when two newer ones had come. */
  @Test
  void snapshots_oneThatGoesWhileTheyAreRead_isLeftOut() throws IOException {
    Path kept = directory.resolve("snapshot-0000000000000000070");
    SnapshotFile.write(kept, capture(Map.of(Stream.LOG, new byte[] {1})), () -> false);
    Path gone = directory.resolve("snapshot-0000000000000000060");
    Files.createSymbolicLink(gone, directory.resolve("removed"));

    for (boolean read : new boolean[] {true, false}) {
      assertThat(LogFacts.snapshots(directory, read))
          .as("read=%s", read)
          .containsExactly(
              new LogVerification.SnapshotFile(70, kept.toString(), Files.size(kept), ""));
    }
  }

  @Test
  void write_hasTheseBytes() throws IOException {
    Path file = directory.resolve("f");
    SnapshotFile.write(file, capture(Map.of(Stream.TRANSACTIONS, new byte[] {9})), () -> false);
    byte[] bytes = Files.readAllBytes(file);
    assertThat(HexFormat.of().formatHex(bytes, 0, bytes.length - 4))
        .isEqualTo(
            "51534e5002000100"
                + "0300000000000000"
                + "4600000000000000"
                + "0000460000000000"
                + "0d0c0b0a"
                + "0100"
                + "0100000009"
                + "00000000");
  }

  @Test
  void keep_afterTheClose_leavesNothing() throws IOException {
    Snapshots snapshots =
        Snapshots.open(directory.resolve("s"), directory.resolve("aside"), _ -> false);
    snapshots.keep(capture(Map.of(Stream.LOG, new byte[] {1})));
    snapshots.close();
    assertThatThrownBy(() -> snapshots.keep(capture(Map.of(Stream.LOG, new byte[2_000_000]))))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("broken off");
    assertThat(directory.resolve("s").toFile().list()).hasSize(1);
  }
}
