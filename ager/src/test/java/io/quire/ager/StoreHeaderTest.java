package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.ager.StoreHeader.Form;
import io.quire.ager.StoreHeader.Seal;
import io.quire.base.Checksum;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class StoreHeaderTest {
  private static final StoreHeader HEADER =
      StoreHeader.body(0x0102030405060708L, 70_001, 0xcafebabe, "node-1");

  private static final StoreHeader SEALED =
      new StoreHeader(
          StoreHeader.Kind.BODY,
          7,
          70_001,
          0xcafebabe,
          "node-1",
          new Form(2, 12_345, new Seal("0f".repeat(16), "a1".repeat(32), 0x1122334455667788L)));

  @Test
  void decode_versionOne_isStillRead() throws CorruptCopy {
    byte[] bytes = HEADER.encode();
    bytes[8] = 1;
    Arrays.fill(bytes, 4000, 4096, (byte) 0);
    WireWriter checksum = new WireWriter().int32(Checksum.of(bytes, 0, 4092));
    System.arraycopy(checksum.toBytes(), 0, bytes, 4092, 4);
    assertThat(HexFormat.of().formatHex(bytes, 4092, 4096)).isEqualTo("83f0b7f4");
    assertThat(StoreHeader.decode(MemorySegment.ofArray(bytes))).isEqualTo(HEADER);
  }

  @Test
  void encode_compressedAndEncrypted_hasTheseBytes() throws CorruptCopy {
    byte[] bytes = SEALED.encode();
    assertThat(HexFormat.of().formatHex(bytes, 8, 16)).isEqualTo("0200010201000000");
    assertThat(HexFormat.of().formatHex(bytes, 4000, 4064))
        .isEqualTo(
            "3930000000000000" // stored bytes
                + "0f".repeat(16)
                + "a1".repeat(32)
                + "8877665544332211");
    assertThat(StoreHeader.decode(MemorySegment.ofArray(bytes))).isEqualTo(SEALED);
  }

  @Test
  void encode_withAnOrigin_hasTheseBytes() throws CorruptCopy {
    Origin origin = new Origin(new UUID(0x0102030405060708L, 0x1112131415161718L), 7, 9);
    StoreHeader header =
        new StoreHeader(StoreHeader.Kind.BODY, 7, 70_001, 1, "node-1", Form.plain(70_001), origin);
    byte[] bytes = header.encode();
    assertThat(HexFormat.of().formatHex(bytes, 3968, 4000))
        .isEqualTo(
            "0807060504030201" + "1817161514131211" + "0700000000000000" + "0900000000000000");
    assertThat(StoreHeader.decode(MemorySegment.ofArray(bytes))).isEqualTo(header);
    assertThat(HEADER.origin()).isEqualTo(Origin.NONE);
    assertThat(HexFormat.of().formatHex(HEADER.encode(), 3968, 4000)).isEqualTo("00".repeat(32));
  }

  @Test
  void encode_versionTwo_hasTheseBytes() {
    byte[] bytes = HEADER.encode();
    assertThat(bytes).hasSize(4096);
    assertThat(HexFormat.of().formatHex(bytes, 0, 48))
        .isEqualTo(
            "5155495245585431" // magic
                + "0200" // version
                + "01" // body
                + "0000000000"
                + "0807060504030201" // extent
                + "7111010000000000" // bytes
                + "bebafeca" // checksum
                + "06000000"
                + "6e6f64652d31"
                + "0000");
  }

  @Test
  void decode_anyBitFlipped_isRefused() throws CorruptCopy {
    byte[] bytes = HEADER.encode();
    assertThat(StoreHeader.decode(MemorySegment.ofArray(bytes))).isEqualTo(HEADER);
    for (int bit = 0; bit < bytes.length * 8; bit += 37) {
      byte[] damaged = bytes.clone();
      damaged[bit / 8] ^= (byte) (1 << bit % 8);
      assertThatThrownBy(() -> StoreHeader.decode(MemorySegment.ofArray(damaged)))
          .as("bit %d", bit)
          .isInstanceOf(CorruptCopy.class);
    }
  }

  @Test
  void read_copyCutShortOrOddlyPlaced_isRefused() {
    Copy copy = new Copy("flash:///x", "durable/a", 8192, 5, 1, 2, "node-1");
    WireWriter out = new WireWriter();
    copy.write(out);
    byte[] bytes = out.toBytes();
    assertThat(Copy.read(new WireReader(bytes))).isEqualTo(copy);
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> Copy.read(new WireReader(cut)))
          .isInstanceOf(WireReader.MalformedException.class);
    }
    WireWriter outside = new WireWriter();
    outside.string("flash:///x").string("../../etc/passwd").int64(0).int64(5).int32(1).int64(2);
    outside.string("node-1");
    assertThatThrownBy(() -> Copy.read(new WireReader(outside.toBytes())))
        .isInstanceOf(WireReader.MalformedException.class);
  }
}
