package io.quire.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class WireTest {
  @Test
  void write_atEveryFillOfTheBuffer_growsAndKeepsAll() {
    for (int fill = 0; fill < 300; fill++) {
      WireWriter out = new WireWriter(16);
      for (int i = 0; i < fill; i++) {
        out.int8(i);
      }
      byte[] bytes =
          out.int8(-7).uint16(65_535).int32(1 << 30).int64(-2).string("ä").bool(true).toBytes();
      WireReader in = new WireReader(bytes);
      for (int i = 0; i < fill; i++) {
        assertThat(in.int8()).isEqualTo((byte) i);
      }
      assertThat(in.int8()).isEqualTo(-7);
      assertThat(in.uint16()).isEqualTo(65_535);
      assertThat(in.int32()).isEqualTo(1 << 30);
      assertThat(in.int64()).isEqualTo(-2);
      assertThat(in.string()).isEqualTo("ä");
      assertThat(in.bool()).isTrue();
      in.end();
    }
  }

  @Test
  void bytes_thatWereGiven_stayAsTheyAre() {
    for (int size : new int[] {4, 5, 40}) {
      WireWriter out = new WireWriter(size).int32(1);
      byte[] first = out.toBytes();
      out.int32At(0, 2);
      byte[] second = out.toBytes();
      out.int32(3).int32At(0, 4);
      assertThat(first).containsExactly(1, 0, 0, 0);
      assertThat(second).containsExactly(2, 0, 0, 0);
      assertThat(out.toBytes()).containsExactly(4, 0, 0, 0, 3, 0, 0, 0);
    }
  }

  @Test
  void string_fromAnyBuffer_isTheSame() {
    byte[] bytes = new WireWriter().int8(1).string("a\u00e4").string("").int8(2).toBytes();
    ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    ByteBuffer inside = ByteBuffer.allocate(bytes.length + 5).position(3).put(bytes);
    inside.flip().position(3);
    for (ByteBuffer each :
        new ByteBuffer[] {ByteBuffer.wrap(bytes), direct, inside, inside.asReadOnlyBuffer()}) {
      WireReader in = new WireReader(each);
      assertThat(in.int8()).isEqualTo(1);
      assertThat(in.string()).isEqualTo("a\u00e4");
      assertThat(in.string()).isEmpty();
      assertThat(in.int8()).isEqualTo(2);
      in.end();
    }
  }

  @Test
  void drain_takesAllInOrder_andKeepsLittle() {
    SplittableRandom random = new SplittableRandom(9);
    WireWriter whole = new WireWriter();
    ByteArrayOutputStream drained = new ByteArrayOutputStream();
    WireWriter out = WireWriter.to((bytes, length) -> drained.write(bytes, 0, length));
    for (int i = 0; i < 3_000; i++) {
      byte[] piece = new byte[random.nextInt(random.nextInt(50) == 0 ? 200_000 : 60)];
      random.nextBytes(piece);
      whole.int32(i).bytes(piece);
      out.int32(i).bytes(piece);
      assertThat(out.length()).isLessThanOrEqualTo(Math.max(1 << 16, piece.length));
    }
    out.drain();
    assertThat(drained.toByteArray()).isEqualTo(whole.toBytes());
  }

  @Test
  void read_ofAnyBytes_throwsOnlyMalformed() {
    for (long seed = 0; seed < 2_000; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      byte[] bytes = new byte[random.nextInt(40)];
      random.nextBytes(bytes);
      WireReader in = new WireReader(bytes);
      try {
        while (true) {
          switch (random.nextInt(6)) {
            case 0 -> in.int8();
            case 1 -> in.bytes();
            case 2 -> in.string();
            case 3 -> in.bool();
            case 4 -> in.count(4);
            default -> in.int64();
          }
        }
      } catch (WireReader.MalformedException expected) {
        assertThat(expected.getMessage()).as("seed %d", seed).contains("=");
      }
    }
  }

  @Test
  void end_withBytesLeft_refuses() {
    WireReader in = new WireReader(new byte[] {1, 2});
    in.int8();
    assertThatExceptionOfType(WireReader.MalformedException.class).isThrownBy(in::end);
  }
}
