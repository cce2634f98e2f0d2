package io.quire.twopc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Address;
import io.quire.base.Log;
import io.quire.base.RequestId;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The bytes of messages and entries, which other versions must be able to read. */
class WireFormatTest {
  private static final Message PREPARE =
      new Message.Prepare(
          3,
          0x11,
          new Address("h", 7000),
          0x22,
          5,
          List.of(new Message.Item(6, 1, new byte[] {(byte) 0xab})));
  private static final Message VOTE =
      new Message.Vote(0x11, 0x22, List.of(6L), List.of(new Message.No(7, true, "no")));
  private static final Message ABORT = new Message.Abort(0x11, List.of(6L, 7L));
  private static final Message HINT =
      new Message.Hint(0x11, List.of(new Message.Effect(6, 0x10000)));

  private static final Address AT = new Address("h", 7000);
  private static final Message PROBE = new Message.Probe(9, AT, 0x22);
  private static final Message ECHO = new Message.Echo(9, 0x22);
  private static final Message RELAY = new Message.Relay(AT, new byte[] {(byte) 0xab});
  private static final Message RELAYED = new Message.Relayed(AT, new byte[] {(byte) 0xab});
  private static final Message ENTER = new Message.Enter(0x22, AT, 0x10000);
  private static final Message STANDING = new Message.Standing(0x22, 50);

  @Test
  void messages_haveTheirLayout() {
    assertThat(hex(PREPARE.toBytes()))
        .isEqualTo(
            fields(
                "01 0300000000000000 1100000000000000 01000000 68 581b 2200000000000000"
                    + " 0500000000000000 01000000 0600000000000000 01 00000000 00 01000000 ab"));
    assertThat(hex(VOTE.toBytes()))
        .isEqualTo(
            fields(
                "02 1100000000000000 2200000000000000 01000000 0600000000000000"
                    + " 01000000 0700000000000000 01 02000000 6e6f"));
    assertThat(hex(ABORT.toBytes()))
        .isEqualTo(fields("03 1100000000000000 02000000 0600000000000000 0700000000000000"));
    assertThat(hex(HINT.toBytes()))
        .isEqualTo(fields("04 1100000000000000 01000000 0600000000000000 0000010000000000"));
  }

  @Test
  void messagesAboutMembers_haveTheirLayout() {
    assertThat(hex(PROBE.toBytes()))
        .isEqualTo(fields("05 0900000000000000 01000000 68 581b 2200000000000000"));
    assertThat(hex(ECHO.toBytes())).isEqualTo(fields("06 0900000000000000 2200000000000000"));
    assertThat(hex(RELAY.toBytes())).isEqualTo(fields("07 01000000 68 581b 01000000 ab"));
    assertThat(hex(RELAYED.toBytes())).isEqualTo(fields("08 01000000 68 581b 01000000 ab"));
    assertThat(hex(ENTER.toBytes()))
        .isEqualTo(fields("09 2200000000000000 01000000 68 581b 0000010000000000"));
    assertThat(hex(STANDING.toBytes())).isEqualTo(fields("0a 2200000000000000 32000000"));
  }

  @Test
  void entries_haveTheirLayout() {
    Log.Entry txn = new TxnEntry.Txn(new TxnId(0x11, 6), 5, 1, new byte[] {(byte) 0xab}).entry(3);
    assertThat(txn.stream()).isEqualTo(Log.Stream.TRANSACTIONS);
    assertThat(txn.fence()).isEqualTo(Log.Fence.epoch(3));
    assertThat(hex(txn.payload()))
        .isEqualTo(fields("01 1100000000000000 0600000000000000 0500000000000000 01 01000000 ab"));
    Log.Entry resolve = new TxnEntry.Resolve(new TxnId(0x11, 6)).entry();
    assertThat(resolve.fence()).isEqualTo(Log.Fence.NONE);
    assertThat(hex(resolve.payload())).isEqualTo(fields("02 1100000000000000 0600000000000000"));
  }

  @Test
  void entriesThatFewTransactionsNeed_haveTheirLayout() {
    TxnId id = new TxnId(0x11, 6);
    RequestId request = new RequestId(0x77, 1);
    Blobs.Ref blob = new Blobs.Ref(0x11, 2, 3, 4, 5);
    assertThat(hex(new TxnEntry.Txn(id, 5, 1, request, null, new byte[] {1}).entry(3).payload()))
        .isEqualTo(
            fields(
                "03 1100000000000000 0600000000000000 0500000000000000 01 01"
                    + " 7700000000000000 0100000000000000 01000000 01"));
    assertThat(hex(new TxnEntry.Txn(id, 5, 1, null, blob, new byte[0]).entry(3).payload()))
        .isEqualTo(
            fields(
                "03 1100000000000000 0600000000000000 0500000000000000 01 02"
                    + " 1100000000000000 0200000000000000 03000000 04000000 05000000"));
    assertThat(hex(new TxnEntry.Chunk(0x11, 2, 1, 3, new byte[] {1}).entry().payload()))
        .isEqualTo(fields("04 1100000000000000 0200000000000000 01000000 03000000 01000000 01"));
    assertThat(hex(new TxnEntry.Drop(0x11, 2).entry().payload()))
        .isEqualTo(fields("05 1100000000000000 0200000000000000"));
    assertThat(hex(new TxnEntry.GiveUp(request).entry().payload()))
        .isEqualTo(fields("06 7700000000000000 0100000000000000"));
  }

  @Test
  void prepareOfABlob_hasItsLayout() {
    Blobs.Ref blob = new Blobs.Ref(0x11, 2, 3, 4, 5);
    Message.Item item = new Message.Item(6, 1, 1000, blob, new byte[0]);
    byte[] bytes = new Message.Prepare(3, 0x11, AT, 0x22, 5, List.of(item)).toBytes();
    assertThat(hex(bytes))
        .endsWith(
            fields(
                "01000000 0600000000000000 01 e8030000 01"
                    + " 1100000000000000 0200000000000000 03000000 04000000 05000000"));
    assertThat(Message.read(bytes).toBytes()).isEqualTo(bytes);
  }

  @Test
  void requests_haveTheirLayout() {
    Requests requests = new Requests();
    requests.add(new RequestId(0x77, 1), 0x10000, new byte[] {2});
    WireWriter out = new WireWriter();
    requests.save(out);
    assertThat(hex(out.toBytes()))
        .isEqualTo(
            fields("01000000 7700000000000000 0100000000000000 0000010000000000 01000000 02"));
  }

  @Test
  void blobs_haveTheirLayout() {
    Blobs blobs = new Blobs();
    blobs.add(new TxnEntry.Chunk(0x11, 1, 0, 1, new byte[] {7}));
    blobs.add(new TxnEntry.Chunk(0x11, 2, 1, 2, new byte[] {8}));
    WireWriter out = new WireWriter();
    blobs.save(out);
    assertThat(hex(out.toBytes()))
        .isEqualTo(
            fields(
                "02000000 1100000000000000 0100000000000000 01000000 01 01000000 07"
                    + " 1100000000000000 0200000000000000 02000000 00 01000000 01000000 01000000"
                    + " 08"));
  }

  @Test
  void decided_hasItsLayoutAndComesBack() {
    Decided decided = new Decided();
    decided.add(new TxnId(0x11, 3), 2);
    decided.add(new TxnId(0x22, 1), 0);
    WireWriter out = new WireWriter();
    decided.save(out);
    assertThat(hex(out.toBytes()))
        .isEqualTo(
            fields(
                "02000000 1100000000000000 0200000000000000 01000000 0300000000000000"
                    + " 2200000000000000 0100000000000000 01000000 0100000000000000"));
    Decided again = new Decided();
    again.add(new TxnId(0x33, 1), 0);
    again.restore(new WireReader(out.toBytes()));
    assertThat(again.has(new TxnId(0x11, 1))).as("below the watermark").isTrue();
    assertThat(again.has(new TxnId(0x11, 2))).isFalse();
    assertThat(again.has(new TxnId(0x11, 3))).isTrue();
    assertThat(again.has(new TxnId(0x33, 1))).as("what was there before").isFalse();
  }

  static Stream<Message> messages() {
    return Stream.of(PREPARE, VOTE, ABORT, HINT, PROBE, ECHO, RELAY, RELAYED, ENTER, STANDING);
  }

  @ParameterizedTest
  @MethodSource("messages")
  void message_comesBackAndNoPartOfItPasses(Message message) {
    byte[] bytes = message.toBytes();
    assertThat(Message.read(bytes).toBytes()).isEqualTo(bytes);
    for (int length = 0; length < bytes.length; length++) {
      byte[] part = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> Message.read(part))
          .isInstanceOf(WireReader.MalformedException.class);
    }
    assertThatThrownBy(() -> Message.read(Arrays.copyOf(bytes, bytes.length + 1)))
        .isInstanceOf(WireReader.MalformedException.class)
        .hasMessage("bytes left over: bytesLeft=1");
  }

  @Test
  void unknownTypes_areRefused() {
    assertThatThrownBy(() -> Message.read(new byte[] {99}))
        .isInstanceOf(WireReader.MalformedException.class)
        .hasMessage("not a message: type=99");
    assertThatThrownBy(() -> TxnEntry.read(new byte[] {99}))
        .isInstanceOf(WireReader.MalformedException.class)
        .hasMessage("not a transaction: type=99");
  }

  @Test
  void outcome_textsTellWhatHappenedFromWhatMayHave() {
    TxnId txn = new TxnId(0xbeef, 4);
    assertThat(new Outcome.Committed(3L << 16 | 2, new byte[0]).text())
        .isEqualTo("committed: position=3.2");
    assertThat(new Outcome.Rejected(3L << 16, new byte[0]).text())
        .isEqualTo("rejected: position=3.0");
    assertThat(new Outcome.Indeterminate(txn).text()).isEqualTo("may have happened: txn=beef:4");
    assertThat(new Outcome.Aborted(Outcome.Why.OVERLOADED, null, "x=1").text())
        .isEqualTo("aborted: why=OVERLOADED x=1");
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  /** The blanks only show the fields. */
  private static String fields(String hex) {
    return hex.replace(" ", "");
  }
}
