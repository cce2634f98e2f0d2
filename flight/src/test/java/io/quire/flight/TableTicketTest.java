package io.quire.flight;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.NodeId;
import io.quire.base.WireReader.MalformedException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The bytes of docs/formats/flight.md. */
final class TableTicketTest {
  private static final TableTicket TICKET =
      new TableTicket(
          0x0102_0304_0506_0708L, 0x1122_3344, new NodeId("n1"), "/a", List.of("id", "é"));

  @Test
  void ticket_layout_isThatOfTheDocument() {
    byte[] bytes = TICKET.toBytes();
    assertThat(HexFormat.of().formatHex(bytes))
        .isEqualTo(
            "01"
                + "0807060504030201"
                + "44332211"
                + "02000000"
                + "6e31"
                + "02000000"
                + "2f61"
                + "02000000"
                + "02000000"
                + "6964"
                + "02000000"
                + "c3a9");
    assertThat(TableTicket.read(bytes)).isEqualTo(TICKET);
  }

  @Test
  void whatIsNoTicket_isRefused() {
    byte[] bytes = TICKET.toBytes();
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> TableTicket.read(cut)).isInstanceOf(MalformedException.class);
    }
    byte[] longer = Arrays.copyOf(bytes, bytes.length + 1);
    assertThatThrownBy(() -> TableTicket.read(longer)).isInstanceOf(MalformedException.class);
    byte[] other = bytes.clone();
    other[0] = 2;
    assertThatThrownBy(() -> TableTicket.read(other))
        .isInstanceOf(MalformedException.class)
        .hasMessage("unknown version of a ticket: found=2");
    byte[] owner = bytes.clone();
    owner[17] = '!';
    assertThatThrownBy(() -> TableTicket.read(owner))
        .isInstanceOf(MalformedException.class)
        .hasMessageStartingWith("not a ticket: ");
  }
}
