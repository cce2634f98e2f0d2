package io.quire.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.ager.Ager;
import io.quire.ager.AgerConfig;
import io.quire.ager.Copy;
import io.quire.ager.Draft;
import io.quire.ager.Pin;
import io.quire.ager.StoreConfig;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.io.StringWriter;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(400)
class StoreCommandTest {
  private static final Duration WAIT = Duration.ofSeconds(30);
  private static final int BYTES = 10_000;

  @TempDir Path directory;
  private final List<Copy> copies = new ArrayList<>();
  private StringWriter out = new StringWriter();
  private StringWriter err = new StringWriter();

  private String store(String name) {
    return "flash://" + directory.resolve(name);
  }

  private Ager ager(String name) {
    StoreConfig config = StoreConfig.parse(store(name), 1 << 30, true);
    return Ager.open(AgerConfig.of(1 << 20, List.of(config), "node-1"));
  }

  @BeforeEach
  void persist() throws Exception {
    try (Ager ager = ager("store")) {
      for (int i = 0; i < 10; i++) {
        try (Draft draft = ager.allocate(BYTES, WAIT)) {
          draft.segment().fill((byte) i);
          copies.add(ager.persist(draft.seal()).get(30, TimeUnit.SECONDS));
        }
      }
    }
  }

  private int run(String... arguments) {
    out = new StringWriter();
    err = new StringWriter();
    return Quire.command()
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(Stream.concat(Stream.of("store"), Stream.of(arguments)).toArray(String[]::new));
  }

  private Path needed(Copy... needed) throws Exception {
    List<String> lines = Stream.of(needed).map(each -> each.file() + " " + each.offset()).toList();
    return Files.write(directory.resolve("needed.txt"), lines);
  }

  @Test
  void verify_ofDamage_namesItAndEndsWithOne() throws Exception {
    assertThat(run("verify", store("store"))).isZero();
    assertThat(out.toString()).contains("10 in", "verdict", "good");

    Copy bad = copies.get(3);
    try (RandomAccessFile file =
        new RandomAccessFile(directory.resolve("store").resolve(bad.file()).toFile(), "rw")) {
      file.seek(bad.offset() + 5000);
      file.write(77);
    }
    assertThat(run("verify", store("store"))).isEqualTo(1);
    assertThat(out.toString()).contains("file=" + bad.file(), "offset=" + bad.offset());
    assertThat(run("verify", store("store"), "--json")).isEqualTo(1);
    assertThat(out.toString()).contains("\"good\":false", "\"offset\":" + bad.offset());
  }

  @Test
  void verify_noSuchStore_saysSoInOneLine() {
    assertThat(run("verify", store("none"))).isEqualTo(1);
    assertThat(err.toString()).startsWith("quire: store=" + store("none"));
    assertThat(err.toString().strip().lines()).hasSize(1);
    assertThat(run("verify", "nowhere")).isEqualTo(2);
    assertThat(run()).isEqualTo(2);
  }

  @Test
  void compact_withWhatStatWrote_saysWhatItWouldDoAndThenDoesIt() throws Exception {
    assertThat(run("stat", store("store"), "--copies")).isZero();
    assertThat(out.toString().lines()).hasSize(10);
    Copy kept = copies.get(4);
    String list = needed(kept).toString();

    assertThat(run("compact", store("store"), "--needed", list)).isZero();
    assertThat(out.toString()).contains("would be rewritten", kept.file());
    assertThat(directory.resolve("store").resolve(kept.file())).exists();

    assertThat(run("compact", store("store"), "--needed", list, "--apply")).isEqualTo(2);
    assertThat(err.toString()).contains("--moves is needed");
    Path moves = directory.resolve("moves.txt");
    String at = moves.toString();
    assertThat(run("compact", store("store"), "--needed", list, "--moves", at, "--apply")).isZero();

    String[] words = Files.readString(moves).strip().split(" ");
    assertThat(words[0]).isEqualTo(kept.file());
    assertThat(directory.resolve("store").resolve(kept.file())).doesNotExist();
    assertReads("store", kept, words[2], Long.parseLong(words[3]));
  }

  @Test
  void drain_movesAll_andTellsWhereTo() throws Exception {
    Files.createDirectories(directory.resolve("to/durable"));
    Path moves = directory.resolve("moves.txt");
    String[] arguments = {
      "drain", store("store"), store("to"), "--moves", moves.toString(), "--apply", "--json"
    };
    assertThat(run(arguments)).as(err.toString()).isZero();
    assertThat(out.toString()).contains("\"applied\":true");
    assertThat(Files.readAllLines(moves)).hasSize(10);
    assertThat(run("stat", store("store"))).isZero();
    assertThat(out.toString()).contains("0 in 0 B");
    String[] words = Files.readAllLines(moves).get(2).split(" ");
    assertReads("to", copies.get(2), words[2], Long.parseLong(words[3]));
  }

  private void assertReads(String name, Copy old, String file, long offset) {
    try (Ager ager = ager(name)) {
      Copy now =
          new Copy(store(name), file, offset, old.bytes(), old.crc(), old.extent(), old.owner());
      try (Pin pin = ager.pin(ager.adopt(now), WAIT)) {
        assertThat(pin.segment().get(ValueLayout.JAVA_BYTE, BYTES - 1))
            .isEqualTo((byte) copies.indexOf(old));
      }
    }
  }
}
