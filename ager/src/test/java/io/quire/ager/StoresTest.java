package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.quire.ager.AgerException.StoreUnavailable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoresTest {
  private static final long BUDGET = 1 << 20;

  @TempDir Path directory;

  private Ager open(String owner, StoreConfig... stores) {
    return Ager.open(AgerConfig.of(BUDGET, List.of(stores), owner));
  }

  @Test
  void open_deadOwnersSpill_isSwept() throws IOException {
    Path dead = Files.createDirectories(directory.resolve("node-9"));
    Files.writeString(dead.resolve("lock"), "");
    Files.writeString(dead.resolve("spill.quire"), "left behind");
    Path foreign = Files.createDirectories(directory.resolve("photos"));
    Files.writeString(foreign.resolve("cat"), "none of ours");
    open("node-1", Samples.flash(directory, 1 << 20)).close();
    assertThat(dead).doesNotExist();
    assertThat(foreign.resolve("cat")).exists();
  }

  @Test
  void open_livingOwnersSpill_stays() {
    try (Ager first = open("node-1", Samples.flash(directory, 1 << 30))) {
      List<Extent> extents = Samples.extents(first, 30, 100_000);
      try (Ager second = open("node-2", Samples.flash(directory, 1 << 30))) {
        Samples.extents(second, 30, 100_000);
      }
      open("node-3", Samples.flash(directory, 1 << 30)).close();
      for (int i = 0; i < extents.size(); i++) {
        Samples.check(first, extents.get(i), i);
      }
    }
  }

  @Test
  void open_besideALivingOwner_leavesItsLockForOtherProcessesToSee() throws IOException {
    Path locks = Path.of("/proc/locks");
    assumeTrue(Files.exists(locks), "the operating system lists its file locks");
    try (Ager _ = open("node-1", Samples.flash(directory, 1 << 20))) {
      open("node-2", Samples.flash(directory, 1 << 20)).close();
      Object inode = Files.getAttribute(directory.resolve("node-1/lock"), "unix:ino");
      assertThat(Files.readAllLines(locks)).anyMatch(line -> line.contains(":" + inode + " "));
    }
  }

  @Test
  void open_ownerIsAlive_isRefused() {
    try (Ager ager = open("node-1", Samples.flash(directory, 1 << 20))) {
      assertThatThrownBy(() -> open("node-1", Samples.flash(directory, 1 << 20)))
          .isInstanceOf(StoreUnavailable.class)
          .hasMessageContaining("node-1");
      Samples.check(ager, Samples.extent(ager, 1, 100), 1);
    }
  }

  @Test
  void open_directoryCannotBeMade_namesTheStoreAndLeavesNothing() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "");
    Path good = directory.resolve("good");
    StoreUnavailable failure =
        catchThrowableOfType(
            StoreUnavailable.class,
            () ->
                open(
                    "node-1",
                    Samples.flash(good, 1 << 20),
                    Samples.flash(file.resolve("below"), 1 << 20)));
    assertThat(failure.store()).isEqualTo("flash://" + file.resolve("below"));
    assertThat(good.resolve("node-1")).doesNotExist();
    open("node-1", Samples.flash(good, 1 << 20)).close();
  }

  @Test
  void open_hdfsIsNotThere_saysSoWithinSeconds() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    String uri = "hdfs://127.0.0.1:" + port + "/quire";
    long began = System.nanoTime();
    StoreUnavailable failure =
        catchThrowableOfType(
            StoreUnavailable.class, () -> open("node-1", StoreConfig.parse(uri, 1 << 20, true)));
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(15));
    assertThat(failure.store()).isEqualTo(uri);
    assertThat(failure).hasMessageContaining("Connection refused");
  }

  @Test
  void open_unknownScheme_namesTheStore() {
    assertThatThrownBy(() -> open("node-1", StoreConfig.parse("gopher:///x", 1 << 20, true)))
        .isInstanceOf(StoreUnavailable.class)
        .hasMessageContaining("gopher");
  }

  @Test
  void spill_throughHadoop_containersGoWithTheirExtents() {
    AgerConfig config =
        Samples.config(BUDGET, Samples.hadoop(directory, false)).withContainerBytes(300_000);
    try (Ager ager = Ager.open(config)) {
      List<Extent> extents = Samples.extents(ager, 40, 50_000);
      Samples.await("containers", () -> Samples.containersBelow(directory).size() > 3);
      extents.forEach(ager::drop);
      Samples.await(
          "only the last one of each stream", () -> Samples.containersBelow(directory).size() <= 2);
    }
    assertThat(Samples.filesBelow(directory)).isEmpty();
  }

  @Test
  void parse_notAStore_saysWhatIsAllowed() {
    for (String uri :
        List.of("/tmp/x", "flash://host/x", "flash:///", "file://host/x", "flash:///a,/a")) {
      assertThatThrownBy(() -> StoreConfig.parse(uri, 1, false))
          .as(uri)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(uri);
    }
    StoreConfig flash = Samples.flash(directory, 1);
    assertThatThrownBy(() -> AgerConfig.of(BUDGET, List.of(flash, flash), "node-1"))
        .hasMessageContaining("twice");
    assertThatThrownBy(() -> AgerConfig.of(BUDGET, List.of(), "../x"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> AgerConfig.of(1000, List.of(), "node-1"))
        .hasMessageContaining("budgetBytes=0 min=65536");
  }
}
