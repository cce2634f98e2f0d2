package io.quire.datasets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.ager.Copy;
import io.quire.base.Checksum;
import io.quire.base.NodeId;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import io.quire.datasets.Descriptor.Append;
import io.quire.datasets.Descriptor.Mark;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class DescriptorCodecTest {
  private static final long SEED = 20_261_121;

  @Test
  void read_ofWhatWasWritten_givesTheSame() {
    for (long seed = SEED; seed < SEED + 200; seed++) {
      Random random = new Random(seed);
      Descriptor descriptor = descriptor(random, random.nextInt(60));
      Descriptor read = DescriptorCodec.read(DescriptorCodec.write(descriptor));
      assertThat(read.extents()).as("seed=%d", seed).isEqualTo(descriptor.extents());
      assertThat(read.schema()).isEqualTo(descriptor.schema());
      assertThat(read.appends()).isEqualTo(descriptor.appends());
      assertThat(read.marks()).isEqualTo(descriptor.marks());
      assertThat(List.of(read.bytes(), read.rows(), (long) read.columns()))
          .as("seed=%d", seed)
          .isEqualTo(List.of(descriptor.bytes(), descriptor.rows(), (long) descriptor.columns()));
    }
  }

  @Test
  void write_ofManyDurableExtents_takesLessThanFortyBytesEach() {
    Descriptor descriptor = descriptor(new Random(SEED), 5000);
    byte[] bytes = DescriptorCodec.write(descriptor);
    assertThat(bytes.length / descriptor.extents().size()).isLessThan(40);
  }

  @Test
  void read_ofAnyFlippedBit_isRefused() {
    byte[] good = DescriptorCodec.write(descriptor(new Random(SEED), 12));
    for (int bit = 0; bit < good.length * 8; bit++) {
      byte[] bad = good.clone();
      bad[bit / 8] ^= (byte) (1 << bit % 8);
      assertThatThrownBy(() -> DescriptorCodec.read(bad)).isInstanceOf(MalformedException.class);
    }
  }

  @Test
  void read_ofDamageWithAGoodChecksum_isRefusedOrReadsAsADescriptor() {
    for (long seed = SEED; seed < SEED + 3000; seed++) {
      Random random = new Random(seed);
      byte[] bytes = DescriptorCodec.write(descriptor(random, 1 + random.nextInt(10)));
      for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
        bytes[8 + random.nextInt(bytes.length - 8)] = (byte) random.nextInt();
      }
      bytes = Arrays.copyOf(bytes, bytes.length - (random.nextInt(4) == 0 ? 1 : 0));
      byte[] signed = sign(bytes);
      try {
        Descriptor read = DescriptorCodec.read(signed);
        assertThat(DescriptorCodec.read(DescriptorCodec.write(read)).extents())
            .as("seed=%d", seed)
            .isEqualTo(read.extents());
      } catch (MalformedException expected) {
        assertThat(expected.getMessage()).as("seed=%d", seed).isNotBlank();
      }
    }
  }

  @Test
  void read_ofEveryPrefix_isRefused() {
    byte[] good = DescriptorCodec.write(descriptor(new Random(SEED), 5));
    for (int length = 0; length < good.length; length++) {
      byte[] prefix = Arrays.copyOf(good, length);
      assertThatThrownBy(() -> DescriptorCodec.read(prefix)).isInstanceOf(MalformedException.class);
    }
  }

  /** Written by the first version of the format. */
  @Test
  void read_ofVersionOne_isStillUnderstood() {
    byte[] written =
        HexFormat.of()
            .parseHex(
                "5144533147ae8dac0200000007080201000000610100000062010a000000686466733a2f2f6e2f71"
                    + "1800000064757261626c652f612d312d3030303030312e717569726503000000612d3103080000"
                    + "0032ac0207000000000002050700c801f7ffffff000201003c640b00000001");
    NodeId a = new NodeId("a");
    Copy copy = new Copy("hdfs://n/q", "durable/a-1-000001.quire", 8192, 300, 7, 5, "a-1");
    Descriptor read = DescriptorCodec.read(written);
    assertThat(read.schema()).containsExactly(7, 8);
    assertThat(read.appends()).isEmpty();
    assertThat(read.extents())
        .containsExactly(
            new ExtentInfo(0, 0, 0, 50, 300, 7, a, copy),
            new ExtentInfo(0, 0, 1, 50, 200, -9, a, null),
            new ExtentInfo(2, 1, 0, 60, 100, 11, new NodeId("b"), null));
  }

  /** Written by the second one. */
  @Test
  void read_ofVersionTwo_isStillUnderstood() {
    byte[] written =
        HexFormat.of()
            .parseHex(
                "514453324106aad202000000070801080706050403020102020100000061010000006201"
                    + "0a000000686466733a2f2f6e2f711800000064757261626c652f612d312d3030303030312e7175697265"
                    + "03000000612d31030800000032ac0207000000000002050700c801f7ffffff000201003c640b00000001");
    Descriptor read = DescriptorCodec.read(written);
    assertThat(read.schema()).containsExactly(7, 8);
    assertThat(read.appends()).containsExactly(new Append(0x0102_0304_0506_0708L, 2));
    assertThat(read.marks()).isEmpty();
    assertThat(read.extents()).hasSize(3);
    assertThat(read.extents().getLast())
        .isEqualTo(new ExtentInfo(2, 1, 0, 60, 100, 11, new NodeId("b"), null));
  }

  @Test
  void marks_goWithTheLoadThatHasThem() {
    Random random = new Random(SEED);
    UUID one = new UUID(1, 1);
    UUID two = new UUID(2, 2);
    Descriptor more = Descriptor.of(new byte[0], descriptor(random, 3).extents());
    Descriptor first = Descriptor.of(new byte[0], more.extents()).marked(9, one);
    Descriptor second = first.with(5, more).marked(5, two);
    assertThat(first.has(one)).isTrue();
    assertThat(first.has(two)).isFalse();
    assertThat(second.has(one) && second.has(two)).isTrue();
    assertThat(second.without(5).marks()).isEqualTo(first.marks());
    assertThat(second.first(first.extents().size()).marks()).isEqualTo(first.marks());
    assertThat(second.with(6, more).marks()).isEqualTo(second.marks());
  }

  @Test
  void of_withAppendsOutOfOrder_isRefused() {
    for (List<Append> wrong :
        List.of(
            List.of(new Append(1, 4), new Append(2, 4)),
            List.of(new Append(1, -1)),
            List.of(new Append(0, 4)))) {
      assertThatThrownBy(() -> Descriptor.of(new byte[0], List.of(), wrong, List.of()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("not an append: ");
    }
  }

  @Test
  void with_putsWhatWasLoadedBehind_andWithoutTakesItAway() {
    Random random = new Random(SEED);
    Descriptor first = Descriptor.of(new byte[1], descriptor(random, 10).extents());
    Descriptor more = Descriptor.of(new byte[0], descriptor(random, 7).extents());
    Descriptor second = first.with(5, more);
    Descriptor third = second.with(6, more);
    assertThat(third.extents().subList(0, first.extents().size())).isEqualTo(first.extents());
    assertThat(third.rows()).isEqualTo(first.rows() + 2 * more.rows());
    assertThat(third.appends()).containsExactly(new Append(5, 4), new Append(6, 7));
    Layout layout = Layout.of(9, third);
    ExtentInfo last = third.extents().getLast();
    assertThat(layout.home(last)).isEqualTo(new Layout.Home(9, 6, more.extents().getLast().key()));
    assertThat(layout.home(third.extents().getFirst()))
        .isEqualTo(new Layout.Home(9, 9, first.extents().getFirst().key()));
    Layout before = Layout.of(9, second);
    int extents = second.extents().size();
    assertThat(layout.beginsWith(extents, before.checksum())).isTrue();
    assertThat(layout.beginsWith(extents - 1, before.checksum())).isFalse();
    assertThat(before.beginsWith(third.extents().size(), layout.checksum())).isFalse();
    Descriptor other = third.without(5);
    assertThat(Layout.of(9, other).beginsWith(extents, before.checksum())).isFalse();
    assertThat(other.rows()).isEqualTo(first.rows() + more.rows());
    assertThat(third.without(6).extents()).isEqualTo(second.extents());
  }

  @Test
  void of_withTwoExtentsInOnePlace_isRefused() {
    ExtentInfo info = new ExtentInfo(1, 2, 3, 4, 5, 6, new NodeId("a"), null);
    assertThatThrownBy(() -> Descriptor.of(new byte[0], List.of(info, info)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("part=1 group=2 column=3");
  }

  private static byte[] sign(byte[] bytes) {
    int crc = Checksum.of(bytes, 8, bytes.length - 8);
    return new WireWriter().raw(bytes).int32At(4, crc).toBytes();
  }

  /** Groups of up to four columns, of three nodes, about half of them with copies. */
  static Descriptor descriptor(Random random, int groups) {
    List<ExtentInfo> infos = new ArrayList<>();
    long offset = 0;
    for (int number = 0; number < groups; number++) {
      int part = number / 3;
      NodeId owner = new NodeId("node-" + part % 3);
      boolean durable = random.nextBoolean();
      long rows = random.nextInt(3) == 0 ? 1000 : random.nextLong(1 << 20);
      for (int column = random.nextInt(2); column < 4; column++) {
        long bytes = 1 + random.nextLong(1 << 20);
        int crc = random.nextInt();
        offset += 4096L * (1 + random.nextInt(256));
        Copy copy =
            durable
                ? new Copy(
                    "hdfs://namenode:9000/quire",
                    "durable/" + owner + "/" + part % 5,
                    offset,
                    bytes,
                    crc,
                    infos.size(),
                    owner + "-1f")
                : null;
        infos.add(new ExtentInfo(part, number % 3, column, rows, bytes, crc, owner, copy));
      }
    }
    Collections.shuffle(infos, random);
    byte[] schema = new byte[random.nextInt(50)];
    random.nextBytes(schema);
    List<Append> appends = new ArrayList<>();
    for (int part = random.nextInt(4); part * 3 < groups; part += 1 + random.nextInt(8)) {
      appends.add(new Append(random.nextLong() | 1, part));
    }
    List<Mark> marks = new ArrayList<>();
    for (int left = random.nextInt(3); left > 0; left--) {
      marks.add(new Mark(random.nextLong(), new UUID(random.nextLong(), random.nextLong())));
    }
    return Descriptor.of(schema, infos, appends, marks);
  }
}
