package io.quire.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Log.Applied;
import io.quire.base.Log.Entry;
import io.quire.base.Log.Stream;
import io.quire.base.LogBook.Bookmark;
import io.quire.base.LogBook.Retention;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class LogBookTest {
  private final LogBook book = new LogBook();
  private long position;

  private Applied apply(Entry entry) {
    assertThat(entry.stream()).isEqualTo(Stream.LOG);
    position++;
    return new Applied(position, false, book.apply(position, entry.payload()));
  }

  @Test
  void declare_givesEachNameANumberOfItsOwn_forGood() {
    Stream orders = LogBook.declared("orders", apply(LogBook.declare("orders")));
    Stream bills = LogBook.declared("bills", apply(LogBook.declare("bills")));
    assertThat(orders.number()).isEqualTo(Stream.USERS_FROM);
    assertThat(bills.number()).isEqualTo(Stream.USERS_FROM + 1);
    assertThat(orders.projected()).isFalse();
    assertThat(LogBook.declared("orders", apply(LogBook.declare("orders")))).isEqualTo(orders);
    assertThat(book.state().stream(orders.number())).hasToString("orders");
  }

  @Test
  void declare_ofQuiresOwnName_orOfNoName_isRefused() {
    for (Stream own : Stream.own()) {
      Applied refused = apply(LogBook.declare(own.name()));
      assertThatThrownBy(() -> LogBook.declared(own.name(), refused))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("name=" + own.name());
    }
    for (String name : List.of("", "A", "a b", "-a", "a-", "a".repeat(65))) {
      assertThatThrownBy(() -> LogBook.declare(name)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void declare_beyondTheLimit_isRefused() {
    for (int i = 0; i < LogBook.STREAMS_MAX; i++) {
      apply(LogBook.declare("s" + i));
    }
    Applied refused = apply(LogBook.declare("more"));
    assertThatThrownBy(() -> LogBook.declared("more", refused))
        .hasMessageContaining("max=" + LogBook.STREAMS_MAX);
  }

  @Test
  void mark_movesAndExpires_byTheClockOfWhoeverMarks() {
    apply(LogBook.mark("slow", 5, LogBook.NEVER, 1_000));
    apply(LogBook.mark("fast", 7, 2_000, 1_000));
    apply(LogBook.mark("fast", 9, 2_000, 1_500));
    assertThat(book.state().bookmarks().get("fast")).isEqualTo(new Bookmark(9, 2_000));
    apply(LogBook.mark("slow", 6, LogBook.NEVER, 2_001));
    assertThat(book.state().bookmarks()).containsOnlyKeys("slow");
    apply(LogBook.release("slow"));
    assertThat(book.state().bookmarks()).isEmpty();
  }

  @Test
  void mark_beyondTheLimit_isRefusedUntilOneGoes() {
    for (int i = 0; i < LogBook.BOOKMARKS_MAX; i++) {
      assertThat(LogBook.marked(apply(LogBook.mark("b" + i, i, LogBook.NEVER, 0)))).isTrue();
    }
    assertThat(LogBook.marked(apply(LogBook.mark("more", 1, LogBook.NEVER, 0)))).isFalse();
    assertThat(LogBook.marked(apply(LogBook.mark("b7", 1, LogBook.NEVER, 0)))).isTrue();
    apply(LogBook.release("b8"));
    assertThat(LogBook.marked(apply(LogBook.mark("more", 1, LogBook.NEVER, 0)))).isTrue();
  }

  @Test
  void trim_neverMovesBack() {
    apply(LogBook.trim(50));
    apply(LogBook.trim(20));
    assertThat(book.state().floor()).isEqualTo(50);
  }

  @Test
  void restore_ofWhatWasSaved_isTheSame() {
    apply(LogBook.declare("orders"));
    apply(LogBook.retain(new Retention(1, 2, 3)));
    apply(LogBook.trim(50));
    apply(LogBook.mark("slow", 5, LogBook.NEVER, 1_000));
    WireWriter out = new WireWriter();
    book.save(out);
    LogBook other = new LogBook();
    WireReader in = new WireReader(out.toBytes());
    other.restore(4, in);
    in.end();
    assertThat(other.state()).isEqualTo(book.state());
  }

  @Test
  void streams_haveTheseNumbers() {
    assertThat(Stream.own().stream().map(own -> own.number() + " " + own.name()))
        .containsExactly("0 sessions", "1 transactions", "2 locks", "3 log");
  }

  @Test
  void entries_haveTheseBytes() {
    assertThat(hex(LogBook.declare("ab"))).isEqualTo("01020000006162");
    assertThat(hex(LogBook.retain(new Retention(1, 2, 3))))
        .isEqualTo("02010000000000000002000000000000000300000000000000");
    assertThat(hex(LogBook.trim(4))).isEqualTo("030400000000000000");
    assertThat(hex(LogBook.mark("c", 5, 6, 7)))
        .isEqualTo("04010000006305000000000000000600000000000000" + "0700000000000000");
    assertThat(hex(LogBook.release("c"))).isEqualTo("050100000063");
  }

  private static String hex(Entry entry) {
    return HexFormat.of().formatHex(entry.payload());
  }
}
