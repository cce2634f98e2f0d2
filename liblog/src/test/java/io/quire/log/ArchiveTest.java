package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.WireReader.MalformedException;
import io.quire.log.TestCluster.Node;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Timeout(300)
@Execution(ExecutionMode.CONCURRENT)
class ArchiveTest {
  private static final UUID GROUP = new UUID(0x0123456789abcdefL, 0x1122334455667788L);

  @TempDir Path root;
  private List<SegmentPath> closed = List.of();
  private Path directory = Path.of("");

  @BeforeEach
  void threeClosedSegments() throws Exception {
    directory = root.resolve("archive");
    for (String text : List.of("one", "two", "three", "four")) {
      try (TestCluster cluster = new TestCluster(root, "n1")) {
        Node node = cluster.start("n1").getFirst();
        node.put(text);
        closed = ReadTest.segments(node).stream().filter(segment -> !segment.open()).toList();
      }
    }
    assertThat(closed).hasSize(3);
  }

  @Test
  void add_linksAndNotes_andSurvivesTheLossOfRatisCopy() throws IOException {
    Archive archive = Archive.open(directory, GROUP);
    assertThat(archive.add(closed)).isEqualTo(closed.getLast().last());
    for (SegmentPath segment : closed) {
      assertThat(Files.isSameFile(segment.path(), directory.resolve(segment.path().getFileName())))
          .isTrue();
      Files.delete(segment.path());
    }
    Archive again = Archive.open(directory, GROUP);
    assertThat(again.kept()).isEqualTo(archive.kept()).hasSize(3);
    assertThat(again.kept()).extracting(Archive.Kept::records).containsOnly(1L);
    assertThat(again.check()).isEmpty();
    again.remove(again.kept().subList(0, 1));
    assertThat(SegmentPath.in(directory)).hasSize(2);
    assertThat(again.knows(closed.getFirst())).isTrue();
  }

  @Test
  void add_ofASegmentThatDoesNotVerify_stopsThere() throws IOException {
    Path bad = closed.get(1).path();
    byte[] bytes = Files.readAllBytes(bad);
    bytes[bytes.length - 9] ^= 1;
    Files.write(bad, bytes);

    Archive archive = Archive.open(directory, GROUP);

    assertThat(archive.add(closed)).isEqualTo(closed.getFirst().last());
    assertThat(archive.knows(closed.get(2))).isFalse();
  }

  @Test
  void add_ofASegmentThatDoesNotVerifyAnyMore_keepsTheGoodOne() throws IOException {
    Archive archive = Archive.open(directory, GROUP);
    archive.add(closed);
    Path own = closed.getFirst().path();
    byte[] bytes = Files.readAllBytes(own);
    bytes[bytes.length - 9] ^= 1;
    Files.delete(own);
    Files.write(own, bytes);

    archive.add(closed);

    assertThat(archive.check()).isEmpty();
    assertThat(archive.kept()).hasSize(3);
  }

  @Test
  void archiveOfAnotherGroup_isSetAsideWhole() throws IOException {
    Archive.open(directory, GROUP).add(closed);
    UUID other = new UUID(1, 2);
    Path aside = root.resolve("aside");

    Archive archive = Archive.openOrRebuild(directory, other, aside);

    assertThat(archive.kept()).isEmpty();
    assertThat(SegmentPath.in(directory)).isEmpty();
    try (var moved = Files.list(aside)) {
      assertThat(SegmentPath.in(moved.findFirst().orElseThrow())).hasSize(3);
    }
    assertThat(archive.add(closed)).isEqualTo(closed.getLast().last());
    assertThat(Archive.openOrRebuild(directory, other, aside).kept()).hasSize(3);
  }

  @Test
  void cut_movesAwayWhatTheLogGoesOnOtherwise_andItIsTakenInAnew() throws IOException {
    Archive archive = Archive.open(directory, GROUP);
    archive.add(closed);

    archive.cut(closed.get(1).last(), root.resolve("kept"));

    assertThat(Archive.open(directory, GROUP).kept())
        .extracting(Archive.Kept::last)
        .containsExactly(closed.getFirst().last());
    assertThat(root.resolve("kept").toFile().list()).hasSize(2);
    assertThat(archive.knows(closed.get(1))).isFalse();
    archive.add(closed);
    assertThat(archive.kept()).hasSize(3);
  }

  @Test
  void check_namesWhatIsMissingShortOrChanged() throws IOException {
    Archive archive = Archive.open(directory, GROUP);
    archive.add(closed);
    Path first = archive.path(archive.kept().get(0));
    Path second = archive.path(archive.kept().get(1));
    Path third = archive.path(archive.kept().get(2));
    Files.delete(first);
    byte[] bytes = Files.readAllBytes(second);
    bytes[12] ^= 1;
    Files.write(second, bytes);
    Files.write(third, new byte[3]);

    assertThat(Archive.open(directory, GROUP).check())
        .containsExactly(
            "archived segment is missing: path=" + first,
            "archived segment has another checksum: path=" + second,
            "archived segment has another length: path=%s found=3 wanted=%d"
                .formatted(third, archive.kept().get(2).bytes()));
  }

  @Test
  void crash_betweenFilesAndManifest_losesNothingAndBringsNothingBack() throws IOException {
    Archive archive = Archive.open(directory, GROUP);
    archive.add(closed.subList(0, 1));
    // Linked, and the manifest was not written yet.
    Files.createLink(directory.resolve(closed.get(1).path().getFileName()), closed.get(1).path());
    Archive again = Archive.open(directory, GROUP);
    again.add(closed);
    assertThat(again.kept()).hasSize(3);
    // Taken off the manifest, and the file was not deleted yet.
    Path first = again.path(again.kept().getFirst());
    byte[] bytes = Files.readAllBytes(first);
    again.remove(again.kept().subList(0, 1));
    Files.write(first, bytes);
    Archive third = Archive.open(directory, GROUP);
    third.clean();
    third.add(closed);
    assertThat(first).doesNotExist();
    assertThat(third.kept()).hasSize(2);
  }

  @Test
  void open_withAnyByteOfTheManifestFlipped_isDetectedAndMadeAnew() throws IOException {
    Archive archive = Archive.open(directory, GROUP);
    archive.add(closed);
    Path manifest = directory.resolve(Archive.MANIFEST);
    byte[] bytes = Files.readAllBytes(manifest);
    for (int i = 0; i < bytes.length; i++) {
      byte[] bad = bytes.clone();
      bad[i] ^= 1;
      assertThatThrownBy(() -> Archive.decode(directory, manifest, bad))
          .isInstanceOf(MalformedException.class);
    }
    bytes[9] ^= 1;
    Files.write(manifest, bytes);
    Archive made = Archive.openOrRebuild(directory, GROUP, root.resolve("aside"));
    assertThat(made.kept()).isEqualTo(archive.kept());
    assertThat(root.resolve("aside").toFile().list()).hasSize(1);
  }

  @Test
  void manifest_ofVersionOne_hasTheseBytes() {
    Archive archive =
        Archive.decode(
            directory,
            directory,
            HexFormat.of()
                .parseHex(
                    "5141524301000000"
                        + "efcdab8967452301"
                        + "8877665544332211"
                        + "0700000000000000"
                        + "01000000"
                        + "0800000000000000"
                        + "0900000000000000"
                        + "6400000000000000"
                        + "0d0c0b0a"
                        + "0300000000000000"
                        + "e803000000000000"
                        + "850ef3f5"));
    assertThat(archive.kept()).containsExactly(new Archive.Kept(8, 9, 100, 0x0a0b0c0d, 3, 1_000));
    assertThat(archive.encode()).hasSize(84);
  }
}
