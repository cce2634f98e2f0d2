package io.quire.lockserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Log;
import io.quire.base.WireReader;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The bytes of the lock server in the log and in snapshots. */
@Timeout(30)
class LockFormatTest {
  private static final String HEAD =
      "03 1100000000000000 0000010000000000 0500000000000000 0400000000000000 ";

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  private static Map<LockEntry, String> entries() {
    Tenure tenure = new Tenure(0x11, 0x10000);
    Map<LockOperation, String> operations = new LinkedHashMap<>();
    operations.put(new LockOperation.Open("s"), "01 01000000 73");
    operations.put(new LockOperation.Close(7), "02 0700000000000000");
    operations.put(
        new LockOperation.Create(7, "/a", new byte[] {9}, true),
        "03 0700000000000000 02000000 2f61 01000000 09 01");
    operations.put(
        new LockOperation.Write(7, "/a", -1, new byte[] {9}),
        "04 0700000000000000 02000000 2f61 ffffffffffffffff 01000000 09");
    operations.put(
        new LockOperation.Remove(7, "/a", 8), "05 0700000000000000 02000000 2f61 0800000000000000");
    operations.put(
        new LockOperation.Add(7, "/a", 8), "06 0700000000000000 02000000 2f61 0800000000000000");
    operations.put(
        new LockOperation.Acquire(7, "/a", LockMode.EXCLUSIVE, true, 500, new byte[] {9}),
        "07 0700000000000000 02000000 2f61 02 01 f4010000 01000000 09");
    operations.put(new LockOperation.Release(7, 8), "08 0700000000000000 0800000000000000");
    operations.put(
        new LockOperation.Cancel(7, "/a", 8), "09 0700000000000000 02000000 2f61 0800000000000000");
    operations.put(new LockOperation.Sync(), "0a");
    operations.put(
        new LockOperation.Convert(7, 8, LockMode.BESIDE_WRITE),
        "0b 0700000000000000 0800000000000000 04");
    Map<LockEntry, String> entries = new LinkedHashMap<>();
    entries.put(new LockEntry.DelayOver("/a", 8), "01 02000000 2f61 0800000000000000");
    entries.put(new LockEntry.Led(0x11), "02 1100000000000000");
    operations.forEach(
        (operation, bytes) ->
            entries.put(new LockEntry.Request(tenure, 5, 4, operation), HEAD + bytes));
    return entries;
  }

  @Test
  void entries_haveTheirLayout() {
    entries()
        .forEach(
            (entry, bytes) -> {
              byte[] payload = entry.entry(Log.Fence.lock(3)).payload();
              assertThat(hex(payload)).isEqualTo(bytes.replace(" ", ""));
              assertThat(hex(LockEntry.read(payload).entry(Log.Fence.NONE).payload()))
                  .as("read and written again")
                  .isEqualTo(bytes.replace(" ", ""));
              assertThat(entry.entry(Log.Fence.NONE).stream()).isEqualTo(Log.Stream.LOCKS);
            });
  }

  @Test
  void bytesMissingOrLeftOver_areRefused() {
    for (LockEntry entry : entries().keySet()) {
      byte[] bytes = entry.entry(Log.Fence.NONE).payload();
      for (int length = 0; length <= bytes.length + 1; length++) {
        if (length != bytes.length) {
          byte[] other = Arrays.copyOf(bytes, length);
          assertThatThrownBy(() -> LockEntry.read(other))
              .isInstanceOf(WireReader.MalformedException.class);
        }
      }
    }
  }

  @Test
  void answerAndSequencer_haveTheirLayout() {
    LockAnswer answer = new LockAnswer(LockAnswer.Code.GRANTED, 8, 9);
    assertThat(hex(answer.toBytes())).isEqualTo("01" + "0800000000000000" + "0900000000000000");
    assertThat(LockAnswer.read(answer.toBytes())).isEqualTo(answer);
    Sequencer sequencer = new Sequencer("/a", LockMode.SHARED, 8);
    assertThat(hex(sequencer.toBytes())).isEqualTo("02000000" + "2f61" + "01" + "0800000000000000");
    assertThat(Sequencer.of(sequencer.toBytes())).isEqualTo(sequencer);
  }

  @Test
  void snapshot_hasItsLayout() {
    TreeDriver driver = new TreeDriver();
    Tenure a = driver.join("a", 0x11);
    driver.request(a, 1, 1, new LockOperation.Open("s"));
    driver.request(a, 2, 2, new LockOperation.Create(1, "/f", new byte[] {9}, false));
    var lock = new LockOperation.Acquire(1, "/l", LockMode.EXCLUSIVE, true, 500, new byte[] {7});
    driver.request(a, 3, 3, lock);
    driver.request(a, 4, 4, new LockOperation.Open("t"));
    var waits = new LockOperation.Acquire(2, "/l", LockMode.SHARED, true, 0, new byte[0]);
    driver.request(a, 5, 5, waits);
    String tenure = "1100000000000000 0000010000000000";
    String wanted =
        "0200000000000000 02000000"
            + (" 0100000000000000 " + tenure + " 01000000 73 0000020000000000")
            + (" 0200000000000000 " + tenure + " 01000000 74 0000050000000000")
            + " 01000000 02000000 2f66 01000000 09 0000030000000000 0000030000000000"
            + " 0000000000000000"
            + " 0100000000000000 01000000 02000000 2f6c"
            + (" 01000000 0100000000000000 00 0100000000000000 " + tenure)
            + " 0300000000000000 0000040000000000 02 f4010000 01000000 07"
            + (" 01000000 0200000000000000 " + tenure)
            + " 0500000000000000 0000060000000000 01 00000000 00000000"
            + (" 01000000 " + tenure + " 0500000000000000 01000000 0500000000000000")
            + " 02 0000060000000000 0000000000000000"
            + " 0400000000000000 04000000"
            + " 0000010000000000 00 0a000000 2f736572766572732f61 0000000000000000"
            + " 0000000000000000"
            + " 0000030000000000 00 02000000 2f66 0100000000000000 0000000000000000"
            + " 0000040000000000 04 02000000 2f6c 0100000000000000 0100000000000000"
            + " 0000060000000000 03 02000000 2f6c 0200000000000000 0000000000000000";
    String conversions = "00000000";
    assertThat(hex(driver.save())).isEqualTo((wanted + conversions).replace(" ", ""));
    TreeDriver old = new TreeDriver();
    old.tree.restore(1, new WireReader(HexFormat.of().parseHex(wanted.replace(" ", ""))));
    assertThat(old.save()).as("from before conversions").isEqualTo(driver.save());
  }

  @Test
  void snapshot_ofAConversionThatWaits_hasItsLayoutAndComesBack() {
    TreeDriver driver = new TreeDriver();
    Tenure a = driver.join("a", 0x11);
    long s = driver.open(a);
    long t = driver.open(a);
    long first = driver.acquire(a, s, "/l", LockMode.BESIDE_READ).number();
    driver.acquire(a, t, "/l", LockMode.BESIDE_WRITE);
    driver.request(a, 9, 5, new LockOperation.Convert(s, first, LockMode.EXCLUSIVE));
    String tail = "01000000" + " 0100000000000000 0900000000000000 0000060000000000 02";
    assertThat(hex(driver.save())).endsWith(tail.replace(" ", ""));
    TreeDriver copy = driver.copy();
    assertThat(copy.save()).isEqualTo(driver.save());
    copy.release(a, t, 2);
    assertThat(copy.converted).extracting(LockTable.Hold::generation).containsExactly(3L);
  }

  @Test
  void conversionOfNothing_inASnapshot_isRefused() {
    TreeDriver driver = new TreeDriver();
    String saved = hex(driver.save());
    String damaged =
        saved.substring(0, saved.length() - 8)
            + "01000000 0100000000000000 0900000000000000 0000060000000000 02".replace(" ", "");
    assertThatThrownBy(
            () -> driver.tree.restore(1, new WireReader(HexFormat.of().parseHex(damaged))))
        .isInstanceOf(WireReader.MalformedException.class)
        .hasMessage("nothing to convert: generation=1");
  }
}
