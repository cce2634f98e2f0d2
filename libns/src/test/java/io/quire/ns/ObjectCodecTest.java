package io.quire.ns;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.gvm.Key;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Keys and values as they are in the log and in snapshots. */
class ObjectCodecTest {
  private static final NsObject OBJECT =
      new NsObject(
          0x7001,
          new NsHandle(0xab),
          "/x",
          "k",
          Lifetime.SESSION,
          0x11,
          0x22,
          false,
          false,
          9,
          new byte[] {1, 2});

  @Test
  void keys_haveTheirLayoutAndCanBeTakenApart() {
    Key key = Key.of(ObjectCodec.nameKey(-1, "/x/y"));
    assertThat(key.text()).isEqualTo("n/ffffffffffffffff/x/y");
    assertThat(ObjectCodec.namespaceOf(key)).isEqualTo(-1);
    assertThat(ObjectCodec.nameOf(key)).isEqualTo("/x/y");
    Key root = Key.of(ObjectCodec.nameKey(0, "/x/y"));
    assertThat(root.text()).isEqualTo("/x/y");
    assertThat(ObjectCodec.namespaceOf(root)).isZero();
    assertThat(ObjectCodec.nameOf(root)).isEqualTo("/x/y");
    assertThat(ObjectCodec.isNameKey(root)).isTrue();
    for (long namespace : new long[] {0, 0xab}) {
      Key relative = Key.of(ObjectCodec.nameKey(namespace, "x:/y"));
      assertThat(relative.text()).isEqualTo("n/" + Long.toHexString(namespace) + ":x:/y");
      assertThat(ObjectCodec.isNameKey(relative)).isTrue();
      assertThat(ObjectCodec.namespaceOf(relative)).isEqualTo(namespace);
      assertThat(ObjectCodec.nameOf(relative)).isEqualTo("x:/y");
    }
    for (String other : List.of("x/7001", "n/7001", "n/:x", "n/07001:x", "n/7A:x")) {
      assertThat(ObjectCodec.isNameKey(Key.of(other))).as(other).isFalse();
    }
    assertThat(ObjectCodec.xidKey(0x7001)).isEqualTo("x/7001");
    assertThat(ObjectCodec.xidOf(Key.of("x/7001"))).isEqualTo(0x7001);
    for (String other : List.of("x", "x/", "x/07001", "x/7A", "/x/7001")) {
      assertThat(ObjectCodec.isXidKey(Key.of(other))).as(other).isFalse();
    }
    assertThat(ObjectCodec.listKey(0)).isEqualTo("l/0");
  }

  @Test
  void object_hasItsLayoutAndComesBack() {
    byte[] bytes = ObjectCodec.write(OBJECT);
    assertThat(HexFormat.of().formatHex(bytes))
        .isEqualTo(
            "02"
                + "ab00000000000000"
                + "1100000000000000"
                + "2200000000000000"
                + "02000000"
                + "2f78"
                + "01000000"
                + "6b"
                + "02000000"
                + "0102");
    assertThat(ObjectCodec.read(0x7001, bytes, 9)).usingRecursiveComparison().isEqualTo(OBJECT);
  }

  /** A later build may have written it, or nobody who knows what it is. */
  @Test
  void object_thatWouldNotComeBackAsItWas_isNotExact() {
    NsObject strange =
        new NsObject(
            7, NsHandle.ROOT, "/\ufffd", "k", Lifetime.DURABLE, 1, 2, false, false, 9, new byte[1]);
    for (NsObject each : List.of(OBJECT, OBJECT.deleted(), OBJECT.withOpened(), strange)) {
      byte[] bytes = ObjectCodec.write(each);
      assertThat(ObjectCodec.isExact(ObjectCodec.read(7, bytes, 9), bytes)).isTrue();
    }
    for (int flags : new int[] {16, 64, -128, 6}) {
      byte[] bytes = ObjectCodec.write(OBJECT);
      bytes[0] = (byte) flags;
      assertThat(ObjectCodec.isExact(ObjectCodec.read(7, bytes, 9), bytes))
          .as("%d", flags)
          .isFalse();
    }
    for (int at : new int[] {30, 35}) {
      byte[] bytes = ObjectCodec.write(OBJECT);
      bytes[at] = (byte) 0xff;
      assertThat(ObjectCodec.isExact(ObjectCodec.read(7, bytes, 9), bytes)).as("%d", at).isFalse();
    }
  }

  @Test
  void lifetimes_areTwoBits_andOpenedIsAnother() {
    for (Lifetime lifetime : Lifetime.values()) {
      NsObject object =
          new NsObject(7, NsHandle.ROOT, "/x", "k", lifetime, 1, 2, false, false, 9, new byte[1]);
      for (NsObject each : List.of(object, object.withOpened())) {
        assertThat(ObjectCodec.read(7, ObjectCodec.write(each), 9)).isEqualTo(each);
      }
    }
  }

  @Test
  void deleted_isOneBit() {
    byte[] bytes = ObjectCodec.write(OBJECT.deleted());
    assertThat(bytes[0]).isEqualTo((byte) 3);
    assertThat(ObjectCodec.read(0x7001, ObjectCodec.write(OBJECT), 10).draining()).isFalse();
    assertThat(ObjectCodec.read(0x7001, bytes, 10).draining()).isTrue();
  }
}
