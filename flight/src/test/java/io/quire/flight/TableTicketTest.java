package io.quire.flight;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.NodeId;
import io.quire.base.WireReader.MalformedException;
import io.quire.datasets.DatasetVersion;
import io.quire.tables.TablePart;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The bytes of docs/formats/flight.md. */
final class TableTicketTest {
  private static final TableTicket TICKET =
      new TableTicket(
          0x0102_0304_0506_0708L,
          new TablePart(new DatasetVersion(9, 0x1122_3344), new NodeId("n1"), 5),
          "/a",
          List.of("id", "é"));

  @Test
  void ticket_layout_isThatOfTheDocument() {
    byte[] bytes = TICKET.toBytes();
    assertThat(HexFormat.of().formatHex(bytes))
        .isEqualTo(
            "02"
                + "0807060504030201"
                + "09000000"
                + "44332211"
                + "02000000"
                + "6e31"
                + "05000000"
                + "02000000"
                + "2f61"
                + "02000000"
                + "02000000"
                + "6964"
                + "02000000"
                + "c3a9");
    assertThat(TableTicket.read(bytes)).isEqualTo(TICKET);
    byte[] rest = bytes.clone();
    rest[23] = 7;
    assertThat(TableTicket.read(TICKET.after(2).toBytes())).isEqualTo(TableTicket.read(rest));
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
    other[0] = 1;
    assertThatThrownBy(() -> TableTicket.read(other))
        .isInstanceOf(MalformedException.class)
        .hasMessage("unknown version of a ticket: found=1");
    byte[] owner = bytes.clone();
    owner[21] = '!';
    byte[] extents = bytes.clone();
    extents[12] = -1;
    byte[] from = bytes.clone();
    from[26] = -1;
    for (byte[] wrong : List.of(owner, extents, from)) {
      assertThatThrownBy(() -> TableTicket.read(wrong))
          .isInstanceOf(MalformedException.class)
          .hasMessageStartingWith("not a ticket: ");
    }
  }
}
