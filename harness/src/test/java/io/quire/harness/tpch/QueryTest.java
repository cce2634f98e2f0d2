package io.quire.harness.tpch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class QueryTest {
  private static final Q1 Q1 = new Q1();
  private static final Q6 Q6 = new Q6();

  /** A line of which only what the queries read is said. */
  private record Line(
      LocalDate shipped, int pieces, long cents, int discount, int tax, char flag, char status) {
    static final Line PLAIN = new Line(LocalDate.of(1994, 6, 1), 10, 1000_00, 6, 8, 'R', 'F');

    Line shipped(String date) {
      return new Line(LocalDate.parse(date), pieces, cents, discount, tax, flag, status);
    }

    Line pieces(int count) {
      return new Line(shipped, count, cents, discount, tax, flag, status);
    }

    Line cents(long price) {
      return new Line(shipped, pieces, price, discount, tax, flag, status);
    }

    Line discount(int percent) {
      return new Line(shipped, pieces, cents, percent, tax, flag, status);
    }

    Line tax(int percent) {
      return new Line(shipped, pieces, cents, discount, percent, flag, status);
    }

    Line flags(char returnFlag, char lineStatus) {
      return new Line(shipped, pieces, cents, discount, tax, returnFlag, lineStatus);
    }
  }

  @Test
  void scan_smallScale_equalsThePlainAnswers() throws Exception {
    PlainAnswers expected = PlainAnswers.at(0.02, Duration.ofSeconds(30));
    try (Arena arena = Arena.ofConfined()) {
      List<LoadedGroup> groups = new ArrayList<>();
      for (int part = 1; part <= 3; part++) {
        groups.addAll(LoadedGroup.load(part(0.02, part, 3).withRowsPerGroup(1000), arena));
      }
      assertThat(Q1.lines(mergeAll(Q1, scanAll(Q1, groups)))).isEqualTo(expected.q1());
      assertThat(Q6.lines(mergeAll(Q6, scanAll(Q6, groups)))).isEqualTo(expected.q6());
    }
  }

  @Test
  void scan_scaleOne_equalsWhatTpchPublishes() throws Exception {
    Q1.Partial q1 = Q1.empty();
    Q6.Partial q6 = Q6.empty();
    int parts = 12;
    for (int part = 1; part <= parts; part++) {
      try (Arena arena = Arena.ofConfined()) {
        for (LoadedGroup group : LoadedGroup.load(part(1, part, parts), arena)) {
          q1 = Q1.merge(q1, group.scan(Q1));
          q6 = Q6.merge(q6, group.scan(Q6));
        }
      }
    }
    assertThat(new PlainAnswers(Q1.lines(q1), Q6.lines(q6)))
        .isEqualTo(PlainAnswers.PUBLISHED_AT_SCALE_ONE);
  }

  @Test
  void merge_anyOrderGroupingAndTravel_givesTheSameResult() throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      List<LoadedGroup> groups = LoadedGroup.load(part(0.01, 1, 1).withRowsPerGroup(2000), arena);
      for (long seed = 1; seed <= 50; seed++) {
        SplittableRandom random = new SplittableRandom(seed);
        assertThat(mergeAtRandom(Q1, scanAll(Q1, groups), random))
            .as("seed=%d", seed)
            .isEqualTo(mergeAll(Q1, scanAll(Q1, groups)));
        assertThat(mergeAtRandom(Q6, scanAll(Q6, groups), random))
            .as("seed=%d", seed)
            .isEqualTo(mergeAll(Q6, scanAll(Q6, groups)));
      }
    }
  }

  @Test
  void q6_linesAtTheEdges_takesThoseWithin() {
    assertThat(q6(Line.PLAIN)).isEqualTo("60.0000");
    assertThat(q6(Line.PLAIN.shipped("1993-12-31"))).isEqualTo("0.0000");
    assertThat(q6(Line.PLAIN.shipped("1994-01-01"))).isEqualTo("60.0000");
    assertThat(q6(Line.PLAIN.shipped("1994-12-31"))).isEqualTo("60.0000");
    assertThat(q6(Line.PLAIN.shipped("1995-01-01"))).isEqualTo("0.0000");
    assertThat(q6(Line.PLAIN.discount(4))).isEqualTo("0.0000");
    assertThat(q6(Line.PLAIN.discount(5))).isEqualTo("50.0000");
    assertThat(q6(Line.PLAIN.discount(7))).isEqualTo("70.0000");
    assertThat(q6(Line.PLAIN.discount(8))).isEqualTo("0.0000");
    assertThat(q6(Line.PLAIN.pieces(23))).isEqualTo("60.0000");
    assertThat(q6(Line.PLAIN.pieces(24))).isEqualTo("0.0000");
  }

  @Test
  void q1_linesAtTheEdges_areGroupedSortedAndRounded() {
    assertThat(
            q1(
                Line.PLAIN.shipped("1998-09-02").flags('R', 'F'),
                Line.PLAIN.shipped("1998-09-03").flags('R', 'O'),
                Line.PLAIN.flags('N', 'O').pieces(1).discount(0),
                Line.PLAIN.flags('N', 'O').pieces(2).discount(1),
                Line.PLAIN.flags('N', 'F').cents(1),
                Line.PLAIN.flags('A', 'F').tax(0)))
        .containsExactly(
            "A|F|10.00|1000.00|940.0000|940.000000|10.00|1000.00|0.06|1",
            "N|F|10.00|0.01|0.0094|0.010152|10.00|0.01|0.06|1",
            "N|O|3.00|2000.00|1990.0000|2149.200000|1.50|1000.00|0.01|2",
            "R|F|10.00|1000.00|940.0000|1015.200000|10.00|1000.00|0.06|1");
  }

  @Test
  void q1_largestGroup_staysExact() {
    long cents = (1 << 24) - 1;
    int rows = ColumnLayout.MAX_ROWS;
    Line[] lines = new Line[rows];
    Arrays.fill(lines, Line.PLAIN.cents(cents).discount(0).tax(127));
    BigInteger discPrice = BigInteger.valueOf(cents).multiply(BigInteger.valueOf(100L * rows));
    Q1.Sums sums = scan(Q1, lines).groups().get(4);
    assertThat(sums.discPrice()).isEqualTo(discPrice);
    assertThat(sums.charge()).isEqualTo(discPrice.multiply(BigInteger.valueOf(227)));
  }

  @Test
  void scan_valueOutOfRange_isRefused() {
    assertRefused(Line.PLAIN.cents(1 << 24), "a value is out of range: column=EXTENDEDPRICE");
    assertRefused(Line.PLAIN.cents(-1), "a value is out of range: column=EXTENDEDPRICE");
    assertRefused(Line.PLAIN.pieces(82), "a value is out of range: column=QUANTITY");
    assertRefused(Line.PLAIN.discount(128), "a value is out of range: column=DISCOUNT");
    assertRefused(Line.PLAIN.tax(-1), "a value is out of range: column=TAX");
    assertRefused(Line.PLAIN.flags('B', 'F'), "unknown return flag or line status: rows=1");
    assertRefused(Line.PLAIN.flags('R', '\u00ff'), "unknown return flag or line status: rows=1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> q6(Line.PLAIN.cents(1 << 24)))
        .withMessageStartingWith("a value is out of range: column=EXTENDEDPRICE");
  }

  @Test
  void scan_blockOfAnotherLength_isRefused() {
    List<MemorySegment> blocks = new ArrayList<>(blocks(Q6, Line.PLAIN, Line.PLAIN));
    blocks.set(2, blocks.get(2).asSlice(0, 15));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Q6.scan(2, blocks))
        .withMessage("block does not fit its rows: column=QUANTITY rows=2 bytes=15 wanted=16");
  }

  @Test
  void lines_ofNoRows_areThoseOfAnEmptyTable() {
    assertThat(Q1.lines(Q1.empty())).isEmpty();
    assertThat(Q6.lines(Q6.empty())).containsExactly("0.0000");
    assertThat(scan(Q1)).isEqualTo(Q1.empty());
  }

  @Test
  void merge_pastTheRange_throws() {
    assertThatExceptionOfType(ArithmeticException.class)
        .isThrownBy(() -> Q6.merge(new Q6.Partial(Long.MAX_VALUE), new Q6.Partial(1)));
  }

  @Test
  void read_sumsBeyond64Bits_areKept() {
    Q1.Sums sums =
        new Q1.Sums(1, 2, 3, 4, BigInteger.ONE.shiftLeft(64), BigInteger.ONE.shiftLeft(90));
    Q1.Partial partial = new Q1.Partial(Collections.nCopies(6, sums));
    assertThat(travel(Q1, partial)).isEqualTo(partial);
  }

  @Test
  void read_bytesCutShort_isMalformed() {
    byte[] whole = bytes(Q1, scan(Q1, Line.PLAIN));
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatExceptionOfType(WireReader.MalformedException.class)
          .as("length=%d", length)
          .isThrownBy(() -> Q1.read(new WireReader(cut)));
    }
  }

  private static LineitemPart part(double scale, int part, int parts) {
    return LineitemPart.of(scale, part, parts).withCommentPool(LoadedGroup.SMALL_POOL);
  }

  private static <P> List<P> scanAll(Query<P> query, List<LoadedGroup> groups) {
    return groups.stream().map(group -> group.scan(query)).toList();
  }

  private static <P> P mergeAll(Query<P> query, List<P> partials) {
    return partials.stream().reduce(query.empty(), query::merge);
  }

  private static <P> P mergeAtRandom(Query<P> query, List<P> partials, RandomGenerator random) {
    List<P> left = new ArrayList<>(partials);
    while (left.size() > 1) {
      P one = left.remove(random.nextInt(left.size()));
      P other = left.remove(random.nextInt(left.size()));
      P merged = query.merge(one, other);
      left.add(random.nextBoolean() ? travel(query, merged) : merged);
    }
    return left.getFirst();
  }

  private static <P> P travel(Query<P> query, P partial) {
    WireReader in = new WireReader(bytes(query, partial));
    P read = query.read(in);
    in.end();
    return read;
  }

  private static <P> byte[] bytes(Query<P> query, P partial) {
    WireWriter out = new WireWriter();
    query.write(partial, out);
    return out.toBytes();
  }

  private static List<String> q1(Line... lines) {
    return Q1.lines(scan(Q1, lines));
  }

  private static String q6(Line line) {
    return Q6.lines(scan(Q6, line)).getFirst();
  }

  private static void assertRefused(Line line, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> q1(line))
        .withMessageStartingWith(message);
  }

  private static <P> P scan(Query<P> query, Line... lines) {
    return query.scan(lines.length, blocks(query, lines));
  }

  private static List<MemorySegment> blocks(Query<?> query, Line... lines) {
    return query.columns().stream().map(number -> block(Lineitem.values()[number], lines)).toList();
  }

  private static MemorySegment block(Lineitem column, Line... lines) {
    int width = column.type().width();
    MemorySegment block = Arena.ofAuto().allocate((long) lines.length * width, 1);
    for (int row = 0; row < lines.length; row++) {
      Line line = lines[row];
      long value =
          switch (column) {
            case QUANTITY -> line.pieces * 100L;
            case EXTENDEDPRICE -> line.cents;
            case DISCOUNT -> line.discount;
            case TAX -> line.tax;
            case RETURNFLAG -> line.flag;
            case LINESTATUS -> line.status;
            case SHIPDATE -> line.shipped.toEpochDay();
            default -> throw new IllegalArgumentException("not read: column=" + column);
          };
      switch (width) {
        case 8 -> block.set(ColumnLayout.LONG, 8L * row, value);
        case 4 -> block.set(ColumnLayout.INT, 4L * row, (int) value);
        default -> block.set(ColumnLayout.BYTE, row, (byte) value);
      }
    }
    return block;
  }
}
