package io.quire.datasets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.ager.Copy;
import io.quire.base.Checksum;
import io.quire.base.NodeId;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
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
    return Descriptor.of(schema, infos);
  }
}
