package io.quire.lockserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Address;
import io.quire.base.Log;
import io.quire.base.Member;
import io.quire.base.NodeId;
import io.quire.base.WireReader;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** The bytes of messages and entries, which other versions must be able to read. */
class WireFormatTest {
  private static final LeaseMessage.KeepAlive KEEP_ALIVE =
      new LeaseMessage.KeepAlive(0x11, 0x10000, 0x33, 0x44, new Address("h", 7000));
  private static final LeaseMessage.Grant GRANT = new LeaseMessage.Grant(0x11, 0x10000, 0x33);

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  /** The blanks only show the fields. */
  private static String fields(String hex) {
    return hex.replace(" ", "");
  }

  @Test
  void messages_haveTheirLayout() {
    assertThat(hex(KEEP_ALIVE.toBytes()))
        .isEqualTo(
            fields(
                "01 1100000000000000 0000010000000000 3300000000000000 4400000000000000"
                    + " 01000000 68 581b"));
    assertThat(hex(GRANT.toBytes()))
        .isEqualTo(fields("02 1100000000000000 0000010000000000 3300000000000000"));
    assertThat(LeaseMessage.read(KEEP_ALIVE.toBytes())).isEqualTo(KEEP_ALIVE);
    assertThat(LeaseMessage.read(GRANT.toBytes())).isEqualTo(GRANT);
  }

  @Test
  void entries_haveTheirLayout() {
    Member member = new Member(new NodeId("a"), 0x11, new Address("h", 7000));
    SessionEntry join = new SessionEntry.Join(member, 7, 0x10);
    SessionEntry leave = new SessionEntry.Leave(0x11, 0x10000);
    SessionEntry expire = new SessionEntry.Expire(0x11, 0x10000);
    assertThat(hex(join.entry(Log.Fence.NONE).payload()))
        .isEqualTo(
            fields(
                "01 01000000 61 1100000000000000 01000000 68 581b"
                    + " 0700000000000000 1000000000000000"));
    assertThat(hex(leave.entry(Log.Fence.NONE).payload()))
        .isEqualTo(fields("02 1100000000000000 0000010000000000"));
    assertThat(hex(expire.entry(Log.Fence.term(3)).payload()))
        .isEqualTo(fields("03 1100000000000000 0000010000000000"));
    for (SessionEntry entry : new SessionEntry[] {join, leave, expire}) {
      Log.Entry made = entry.entry(Log.Fence.term(3));
      assertThat(made.stream()).isEqualTo(Log.Stream.SESSIONS);
      assertThat(made.fence()).isEqualTo(Log.Fence.term(3));
      assertThat(SessionEntry.read(made.payload())).isEqualTo(entry);
    }
  }

  @Test
  void bytesMissingLeftOverOrOfAnotherType_areRefused() {
    for (LeaseMessage message : new LeaseMessage[] {KEEP_ALIVE, GRANT}) {
      byte[] bytes = message.toBytes();
      for (int length = 0; length < bytes.length; length++) {
        byte[] part = Arrays.copyOf(bytes, length);
        assertThatThrownBy(() -> LeaseMessage.read(part))
            .isInstanceOf(WireReader.MalformedException.class);
      }
      assertThatThrownBy(() -> LeaseMessage.read(Arrays.copyOf(bytes, bytes.length + 1)))
          .hasMessage("bytes left over: bytesLeft=1");
    }
    assertThatThrownBy(() -> LeaseMessage.read(new byte[] {3}))
        .isInstanceOf(WireReader.MalformedException.class)
        .hasMessage("not a lease message: type=3");
    assertThatThrownBy(() -> SessionEntry.read(new byte[] {4}))
        .isInstanceOf(WireReader.MalformedException.class)
        .hasMessage("not a session entry: type=4");
  }
}
