package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Checksum;
import io.quire.base.Log.Entry;
import io.quire.base.Log.Fence;
import io.quire.base.Log.Stream;
import io.quire.base.WireReader.MalformedException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class FrameTest {
  private static final List<LogRecord> RECORDS =
      List.of(
          LogRecord.of(new Entry(Stream.SESSIONS, Fence.NONE, new byte[] {1, 2, 3})),
          LogRecord.of(new Entry(Stream.TRANSACTIONS, Fence.epoch(7), new byte[0])),
          LogRecord.of(new Entry(Stream.TRANSACTIONS, Fence.term(-1), new byte[100])));

  @Test
  void decode_afterEncode_isTheSame() {
    byte[] bytes = Frame.encode(42, RECORDS);
    Frame frame = Frame.decode(ByteBuffer.wrap(bytes));

    assertThat(frame.previous()).isEqualTo(42);
    assertThat(frame.chain()).isEqualTo(Checksum.of(bytes));
    assertThat(frame.records()).hasSize(3);
    assertThat(frame.records().get(1).entry().fence()).isEqualTo(Fence.epoch(7));
    assertThat(frame.records().get(0).entry().payload()).containsExactly(1, 2, 3);
  }

  @Test
  void decode_withAnyBitFlipped_isDetected() {
    byte[] bytes = Frame.encode(42, RECORDS);
    for (int bit = 0; bit < bytes.length * 8; bit++) {
      byte[] bad = bytes.clone();
      bad[bit / 8] ^= (byte) (1 << bit % 8);
      assertThatThrownBy(() -> Frame.decode(ByteBuffer.wrap(bad)))
          .describedAs("bit " + bit)
          .isInstanceOf(MalformedException.class);
    }
  }

  @Test
  void decode_ofAnyOtherLength_isDetected() {
    byte[] bytes = Frame.encode(42, RECORDS);
    for (int length = 0; length < bytes.length; length++) {
      byte[] bad = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> Frame.decode(ByteBuffer.wrap(bad)))
          .isInstanceOf(MalformedException.class);
    }
    byte[] longer = Arrays.copyOf(bytes, bytes.length + 1);
    assertThatThrownBy(() -> Frame.decode(ByteBuffer.wrap(longer)))
        .isInstanceOf(MalformedException.class);
  }

  @Test
  void encode_ofVersionTwo_hasTheseBytes() {
    byte[] bytes =
        Frame.encode(
            0x01020304,
            List.of(LogRecord.of(new Entry(Stream.TRANSACTIONS, Fence.epoch(5), new byte[] {9}))));

    assertThat(HexFormat.of().formatHex(bytes))
        .isEqualTo(
            "5146524d02000000010000001400000004030201c1485c26010001050000000000000001000000c3af425709");
  }
}
