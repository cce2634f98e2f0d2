package io.quire.datasets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.ager.Copy;
import io.quire.base.Checksum;
import io.quire.base.NodeId;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import io.quire.datasets.Descriptor.Append;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
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
      assertThat(read.replicas()).isEqualTo(descriptor.replicas());
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

  private static final NodeId A = new NodeId("a");
  private static final NodeId B = new NodeId("b");

  /** What has no replicas is written so that nodes can read it which do not know them. */
  @Test
  void write_ofVersionTwo_hasTheseBytes() {
    Descriptor descriptor =
        Descriptor.of(
            new byte[] {7},
            List.of(
                new ExtentInfo(0, 0, 0, 50, 300, 7, A, null),
                new ExtentInfo(1, 0, 0, 60, 100, 11, B, null)),
            List.of(new Append(9, 1)),
            1);
    String written =
        "5144533243e75829010000000701090000000000000001020100000061010000006200020000000032ac02"
            + "0700000000000100003c640b00000001";
    assertThat(HexFormat.of().formatHex(DescriptorCodec.write(descriptor))).isEqualTo(written);
    assertThat(DescriptorCodec.read(HexFormat.of().parseHex(written)).extents())
        .isEqualTo(descriptor.extents());
  }

  @Test
  void write_ofVersionThree_hasTheseBytes() {
    NodeId c = new NodeId("c");
    Copy copy = new Copy("hdfs://n/q", "durable/a-1", 8192, 300, 7, 5, "a-1");
    Descriptor descriptor =
        Descriptor.of(
            new byte[] {7},
            List.of(
                new ExtentInfo(0, 0, 0, 50, 300, 7, A, List.of(c, B), copy),
                new ExtentInfo(0, 0, 1, 50, 200, 9, A, List.of(c, B), null),
                new ExtentInfo(1, 0, 0, 60, 100, 11, B, List.of(A), null)),
            List.of(),
            3);
    String written =
        "51445333adb893d90100000007000303010000006101000000630100000062010a000000686466733a2f2f"
            + "6e2f710b00000064757261626c652f612d3103000000612d31030800000032ac020700000000020102"
            + "0002052700c80109000000000100003c640b000000020100";
    assertThat(HexFormat.of().formatHex(DescriptorCodec.write(descriptor))).isEqualTo(written);
    assertThat(DescriptorCodec.read(HexFormat.of().parseHex(written)).extents())
        .isEqualTo(descriptor.extents());
  }

  @Test
  void of_withHoldersThatCannotBe_isRefused() {
    NodeId c = new NodeId("c");
    for (List<NodeId> wrong : List.of(List.of(A), List.of(B, B), List.of(B, c, new NodeId("d")))) {
      assertThatThrownBy(() -> new ExtentInfo(1, 2, 3, 4, 5, 6, A, wrong, null))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("owner=a spares=" + wrong);
    }
    List<ExtentInfo> three = List.of(new ExtentInfo(1, 2, 3, 4, 5, 6, A, List.of(B, c), null));
    assertThatThrownBy(() -> Descriptor.of(new byte[0], three, List.of(), 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("replicas=2 part=1 group=2 column=3");
    for (int replicas : new int[] {0, 4}) {
      assertThatThrownBy(() -> LoadOptions.DEFAULTS.withReplicas(replicas))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("replicas out of range: replicas=" + replicas + " allowed=1..3");
    }
  }

  @Test
  void of_withAppendsOutOfOrder_isRefused() {
    for (List<Append> wrong :
        List.of(
            List.of(new Append(1, 4), new Append(2, 4)),
            List.of(new Append(1, -1)),
            List.of(new Append(0, 4)))) {
      assertThatThrownBy(() -> Descriptor.of(new byte[0], List.of(), wrong, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("not an append: ");
    }
  }

  @Test
  void with_keepsTheReplicas() {
    List<ExtentInfo> two = List.of(new ExtentInfo(0, 0, 0, 4, 5, 6, A, List.of(B), null));
    Descriptor grown =
        Descriptor.of(new byte[0], two, List.of(), 3).with(8, Descriptor.of(new byte[0], two));
    assertThat(grown.replicas()).isEqualTo(3);
    assertThat(grown.extents()).allMatch(info -> info.spares().equals(List.of(B)));
    assertThat(grown.without(8).replicas()).isEqualTo(3);
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

  /** Groups of up to four columns, of three nodes, about half of them with copies or spares. */
  static Descriptor descriptor(Random random, int groups) {
    List<ExtentInfo> infos = new ArrayList<>();
    long offset = 0;
    int replicas = 1 + random.nextInt(LoadOptions.REPLICAS_MAX);
    for (int number = 0; number < groups; number++) {
      int part = number / 3;
      NodeId owner = new NodeId("node-" + part % 3);
      List<NodeId> spares = new ArrayList<>();
      for (int i = 1; i < replicas && random.nextInt(3) > 0; i++) {
        spares.add(new NodeId("node-" + (part + i) % 3));
      }
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
        infos.add(new ExtentInfo(part, number % 3, column, rows, bytes, crc, owner, spares, copy));
      }
    }
    Collections.shuffle(infos, random);
    byte[] schema = new byte[random.nextInt(50)];
    random.nextBytes(schema);
    List<Append> appends = new ArrayList<>();
    for (int part = random.nextInt(4); part * 3 < groups; part += 1 + random.nextInt(8)) {
      appends.add(new Append(random.nextLong() | 1, part));
    }
    return Descriptor.of(schema, infos, appends, replicas);
  }
}
