package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.ager.AgerException.StoreUnavailable;
import io.quire.base.Checksum;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CodingTest {
  private static final String KEY =
      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
  private static final String OTHER = KEY.replace('0', 'f');
  private static final long[] SIZES = {
    1, 4096, 70_001, 1 << 20, (1 << 20) + 1, 3_000_000, 17_000_000
  };

  @TempDir Path directory;
  private final Arena arena = Arena.ofShared();

  @AfterEach
  void close() {
    arena.close();
  }

  private Path keyFile(String name, String... keys) throws IOException {
    Path file = Files.write(directory.resolve(name), List.of(keys));
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
  }

  /** Text that compresses. */
  private Body text(long bytes) {
    MemorySegment run = arena.allocate(StoreHeader.padded(bytes), StoreHeader.BYTES);
    byte[] words =
        "the quick brown fox jumps over the lazy dog 0123456789; "
            .getBytes(StandardCharsets.US_ASCII);
    for (long at = 0; at < bytes; at++) {
      run.set(ValueLayout.JAVA_BYTE, at, words[(int) (at % words.length)]);
    }
    return body(run, bytes);
  }

  private Body noise(long bytes) {
    MemorySegment run = arena.allocate(StoreHeader.padded(bytes), StoreHeader.BYTES);
    Samples.fill(run.asSlice(0, bytes), bytes);
    return body(run, bytes);
  }

  private static Body body(MemorySegment run, long bytes) {
    return new Body(7, run, bytes, Checksum.of(run.asSlice(0, bytes).asByteBuffer()));
  }

  private static byte[] stored(Coding.Parcel parcel) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    parcel.toPages(pages -> out.writeBytes(pages.toArray(ValueLayout.JAVA_BYTE)));
    byte[] bytes = out.toByteArray();
    assertThat(bytes).hasSize((int) StoreHeader.padded(parcel.header().form().storedBytes()));
    return bytes;
  }

  private void unpack(Coding coding, StoreHeader header, byte[] stored, Body body)
      throws IOException {
    MemorySegment run = arena.allocate(body.run().byteSize(), StoreHeader.BYTES);
    run.fill((byte) 1);
    MemorySegment from = MemorySegment.ofArray(stored);
    Body wanted = new Body(body.extent(), run, body.bytes(), body.crc());
    coding.unpack(
        header, (at, into) -> MemorySegment.copy(from, at, into, 0, into.byteSize()), 0, wanted);
    assertThat(run.mismatch(body.run())).as("padding too").isEqualTo(-1);
  }

  private void roundTrip(Codec codec, @Nullable Path keys) throws IOException {
    Coding coding = new Coding(codec, keys == null ? null : StoreKeys.read(keys));
    coding.wrote(1, Long.MAX_VALUE / 4);
    for (long size : SIZES) {
      for (Body body : List.of(text(size), noise(size))) {
        Coding.Parcel parcel = coding.pack(body, "node-1");
        StoreHeader header = StoreHeader.decode(MemorySegment.ofArray(parcel.header().encode()));
        if (parcel.isPlain()) {
          continue;
        }
        assertThat(header.form().storedBytes()).isGreaterThan(0);
        unpack(coding, header, stored(parcel), body);
      }
    }
  }

  @Test
  void unpack_whatWasPacked_isTheSame() throws IOException {
    Path keys = keyFile("keys", KEY);
    for (Codec codec : Codec.values()) {
      roundTrip(codec, null);
      roundTrip(codec, keys);
    }
  }

  @Test
  void pack_isKeptOnlyIfSmaller() {
    for (Codec codec : List.of(Codec.LZ4, Codec.ZSTD)) {
      Coding coding = new Coding(codec, null);
      Body text = text(100_000);
      assertThat(coding.pack(text, "n").header().footprint()).isLessThan(text.footprint() / 2);
      coding.wrote(1, Long.MAX_VALUE / 4);
      assertThat(new Coding(codec, null).pack(noise(100_000), "n").isPlain()).isTrue();
      assertThat(new Coding(codec, null).pack(text(100), "n").isPlain())
          .as("no page is saved")
          .isTrue();
    }
  }

  @Test
  void payoff_followsWhatIsMeasured() {
    Payoff payoff = new Payoff();
    assertThat(payoff.worthATry()).as("unknown yet").isTrue();
    payoff.wrote(1_000_000, 200_000);
    payoff.compressed(1_000_000, 300_000, 1_000_000);
    assertThat(payoff.pays()).as("codec at 1 GB/s, store at 5").isFalse();
    int tries = 0;
    for (int i = 0; i < 160; i++) {
      tries += payoff.worthATry() ? 1 : 0;
    }
    assertThat(tries).as("now and then").isEqualTo(10);
    for (int i = 0; i < 20; i++) {
      payoff.wrote(1_000_000, 5_000_000);
    }
    assertThat(payoff.pays()).as("store at 0.2 GB/s").isTrue();
    for (int i = 0; i < 20; i++) {
      payoff.compressed(1_000_000, 1_000_000, 1_000_000);
    }
    assertThat(payoff.pays()).as("nothing gets smaller").isFalse();
  }

  @Test
  void unpack_anyBitFlipped_isRefused() throws IOException {
    Body body = text(5000);
    for (Path keys : new Path[] {null, keyFile("keys", KEY)}) {
      Coding coding = new Coding(Codec.LZ4, keys == null ? null : StoreKeys.read(keys));
      Coding.Parcel parcel = coding.pack(body, "node-1");
      byte[] stored = stored(parcel);
      for (int bit = 0; bit < parcel.header().form().storedBytes() * 8; bit += 11) {
        byte[] damaged = stored.clone();
        damaged[bit / 8] ^= (byte) (1 << bit % 8);
        assertThatThrownBy(() -> unpack(coding, parcel.header(), damaged, body))
            .as("bit %d", bit)
            .isInstanceOf(CorruptCopy.class);
      }
    }
  }

  @Test
  void unpack_framesExchanged_isRefused() throws IOException {
    Coding coding = new Coding(Codec.NONE, StoreKeys.read(keyFile("keys", KEY)));
    MemorySegment run = arena.allocate(2 << 20, StoreHeader.BYTES);
    Body same = body(run, 2 << 20);
    Coding.Parcel parcel = coding.pack(same, "node-1");
    byte[] stored = stored(parcel);
    int frame = Coding.FRAME_BYTES + 20;
    byte[] exchanged = stored.clone();
    System.arraycopy(stored, 0, exchanged, frame, frame);
    System.arraycopy(stored, frame, exchanged, 0, frame);
    assertThatThrownBy(() -> unpack(coding, parcel.header(), exchanged, same))
        .isInstanceOf(CorruptCopy.class)
        .hasMessageContaining("not authentic");
  }

  @Test
  void seals_ofManyOpeningsAndBodies_areNeverTheSame() throws IOException {
    Path keys = keyFile("keys", KEY);
    Set<StoreHeader.Seal> seals = new HashSet<>();
    for (int opening = 0; opening < 20; opening++) {
      StoreKeys opened = StoreKeys.read(keys);
      for (int i = 0; i < 100; i++) {
        assertThat(seals.add(opened.next())).isTrue();
      }
    }
    assertThat(seals.stream().map(StoreHeader.Seal::salt).distinct()).hasSize(20);
  }

  @Test
  void read_withAnotherKey_isAClearErrorAndNotDamage() throws Exception {
    StoreConfig store = Samples.hadoop(directory.resolve("store"), true);
    StoreConfig sealed = store.withCoding(Codec.ZSTD, keyFile("keys", KEY));
    Copy copy;
    try (Ager ager = Ager.open(Samples.config(1 << 20, sealed))) {
      copy = ager.persist(Samples.extent(ager, 3, 50_000)).get(30, TimeUnit.SECONDS);
    }
    byte[] file = Files.readAllBytes(directory.resolve("store").resolve(copy.file()));
    assertThat(file.length).isGreaterThan(50_000);
    StoreConfig wrong = store.withCoding(Codec.NONE, keyFile("wrong", OTHER));
    try (Ager ager = Ager.open(Samples.config(1 << 20, wrong))) {
      assertThatThrownBy(() -> ager.pin(ager.adopt(copy), Samples.WAIT))
          .isInstanceOf(StoreUnavailable.class)
          .hasMessageContaining("encrypted with another key");
    }
    StoreConfig rotated = store.withCoding(Codec.NONE, keyFile("rotated", OTHER, KEY));
    try (Ager ager = Ager.open(Samples.config(1 << 20, rotated))) {
      Samples.check(ager, ager.adopt(copy), 3);
    }
  }

  @Test
  void keyFile_openToOthersOrBad_isRefusedWithoutShowingIt() throws IOException {
    Path open = keyFile("open", KEY);
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rw-r-----"));
    assertThatThrownBy(() -> StoreKeys.read(open)).hasMessageContaining("open to others");
    Path bad = keyFile("bad", KEY + "0");
    assertThatThrownBy(() -> StoreKeys.read(bad))
        .hasMessageContaining("not a key")
        .hasMessageNotContaining(KEY);
    Path none = keyFile("none");
    assertThatThrownBy(() -> StoreKeys.read(none)).hasMessageContaining("empty");
  }

  @Test
  void stores_ofEachKindAndForm_pageOutAndIn() throws Exception {
    Path keys = keyFile("keys", KEY);
    List<StoreConfig> stores = new ArrayList<>();
    for (Codec codec : Codec.values()) {
      Path path = directory.resolve(codec.name());
      stores.add(Samples.flash(path.resolve("f"), 1L << 30).withCoding(codec, keys));
      stores.add(Samples.hadoop(path.resolve("h"), false).withCoding(codec, keys));
      stores.add(Samples.flash(path.resolve("p"), 1L << 30).withCoding(codec, null));
    }
    for (StoreConfig store : stores) {
      try (Ager ager = Ager.open(Samples.config(1 << 20, store))) {
        List<Extent> extents = Samples.extents(ager, 20, 100_000);
        for (int i = 0; i < extents.size(); i++) {
          Samples.check(ager, extents.get(i), i);
        }
        assertThat(ager.stats().pageIns()).isPositive();
        assertThat(ager.stats().stores().getFirst().errors()).isZero();
        extents.forEach(ager::drop);
        Samples.await("slots", () -> ager.stats().stores().getFirst().extents() == 0);
      }
    }
  }
}
