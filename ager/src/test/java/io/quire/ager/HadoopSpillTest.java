package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HadoopSpillTest {
  private static final Duration LONG = HadoopSpill.LEASE.plusMinutes(1);
  private static final Duration SHORT = HadoopSpill.LEASE.minusMinutes(1);

  @TempDir Path directory;

  private Path owner(String name, Duration silentFor, boolean alive) throws IOException {
    Path own = Files.createDirectories(directory.resolve("spill").resolve(name));
    Files.writeString(own.resolve("000001.quire"), "spilled");
    FileTime then = FileTime.from(Instant.now().minus(silentFor));
    if (alive) {
      Files.setLastModifiedTime(Files.writeString(own.resolve("alive"), ""), then);
    }
    Files.setLastModifiedTime(own, then);
    return own;
  }

  @Test
  void open_removesWhatSilentOwnersLeft_andNothingElse() throws IOException {
    Path dead = owner("dead", LONG, true);
    Path diedAtOnce = owner("died-at-once", LONG, false);
    Path slow = owner("slow", SHORT, true);
    Path begins = owner("begins", SHORT, false);
    Path kept = Files.createDirectories(directory.resolve("durable"));
    Files.setLastModifiedTime(kept, FileTime.from(Instant.EPOCH));
    try (Ager _ = Ager.open(Samples.config(1 << 20, Samples.hadoop(directory, true)))) {
      assertThat(dead).doesNotExist();
      assertThat(diedAtOnce).doesNotExist();
      assertThat(slow.resolve("000001.quire")).exists();
      assertThat(begins.resolve("000001.quire")).exists();
      assertThat(kept).exists();
      assertThat(directory.resolve("spill/node-1/alive")).exists();
    }
    assertThat(directory.resolve("spill/node-1")).doesNotExist();
  }
}
