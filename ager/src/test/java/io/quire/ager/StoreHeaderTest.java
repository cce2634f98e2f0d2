package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class StoreHeaderTest {
  private static final StoreHeader HEADER =
      new StoreHeader(StoreHeader.Kind.BODY, 0x0102030405060708L, 70_001, 0xcafebabe, "node-1");

  @Test
  void encode_versionOne_hasTheseBytes() {
    byte[] bytes = HEADER.encode();
    assertThat(bytes).hasSize(4096);
    assertThat(HexFormat.of().formatHex(bytes, 0, 48))
        .isEqualTo(
            "5155495245585431" // magic
                + "0100" // version
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
