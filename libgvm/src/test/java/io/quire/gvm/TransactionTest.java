package io.quire.gvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.WireReader;
import io.quire.gvm.Transaction.Condition;
import io.quire.gvm.Transaction.Write;
import io.quire.lockserver.LockMode;
import io.quire.lockserver.Sequencer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class TransactionTest {
  private static final Transaction ALL =
      Transaction.begin()
          .absent("a")
          .require(new Condition.Present("b"))
          .version("c", 0x10000)
          .require(new Condition.InView(0x11))
          .held(new Sequencer("/l", LockMode.SHARED, 0x12))
          .free("/f")
          .put("p", new byte[] {1, 2})
          .remove("r")
          .touch("t")
          .build();

  private static final Transaction ON_WHAT_IT_WRITES =
      Transaction.begin()
          .require(new Condition.Present("t"))
          .absent("p")
          .absent("a")
          .version("r", 0x10000)
          .put("p", new byte[] {1, 2})
          .remove("r")
          .touch("t")
          .build();

  private static final String WRITES =
      "03000000 00 01000000 70 02000000 0102 01 01000000 72 02 01000000 74";

  private static byte[] bytes(String... hex) {
    return HexFormat.of().parseHex(String.join("", hex).replace(" ", ""));
  }

  @Test
  void bytes_haveTheirLayoutAndComeBack() {
    byte[] bytes = ALL.toBytes();
    assertThat(bytes)
        .isEqualTo(
            bytes(
                "feffffff",
                WRITES,
                "06000000 01 01000000 61 02 01000000 62 03 01000000 63 0000010000000000",
                " 04 1100000000000000 05 1200000000000000 06 02000000 2f66"));
    assertThat(Transaction.read(bytes)).usingRecursiveComparison().isEqualTo(ALL);
  }

  @Test
  void bytes_ofConditionsOnWhatIsWritten_nameTheWrite() {
    byte[] bytes = ON_WHAT_IT_WRITES.toBytes();
    assertThat(bytes)
        .isEqualTo(
            bytes(
                "feffffff",
                WRITES,
                "04000000 08 0200 07 0000 01 01000000 61 09 0100 0000010000000000"));
    assertThat(Transaction.read(bytes)).usingRecursiveComparison().isEqualTo(ON_WHAT_IT_WRITES);
    bytes[bytes.length - 10] = 3;
    assertThatThrownBy(() -> Transaction.read(bytes))
        .isInstanceOf(WireReader.MalformedException.class)
        .hasMessage("no such write: found=3 writes=3");
  }

  /** Logs and archives have them still. */
  @Test
  void bytes_asTheyWereBefore_areRead() {
    byte[] conditions =
        bytes(
            "06000000 01 01000000 61 02 01000000 62 03 01000000 63 0000010000000000",
            " 04 1100000000000000 05 1200000000000000 06 02000000 2f66",
            WRITES);
    assertThat(Transaction.read(conditions)).usingRecursiveComparison().isEqualTo(ALL);
    byte[] onWhatItWrites =
        bytes(
            "04000000 02 01000000 74 01 01000000 70 01 01000000 61",
            "03 01000000 72 0000010000000000",
            WRITES);
    assertThat(Transaction.read(onWhatItWrites))
        .usingRecursiveComparison()
        .isEqualTo(ON_WHAT_IT_WRITES);
    Plan plan = Plan.read(onWhatItWrites);
    assertThat(plan.keys()).isEqualTo(4);
    assertThat(plan.writes()).isEqualTo(3);
    assertThat(plan.test(1)).isEqualTo(new Plan.Test.Absent(0));
    assertThat(plan.test(2)).isEqualTo(new Plan.Test.Absent(3));
    assertThat(plan.key(3).text()).isEqualTo("a");
  }

  @Test
  void bytes_missingLeftOverOrUnknown_areRefused() {
    byte[] bytes = ALL.toBytes();
    for (int length = 0; length < bytes.length; length++) {
      byte[] part = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> Transaction.read(part))
          .isInstanceOf(WireReader.MalformedException.class);
    }
    assertThatThrownBy(() -> Transaction.read(Arrays.copyOf(bytes, bytes.length + 1)))
        .hasMessage("bytes left over: bytesLeft=1");
    byte[] noWrite = bytes.clone();
    noWrite[8] = 3;
    assertThatThrownBy(() -> Transaction.read(noWrite))
        .isInstanceOf(WireReader.MalformedException.class)
        .hasMessage("not a write");
    byte[] noCondition = bytes("feffffff 00000000 01000000 0a 0000000000000000");
    assertThatThrownBy(() -> Transaction.read(noCondition))
        .isInstanceOf(WireReader.MalformedException.class)
        .hasMessage("not a condition");
    byte[] another = bytes("fdffffff 00000000 00000000");
    assertThatThrownBy(() -> Transaction.read(another))
        .isInstanceOf(WireReader.MalformedException.class)
        .hasMessage("count does not fit: found=-3 bytesLeft=8");
  }

  @Test
  void keys_thatAreNotAscii_comeBack() {
    String longest = "\u20ac".repeat(Transaction.KEY_BYTES_MAX / 3);
    for (String key : List.of("\u00e4", "\ufffd", "a\ufffd", "\ud83d\ude00", longest)) {
      Transaction transaction =
          Transaction.begin().absent(key).put(key, new byte[1]).touch("t").build();
      Plan plan = Plan.read(transaction.toBytes());
      assertThat(plan.key(0).text()).isEqualTo(key);
      assertThat(plan.key(0).bytes()).isEqualTo(key.getBytes(StandardCharsets.UTF_8).length);
      assertThat(plan.key(1).bytes()).isEqualTo(1);
    }
  }

  @Test
  void key_outOfRange_isRefusedWhereverItStands() {
    String longest = "k".repeat(Transaction.KEY_BYTES_MAX);
    Transaction.begin().absent(longest).put(longest, new byte[0]).build();
    String text = "key out of range: bytes=1201 allowed=1..1200";
    assertThatThrownBy(() -> Transaction.begin().put(longest + "k", new byte[0]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(text);
    assertThatThrownBy(() -> Transaction.begin().absent(longest + "k")).hasMessage(text);
    assertThatThrownBy(() -> Transaction.begin().version(longest + "k", 1)).hasMessage(text);
    assertThatThrownBy(() -> new Condition.Present(longest + "k")).hasMessage(text);
    assertThatThrownBy(() -> Transaction.begin().remove(""))
        .hasMessage("key out of range: bytes=0 allowed=1..1200");
    assertThatThrownBy(() -> Transaction.begin().remove("k\uD83D"))
        .hasMessage("key has half a character: bytes=2");
  }

  @Test
  void free_ofWhatNoLockIsCalled_isRefused() {
    for (String path : List.of("", "f", "/", "/f/", "/servers/a")) {
      assertThatThrownBy(() -> Transaction.begin().free(path))
          .as(path)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("not a path: path=" + path);
    }
  }

  @Test
  void value_tooLarge_isRefused() {
    byte[] largest = new byte[Transaction.VALUE_BYTES_MAX];
    Transaction.begin().put("k", largest).build();
    assertThatThrownBy(() -> Transaction.begin().put("k", new byte[largest.length + 1]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("value too large: key=k bytes=2101249 max=2101248");
  }

  @Test
  void parts_tooMany_areRefusedWhicheverTheyAre() {
    Transaction.Builder conditions = Transaction.begin().put("k", new byte[0]);
    for (int i = 0; i < Transaction.PARTS_MAX - 1; i++) {
      conditions.absent("k" + i);
    }
    conditions.build();
    conditions.absent("one more");
    assertThatThrownBy(conditions::build)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("too many parts: parts=1001 max=1000");
    Transaction.Builder writes = Transaction.begin();
    for (int i = 0; i <= Transaction.PARTS_MAX; i++) {
      writes.touch("k" + i);
    }
    assertThatThrownBy(writes::build).hasMessage("too many parts: parts=1001 max=1000");
  }

  // The compiler does not let it pass either, where it looks.
  @SuppressWarnings("NullAway")
  @Test
  void write_withoutWhatItNeeds_wouldStopEveryNodeThatReadsIt() {
    assertThatThrownBy(() -> new Write("k", Write.Kind.PUT, null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a value is what a put has: key=k PUT");
    assertThatThrownBy(() -> new Write("k", Write.Kind.REMOVE, new byte[0]))
        .hasMessage("a value is what a put has: key=k REMOVE");
  }

  @Test
  void key_writtenTwice_isRefusedUnlessOneIsATouch() {
    assertThatThrownBy(() -> Transaction.begin().put("k", new byte[0]).remove("k"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("key written twice: key=k");
    Write write = new Write("k", Write.Kind.PUT, new byte[0]);
    Transaction twice = new Transaction(List.of(), List.of(write, write));
    assertThatThrownBy(twice::toBytes)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("key written twice: key=k");
    List<Write> touchedThenPut =
        Transaction.begin().touch("k").put("k", new byte[0]).touch("k").build().writes();
    assertThat(touchedThenPut).extracting(Write::kind).containsExactly(Write.Kind.PUT);
  }
}
