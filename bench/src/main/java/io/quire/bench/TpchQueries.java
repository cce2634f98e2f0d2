package io.quire.bench;

import static io.quire.bench.TpchTables.key;
import static io.quire.bench.TpchTables.text;

import io.quire.columns.Aggregate;
import io.quire.columns.Aggregate.Kind;
import io.quire.columns.Aggregate.Measure;
import io.quire.columns.Expression;
import io.quire.columns.Filter;
import io.quire.columns.Filter.Op;
import io.quire.columns.KeyMap;
import io.quire.columns.Value;
import io.quire.tables.TableQuery;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Eight queries of TPC-H against tables, as who embeds a node writes them: the smaller side of a
 * join is collected as a map and sent to where the larger one lies, and the few rows of an answer
 * fetch what else they show by their keys.
 */
final class TpchQueries implements TpchEngine {
  private static final Duration DEADLINE = Duration.ofMinutes(5);
  private static final int GROUPS_MAX = 10_000_000;
  private static final Expression ONE = Expression.literal(1);

  private final TpchTables tables;

  TpchQueries(TpchTables tables) {
    this.tables = tables;
  }

  @Override
  public List<String> answer(String query) {
    return switch (query) {
      case "q1" -> pricingSummary();
      case "q3" -> shippingPriority();
      case "q5" -> localSupplierVolume();
      case "q6" -> forecastRevenue();
      case "q10" -> returnedItems();
      case "q12" -> shippingModes();
      case "q14" -> promotionEffect();
      case "q19" -> discountedRevenue();
      default -> throw new IllegalArgumentException("no such query: query=" + query);
    };
  }

  private List<String> pricingSummary() {
    TableQuery lines = tables.query("lineitem").keep("l_shipdate", Op.LE, date("1998-09-02"));
    int discounted = lines.derive(discounted(lines));
    int charge = lines.derive(Expression.column(discounted).times(ONE.plus(lines.of("l_tax"))));
    return lines
        .aggregate(
            new Aggregate(
                List.of(lines.column("l_returnflag"), lines.column("l_linestatus")),
                List.of(
                    sum(lines.column("l_quantity")),
                    sum(lines.column("l_extendedprice")),
                    sum(discounted),
                    sum(charge),
                    sum(lines.column("l_discount")),
                    Measure.rows()),
                100),
            DEADLINE)
        .stream()
        .map(
            row ->
                fields(
                    text(row.keys().get(0)),
                    text(row.keys().get(1)),
                    text(row.values().get(0)),
                    text(row.values().get(1)),
                    text(row.values().get(2)),
                    text(row.values().get(3)),
                    mean(row, 0),
                    mean(row, 1),
                    mean(row, 4),
                    text(row.values().get(5))))
        .toList();
  }

  private static String mean(Aggregate.Row row, int sum) {
    return decimal(row, sum).divide(decimal(row, 5), 2, RoundingMode.HALF_UP).toPlainString();
  }

  private List<String> shippingPriority() {
    KeyMap customers =
        tables
            .query("customer")
            .keep("c_mktsegment", Op.EQ, Value.of("BUILDING"))
            .keys("c_custkey", DEADLINE);
    TableQuery open = tables.query("orders").keep("o_orderdate", Op.LT, date("1995-03-15"));
    open.join("o_custkey", customers);
    KeyMap orders = open.keys("o_orderkey", DEADLINE);
    TableQuery lines = tables.query("lineitem").keep("l_shipdate", Op.GT, date("1995-03-15"));
    lines.join("l_orderkey", orders);
    List<Aggregate.Row> best = best(lines, lines.column("l_orderkey"), 10);
    Map<Long, Aggregate.Row> shown =
        byKey("orders", "o_orderkey", best, "o_orderdate", "o_shippriority");
    return best.stream()
        .sorted(
            Comparator.comparing((Aggregate.Row row) -> decimal(row, 0))
                .reversed()
                .thenComparing(row -> key(shown(shown, row), 1)))
        .limit(10)
        .map(
            row ->
                fields(
                    text(row.keys().getFirst()),
                    text(row.values().getFirst()),
                    LocalDate.ofEpochDay(key(shown(shown, row), 1)).toString(),
                    text(shown(shown, row).keys().get(2))))
        .toList();
  }

  private List<String> localSupplierVolume() {
    KeyMap asia =
        tables
            .query("region")
            .keep("r_name", Op.EQ, Value.of("ASIA"))
            .keys("r_regionkey", DEADLINE);
    TableQuery inAsia = tables.query("nation");
    inAsia.join("n_regionkey", asia);
    KeyMap nations = inAsia.keys("n_nationkey", DEADLINE);
    TableQuery buyers = tables.query("customer");
    buyers.join("c_nationkey", nations);
    KeyMap customers = keys(buyers, "c_custkey", "c_nationkey");
    TableQuery sold = tables.query("orders").keep(year("o_orderdate", "orders", 1994));
    int nationOfOrder = sold.join("o_custkey", customers);
    KeyMap orders = sold.keys(sold.column("o_orderkey"), nationOfOrder, DEADLINE);
    TableQuery makers = tables.query("supplier");
    makers.join("s_nationkey", nations);
    KeyMap suppliers = keys(makers, "s_suppkey", "s_nationkey");
    TableQuery lines = tables.query("lineitem");
    int buyer = lines.join("l_orderkey", orders);
    int maker = lines.join("l_suppkey", suppliers);
    int apart = lines.derive(Expression.column(buyer).minus(Expression.column(maker)));
    lines.keep(new Filter.Compare(apart, Op.EQ, Value.of(0)));
    int revenue = lines.derive(discounted(lines));
    Map<Long, String> names = nationNames();
    return lines
        .aggregate(new Aggregate(List.of(buyer), List.of(sum(revenue)), 100), DEADLINE)
        .stream()
        .sorted(Comparator.comparing((Aggregate.Row row) -> decimal(row, 0)).reversed())
        .map(row -> fields(names.getOrDefault(key(row, 0), "?"), text(row.values().getFirst())))
        .toList();
  }

  private List<String> forecastRevenue() {
    TableQuery lines = tables.query("lineitem").keep(year("l_shipdate", "lineitem", 1994));
    lines.keep(new Filter.Between(lines.column("l_discount"), exact("0.05"), exact("0.07")));
    lines.keep("l_quantity", Op.LT, Value.of(24));
    int revenue = lines.derive(lines.of("l_extendedprice").times(lines.of("l_discount")));
    return total(lines, revenue);
  }

  private List<String> returnedItems() {
    TableQuery sold = tables.query("orders");
    sold.keep("o_orderdate", Op.GE, date("1993-10-01"));
    sold.keep("o_orderdate", Op.LT, date("1994-01-01"));
    KeyMap orders = keys(sold, "o_orderkey", "o_custkey");
    TableQuery lines = tables.query("lineitem");
    int customer = lines.join("l_orderkey", orders);
    lines.keep("l_returnflag", Op.EQ, Value.of("R"));
    List<Aggregate.Row> best = best(lines, customer, 20);
    Map<Long, Aggregate.Row> shown =
        byKey(
            "customer",
            "c_custkey",
            best,
            "c_name",
            "c_acctbal",
            "c_nationkey",
            "c_address",
            "c_phone",
            "c_comment");
    Map<Long, String> names = nationNames();
    return best.stream()
        .sorted(Comparator.comparing((Aggregate.Row row) -> decimal(row, 0)).reversed())
        .limit(20)
        .map(
            row -> {
              Aggregate.Row found = shown(shown, row);
              return fields(
                  text(row.keys().getFirst()),
                  text(found.keys().get(1)),
                  text(row.values().getFirst()),
                  text(found.keys().get(2)),
                  names.getOrDefault(key(found, 3), "?"),
                  text(found.keys().get(4)),
                  text(found.keys().get(5)),
                  text(found.keys().get(6)));
            })
        .toList();
  }

  /** The lines are the smaller side here: they are counted by order first. */
  private List<String> shippingModes() {
    List<String> modes = List.of("MAIL", "SHIP");
    TableQuery lines = tables.query("lineitem").keep(year("l_receiptdate", "lineitem", 1994));
    lines.keep(new Filter.In(lines.column("l_shipmode"), modes.stream().map(Value::of).toList()));
    int late = lines.derive(lines.of("l_commitdate").minus(lines.of("l_receiptdate")));
    int early = lines.derive(lines.of("l_shipdate").minus(lines.of("l_commitdate")));
    lines.keep(new Filter.Compare(late, Op.LT, Value.of(0)));
    lines.keep(new Filter.Compare(early, Op.LT, Value.of(0)));
    Map<String, KeyMap.Builder> counts = new HashMap<>();
    KeyMap.Builder any = new KeyMap.Builder();
    long last = -1;
    for (Aggregate.Row row :
        lines.aggregate(
            new Aggregate(
                List.of(lines.column("l_orderkey"), lines.column("l_shipmode")),
                List.of(Measure.rows()),
                GROUPS_MAX),
            DEADLINE)) {
      long order = key(row, 0);
      counts
          .computeIfAbsent(text(row.keys().get(1)), _ -> new KeyMap.Builder())
          .put(order, decimal(row, 0).longValueExact());
      if (order != last) {
        any.put(order, 1);
      }
      last = order;
    }
    TableQuery orders = tables.query("orders");
    orders.join("o_orderkey", any.build());
    List<Measure> measures =
        modes.stream()
            .map(
                mode ->
                    sum(
                        orders.derive(
                            new Expression.Lookup(
                                orders.of("o_orderkey"),
                                counts.getOrDefault(mode, new KeyMap.Builder()).build()))))
            .toList();
    List<Aggregate.Row> rows =
        orders.aggregate(
            new Aggregate(List.of(orders.column("o_orderpriority")), measures, 100), DEADLINE);
    return IntStream.range(0, modes.size())
        .mapToObj(
            mode -> fields(modes.get(mode), lines(rows, mode, true), lines(rows, mode, false)))
        .toList();
  }

  /** Of orders of high or of other priority. */
  private static String lines(List<Aggregate.Row> rows, int mode, boolean high) {
    return rows.stream()
        .filter(row -> List.of("1-URGENT", "2-HIGH").contains(text(row.keys().getFirst())) == high)
        .filter(row -> row.values().get(mode).isPresent())
        .map(row -> decimal(row, mode))
        .reduce(BigDecimal.ZERO, BigDecimal::add)
        .toPlainString();
  }

  private List<String> promotionEffect() {
    TableQuery promoted = tables.query("part");
    promoted.keep(new Filter.Prefix(promoted.column("p_type"), (Value.Bytes) Value.of("PROMO")));
    KeyMap parts = promoted.keys("p_partkey", DEADLINE);
    TableQuery lines = tables.query("lineitem").keep("l_shipdate", Op.GE, date("1995-09-01"));
    lines.keep("l_shipdate", Op.LT, date("1995-10-01"));
    int revenue = lines.derive(discounted(lines));
    int promo = lines.derive(new Expression.Lookup(lines.of("l_partkey"), parts));
    int promoRevenue =
        lines.derive(
            new Expression.When(Filter.not(new Filter.IsNull(promo)), Expression.column(revenue)));
    Aggregate.Row sums =
        lines
            .aggregate(
                new Aggregate(List.of(), List.of(sum(promoRevenue), sum(revenue)), 1), DEADLINE)
            .getFirst();
    BigDecimal share =
        decimal(sums, 0)
            .multiply(BigDecimal.valueOf(100))
            .divide(decimal(sums, 1), 2, RoundingMode.HALF_UP);
    return List.of(share.toPlainString());
  }

  private List<String> discountedRevenue() {
    List<Branch> branches =
        List.of(
            new Branch("Brand#12", "SM", List.of("CASE", "BOX", "PACK", "PKG"), 5, 1),
            new Branch("Brand#23", "MED", List.of("BAG", "BOX", "PKG", "PACK"), 10, 10),
            new Branch("Brand#34", "LG", List.of("CASE", "BOX", "PACK", "PKG"), 15, 20));
    KeyMap.Builder branchOfPart = new KeyMap.Builder();
    for (int i = 0; i < branches.size(); i++) {
      for (long part : parts(branches.get(i)).keys()) {
        branchOfPart.put(part, i);
      }
    }
    TableQuery lines = tables.query("lineitem");
    int branch = lines.join("l_partkey", branchOfPart.build());
    lines.keep("l_shipinstruct", Op.EQ, Value.of("DELIVER IN PERSON"));
    lines.keep(
        new Filter.In(lines.column("l_shipmode"), List.of(Value.of("AIR"), Value.of("AIR REG"))));
    lines.keep(
        new Filter.Or(
            IntStream.range(0, branches.size())
                .<Filter>mapToObj(
                    i ->
                        Filter.and(
                            new Filter.Compare(branch, Op.EQ, Value.of(i)),
                            new Filter.Between(
                                lines.column("l_quantity"),
                                Value.of(branches.get(i).quantity),
                                Value.of(branches.get(i).quantity + 10))))
                .toList()));
    return total(lines, lines.derive(discounted(lines)));
  }

  /** Parts of a kind, and the least quantity of their lines; the most is ten more. */
  private record Branch(
      String brand, String size, List<String> containers, int sizeMax, int quantity) {}

  private KeyMap parts(Branch branch) {
    TableQuery parts = tables.query("part").keep("p_brand", Op.EQ, Value.of(branch.brand));
    parts.keep(
        new Filter.In(
            parts.column("p_container"),
            branch.containers.stream().map(kind -> Value.of(branch.size + " " + kind)).toList()));
    parts.keep(new Filter.Between(parts.column("p_size"), Value.of(1), Value.of(branch.sizeMax)));
    return parts.keys("p_partkey", DEADLINE);
  }

  /** The sum of a column over all rows. */
  private static List<String> total(TableQuery lines, int column) {
    return lines.aggregate(new Aggregate(List.of(), List.of(sum(column)), 1), DEADLINE).stream()
        .map(row -> text(row.values().getFirst()))
        .toList();
  }

  /** The groups with the most revenue, and those that have as much as the last of them. */
  private static List<Aggregate.Row> best(TableQuery lines, int by, int count) {
    int revenue = lines.derive(discounted(lines));
    List<Aggregate.Row> all =
        new ArrayList<>(
            lines.aggregate(
                new Aggregate(List.of(by), List.of(sum(revenue)), GROUPS_MAX), DEADLINE));
    all.sort(Comparator.comparing((Aggregate.Row row) -> decimal(row, 0)).reversed());
    if (all.size() <= count) {
      return all;
    }
    BigDecimal least = decimal(all.get(count - 1), 0);
    return all.stream().takeWhile(row -> decimal(row, 0).compareTo(least) >= 0).toList();
  }

  /** Fetches columns of the rows of a table whose keys some groups have; the key comes first. */
  private Map<Long, Aggregate.Row> byKey(
      String table, String key, List<Aggregate.Row> groups, String... columns) {
    TableQuery rows = tables.query(table);
    List<Value> keys = groups.stream().map(group -> Value.of(TpchTables.key(group, 0))).toList();
    rows.keep(new Filter.In(rows.column(key), keys));
    List<Integer> by = Stream.concat(Stream.of(key), Stream.of(columns)).map(rows::column).toList();
    Map<Long, Aggregate.Row> found = new HashMap<>();
    rows.aggregate(new Aggregate(by, List.of(Measure.rows()), GROUPS_MAX), DEADLINE)
        .forEach(row -> found.put(TpchTables.key(row, 0), row));
    return found;
  }

  private static Aggregate.Row shown(Map<Long, Aggregate.Row> rows, Aggregate.Row group) {
    Aggregate.Row found = rows.get(key(group, 0));
    if (found == null) {
      throw new IllegalStateException("no row of this key: key=" + key(group, 0));
    }
    return found;
  }

  private Map<Long, String> nationNames() {
    TableQuery nations = tables.query("nation");
    Map<Long, String> names = new HashMap<>();
    nations
        .aggregate(
            new Aggregate(
                List.of(nations.column("n_nationkey"), nations.column("n_name")),
                List.of(Measure.rows()),
                100),
            DEADLINE)
        .forEach(row -> names.put(key(row, 0), text(row.keys().get(1))));
    return names;
  }

  private static KeyMap keys(TableQuery query, String key, String value) {
    return query.keys(query.column(key), query.column(value), DEADLINE);
  }

  private static Expression discounted(TableQuery lines) {
    return lines.of("l_extendedprice").times(ONE.minus(lines.of("l_discount")));
  }

  private Filter year(String column, String table, int year) {
    int number = tables.query(table).column(column);
    return Filter.and(
        new Filter.Compare(number, Op.GE, date(year + "-01-01")),
        new Filter.Compare(number, Op.LT, date(year + 1 + "-01-01")));
  }

  private static Measure sum(int column) {
    return new Measure(Kind.SUM, column);
  }

  private static Value date(String text) {
    return Value.of(LocalDate.parse(text).toEpochDay());
  }

  private static Value exact(String text) {
    return Value.of(new BigDecimal(text));
  }

  /** A measure, which is zero if nothing was measured. */
  private static BigDecimal decimal(Aggregate.Row row, int measure) {
    return row.values().get(measure).map(TpchQueries::decimal).orElse(BigDecimal.ZERO);
  }

  private static BigDecimal decimal(Value value) {
    return switch (value) {
      case Value.Exact exact -> exact.value();
      case Value.Whole whole -> BigDecimal.valueOf(whole.value());
      case Value.Real _, Value.Bool _, Value.Bytes _ ->
          throw new IllegalArgumentException("not a number: value=" + value);
    };
  }

  private static String fields(String... fields) {
    return String.join("|", fields);
  }
}
