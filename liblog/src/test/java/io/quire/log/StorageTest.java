package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Address;
import io.quire.base.Checksum;
import io.quire.base.Log.Stream;
import io.quire.base.NodeId;
import io.quire.base.WireWriter;
import io.quire.log.Identity.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StorageTest {
  private static final NodeId N1 = new NodeId("n1");
  private static final NodeId N2 = new NodeId("n2");

  @TempDir Path directory;

  @Test
  void open_again_keepsTheStorageId() {
    long storage;
    try (Storage first = Storage.open(config("c", N1))) {
      storage = first.identity().storage();
      assertThat(first.identity().state()).isEqualTo(State.BLANK);
    }
    try (Storage second = Storage.open(config("c", N1))) {
      assertThat(second.identity().storage()).isEqualTo(storage);
    }
  }

  @Test
  void open_ofAnotherClustersDirectory_isRefusedAndChangesNothing() throws IOException {
    Storage.open(config("c", N1)).close();
    Map<String, String> before = contents();

    assertThatThrownBy(() -> Storage.open(config("other", N1)))
        .isInstanceOf(LogException.OtherClusterException.class)
        .hasMessageContaining("path=" + directory)
        .hasMessageContaining("found=c wanted=other");
    assertThat(contents()).isEqualTo(before);
  }

  @Test
  void open_ofAnotherNodesDirectory_isRefusedAndChangesNothing() throws IOException {
    Storage.open(config("c", N1)).close();
    Map<String, String> before = contents();

    assertThatThrownBy(() -> Storage.open(config("c", N2)))
        .isInstanceOf(LogException.OtherNodeException.class);
    assertThat(contents()).isEqualTo(before);
  }

  @Test
  void open_whileHeld_isRefused() {
    try (Storage _ = Storage.open(config("c", N1))) {
      assertThatThrownBy(() -> Storage.open(config("c", N1)))
          .isInstanceOf(LogException.HeldException.class);
    }
  }

  @Test
  void open_ofNewerFormat_isRefusedAndChangesNothing() throws IOException {
    byte[] newer = new WireWriter().int32(0x4e444951).uint16(Identity.VERSION + 1).toBytes();
    Files.write(identity(), newer);
    Files.write(copy(), newer);
    Map<String, String> before = contents();

    assertThatThrownBy(() -> Storage.open(config("c", N1)))
        .isInstanceOf(LogException.NewerFormatException.class)
        .hasMessageContaining("path=" + identity())
        .hasMessageContaining("found=3 newest known=2");
    assertThat(contents()).isEqualTo(before);
  }

  @Test
  void open_ofOlderFormat_isRefusedInOneSentenceAndChangesNothing() throws IOException {
    try (Storage storage = Storage.open(config("c", N1))) {
      form(storage, true);
    }
    byte[] older = Files.readAllBytes(identity());
    older[4] = 1;
    int body = older.length - Integer.BYTES;
    byte[] checksum = new WireWriter().int32(Checksum.of(older, 0, body)).toBytes();
    System.arraycopy(checksum, 0, older, body, Integer.BYTES);
    Files.write(identity(), older);
    Files.write(copy(), older);
    Map<String, String> before = contents();

    String sentence =
        "file has an older format: path="
            + identity()
            + " found=1 oldest known="
            + Identity.VERSION;
    assertThatThrownBy(() -> Storage.open(config("c", N1)))
        .isInstanceOf(LogException.OlderFormatException.class)
        .hasMessage(sentence);
    assertThatThrownBy(() -> LogDirectory.open(directory))
        .isInstanceOf(LogException.OlderFormatException.class)
        .hasMessage(sentence);
    assertThat(contents()).isEqualTo(before);
  }

  @Test
  void open_ofACopyOfAnotherNodesDirectory_isRefusedAndNotEvenLocked() throws IOException {
    Storage.open(config("c", N1)).close();
    Files.delete(directory.resolve("lock"));
    Map<String, String> before = contents();

    assertThatThrownBy(() -> Storage.open(config("c", N2)))
        .isInstanceOf(LogException.OtherNodeException.class)
        .hasMessageContaining("path=" + directory)
        .hasMessageContaining("found=n1 wanted=n2");
    assertThat(contents()).isEqualTo(before);
  }

  @Test
  void open_withIdentityCutShort_isRefusedAndChangesNothing() throws IOException {
    Storage.open(config("c", N1)).close();
    byte[] whole = Files.readAllBytes(identity());
    Files.delete(copy());
    for (int length = 0; length < whole.length; length++) {
      Files.write(identity(), Arrays.copyOf(whole, length));
      Map<String, String> before = contents();

      assertThatThrownBy(() -> Storage.open(config("c", N1)))
          .describedAs("length " + length)
          .isInstanceOf(LogException.StartException.class)
          .hasMessageContaining("path=" + identity());
      assertThat(contents()).isEqualTo(before);
    }
  }

  @Test
  void open_afterACrashWhileTheIdentityWasReplaced_isStillTheOldOne() throws IOException {
    Identity old;
    try (Storage storage = Storage.open(config("c", N1))) {
      old = storage.identity();
    }
    byte[] next = old.successor(7).encode();
    Files.write(directory.resolve("identity.tmp"), Arrays.copyOf(next, next.length / 2));

    try (Storage storage = Storage.open(config("c", N1))) {
      assertThat(storage.identity()).isEqualTo(old);
      storage.become(old.voting());
    }
    assertThat(directory.resolve("identity.tmp")).doesNotExist();
  }

  @Test
  void open_ofALogWithoutIdentity_isRefusedAndChangesNothing() throws IOException {
    try (Storage storage = Storage.open(config("c", N1))) {
      form(storage, true);
    }
    Files.delete(identity());
    Map<String, String> before = contents();

    assertThatThrownBy(() -> Storage.open(config("c", N1)))
        .isInstanceOf(LogException.StartException.class)
        .hasMessageContaining("path=" + directory)
        .hasMessageContaining("missing=" + identity());
    assertThat(contents()).isEqualTo(before);
  }

  @Test
  void open_ofAFile_namesIt() throws IOException {
    Path file = Files.createFile(directory.resolve("file"));

    assertThatThrownBy(() -> Storage.open(LogConfig.of("c", N1, file, List.of(N1))))
        .isInstanceOf(LogException.DirectoryException.class)
        .hasMessageContaining("path=" + file);
    assertThat(file).isEmptyFile();
  }

  @Test
  void open_withSnapshotOfNewerFormat_isRefusedAndChangesNothing() throws IOException {
    try (Storage storage = Storage.open(config("c", N1))) {
      form(storage, true);
      storage.snapshots().keep(snapshot(1));
      storage.snapshots().keep(snapshot(2));
    }
    byte[] newer = Files.readAllBytes(snapshotFile(2));
    newer[4]++;
    int body = newer.length - Integer.BYTES;
    byte[] checksum = new WireWriter().int32(Checksum.of(newer, 0, body)).toBytes();
    System.arraycopy(checksum, 0, newer, body, Integer.BYTES);
    Files.write(snapshotFile(2), newer);
    Map<String, String> before = contents();

    assertThatThrownBy(() -> Storage.open(config("c", N1)))
        .isInstanceOf(LogException.NewerFormatException.class)
        .hasMessageContaining("path=" + snapshotFile(2))
        .hasMessageContaining("found=3 newest known=2");
    assertThat(contents()).isEqualTo(before);
  }

  @Test
  void open_withAnyByteOfTheIdentityFlipped_isHealedFromItsCopyOrRefused() throws IOException {
    Identity wanted;
    try (Storage storage = Storage.open(config("c", N1))) {
      wanted = storage.identity();
    }
    byte[] bytes = Files.readAllBytes(identity());
    for (int i = 0; i < bytes.length; i++) {
      byte[] bad = bytes.clone();
      bad[i] ^= 0x40;
      for (Path file : List.of(identity(), copy())) {
        Files.write(file, bad);
        try (Storage storage = Storage.open(config("c", N1))) {
          assertThat(storage.identity()).describedAs("byte " + i).isEqualTo(wanted);
        }
        assertThat(Files.readAllBytes(file)).isEqualTo(bytes);
      }
      Files.write(identity(), bad);
      Files.write(copy(), bad);
      assertThatThrownBy(() -> Storage.open(config("c", N1)))
          .describedAs("byte " + i)
          .isInstanceOf(LogException.class);
      Files.write(identity(), bytes);
      Files.write(copy(), bytes);
    }
  }

  @Test
  void open_ofGroupOfOneWithoutItsLog_saysWhatIsLost() throws IOException {
    try (Storage storage = Storage.open(config("c", N1))) {
      form(storage, true);
    }
    TestCluster.wipe(directory.resolve("raft"));

    assertThatThrownBy(() -> Storage.open(config("c", N1)))
        .isInstanceOf(LogException.LogLostException.class)
        .hasMessageContaining("all that was acknowledged here is lost");
  }

  @Test
  void open_ofVoterWithoutItsLog_takesAnotherIdAndNeverFounds() throws IOException {
    PeerId lost;
    try (Storage storage = Storage.open(config("c", N1))) {
      form(storage, false);
      lost = storage.identity().peer();
    }
    TestCluster.wipe(directory.resolve("raft"));

    try (Storage storage = Storage.open(config("c", N1))) {
      assertThat(storage.identity().peer()).isNotEqualTo(lost);
      assertThat(storage.identity().state()).isEqualTo(State.NEWCOMER);
      assertThat(directory.resolve("aside").resolve(lost.toString()).resolve("identity")).exists();
    }
    try (Storage storage = Storage.open(config("c", N1))) {
      assertThat(storage.identity().state()).isEqualTo(State.NEWCOMER);
    }
  }

  @Test
  void open_afterFormingWasCutShort_canFinishIt() throws IOException {
    try (Storage storage = Storage.open(config("c", N1))) {
      Identity identity = storage.identity();
      UUID group = UUID.randomUUID();
      storage.become(
          identity.in(
              State.FORMING,
              group,
              List.of(new GroupMember(identity.peer(), new Address("h", 1), true))));
      Files.createDirectories(directory.resolve("raft").resolve(group.toString()));
    }
    try (Storage storage = Storage.open(config("c", N1))) {
      storage.finishForming();
      assertThat(storage.identity().state()).isEqualTo(State.FORMED);
      assertThat(storage.log().resolve("raft-meta")).exists();
    }
    Storage.open(config("c", N1)).close();
  }

  @Test
  void open_withBadSnapshotAndGoodOlderOne_setsTheBadOneAside() throws IOException {
    try (Storage storage = Storage.open(config("c", N1))) {
      form(storage, true);
      for (long index = 1; index <= 3; index++) {
        storage.snapshots().keep(snapshot(index));
      }
    }
    Path newest = snapshotFile(3);
    flip(newest);
    assertThat(snapshotFile(1)).doesNotExist();

    try (Storage storage = Storage.open(config("c", N1))) {
      Snapshot found = storage.snapshots().take();
      assertThat(found).isNotNull().extracting(Snapshot::index).isEqualTo(2L);
      assertThat(newest).doesNotExist();
      assertThat(directory.resolve("aside").resolve(newest.getFileName() + ".bad")).exists();
    }
  }

  @Test
  void open_withNoGoodSnapshot_isRefusedAndChangesNothing() throws IOException {
    try (Storage storage = Storage.open(config("c", N1))) {
      form(storage, true);
      storage.snapshots().keep(snapshot(1));
      storage.snapshots().keep(snapshot(2));
    }
    flip(snapshotFile(1));
    flip(snapshotFile(2));
    Map<String, String> before = contents();

    assertThatThrownBy(() -> Storage.open(config("c", N1)))
        .isInstanceOf(LogException.NoGoodSnapshotException.class)
        .hasMessageContaining(snapshotFile(1).toString())
        .hasMessageContaining(snapshotFile(2).toString())
        .hasMessageContaining("found=")
        .hasMessageContaining("wanted=");
    assertThat(contents()).isEqualTo(before);
  }

  @Test
  void decodeSnapshot_withAnyByteFlipped_isDetected() {
    byte[] bytes = snapshot(5).encode();
    for (int i = 0; i < bytes.length; i++) {
      byte[] bad = bytes.clone();
      bad[i] ^= 1;
      assertThatThrownBy(() -> Snapshot.decode(directory, bad))
          .describedAs("byte " + i)
          .isInstanceOf(RuntimeException.class);
    }
    assertThat(Snapshot.decode(directory, bytes).states().get(Stream.SESSIONS))
        .containsExactly(1, 2);
  }

  private Path copy() {
    return directory.resolve("identity-copy");
  }

  private Path identity() {
    return directory.resolve("identity");
  }

  private static void form(Storage storage, boolean alone) throws IOException {
    GroupMember self = new GroupMember(storage.identity().peer(), new Address("h", 1), true);
    GroupMember other = new GroupMember(new PeerId(N2, 1), new Address("h", 2), true);
    storage.form(UUID.randomUUID(), alone ? List.of(self) : List.of(self, other));
  }

  private static Snapshot snapshot(long index) {
    return new Snapshot(1, index, index << 16, 9, Map.of(Stream.SESSIONS, new byte[] {1, 2}));
  }

  private Path snapshotFile(long index) {
    return directory.resolve("snapshots").resolve("snapshot-%019d".formatted(index));
  }

  private static void flip(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
  }

  private Map<String, String> contents() throws IOException {
    return TestCluster.contents(directory);
  }

  private LogConfig config(String cluster, NodeId node) {
    return LogConfig.of(cluster, node, directory, List.of(node));
  }
}
