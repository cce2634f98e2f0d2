package io.quire.harness.ns;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.columns.Aggregate;
import io.quire.columns.Aggregate.Kind;
import io.quire.columns.Aggregate.Measure;
import io.quire.columns.Filter;
import io.quire.columns.Value;
import io.quire.datasets.Progress;
import io.quire.formats.Format;
import io.quire.formats.ReadOptions;
import io.quire.formats.SchemaText;
import io.quire.ns.Lifetime;
import io.quire.ns.Namespaces;
import io.quire.ns.NsException;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.ns.Quota;
import io.quire.tables.Source;
import io.quire.tables.Tables;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * N9: each node loads tables into a namespace of its own, publishes them by moving them to the one
 * that all share, and takes them back.
 */
final class PublishedTables {
  private static final int TABLES = 4;
  private static final int ROWS = 2_000;
  private static final String CONTESTED = "published/contested";

  private final Site site;
  private final Namespaces names;
  private final Tables tables;
  private final NsHandle shared;
  private final NsHandle own;

  private PublishedTables(Site site) {
    this.site = site;
    names = site.names();
    tables = site.node().tables();
    shared = site.space();
    own = names.createNamespace("session-" + site.self(), Quota.NONE);
  }

  static Map<String, Object> run(Site site) throws Exception {
    return new PublishedTables(site).run();
  }

  private Map<String, Object> run() throws IOException, InterruptedException {
    Path csv = site.node().config().data().resolve("rows.csv");
    Files.writeString(
        csv,
        IntStream.range(0, ROWS)
            .mapToObj(row -> row + "," + site.self())
            .collect(Collectors.joining("\n", "id,who\n", "\n")));
    Source source =
        new Source.Files(tables.inputs().find(List.of(csv.toString())), Format.Csv.DEFAULT);
    for (int i = 0; i <= TABLES; i++) {
      tables.load(
          own,
          i < TABLES ? "t" + i : "mine",
          Lifetime.SESSION,
          source,
          SchemaText.parse("id:long, who:string"),
          ReadOptions.DEFAULTS,
          Progress.NONE);
    }
    site.meet();
    assertThat(site.listed(shared, "*")).isEmpty();
    site.meet();
    for (int i = 0; i < TABLES; i++) {
      move(site.found(own, "t" + i), shared, published(site.self(), i));
    }
    site.meet();
    assertThat(site.listed(own, "*")).containsExactly("mine");
    assertThat(site.listed(shared, "published/*")).hasSize(TABLES * site.all().size());
    for (int by = 0; by < site.all().size(); by++) {
      ask(site.found(shared, published(site.next(by), by % TABLES)));
    }
    site.meet();
    boolean won = race();
    site.meet();
    for (int i = 0; i < TABLES; i++) {
      move(site.found(shared, published(site.self(), i)), own, "t" + i);
    }
    site.meet();
    assertThat(site.listed(shared, "*")).isEmpty();
    assertThat(site.listed(own, "*")).containsExactly("mine", "t0", "t1", "t2", "t3");
    ask(site.found(own, "t0"));
    names.destroyNamespace(own);
    return Map.of("published", TABLES, "won", won ? 1 : 0);
  }

  private static String published(String node, int table) {
    return "published/%s/t%d".formatted(node, table);
  }

  private void move(NsObject table, NsHandle to, String name) {
    NsObject moved = names.transaction().move(table, to, name).commit().getFirst();
    assertThat(moved.xid()).isEqualTo(table.xid());
  }

  /** All publish under one name; whoever has it takes it back when all have looked. */
  private boolean race() throws InterruptedException {
    NsObject mine = site.found(own, "mine");
    boolean won = true;
    try {
      move(mine, shared, CONTESTED);
    } catch (NsException.NameTaken e) {
      won = false;
    }
    site.meet();
    NsObject winner = site.found(shared, CONTESTED);
    assertThat(winner.xid() == mine.xid()).isEqualTo(won);
    assertThat(names.lookup(own, "mine").isPresent()).isNotEqualTo(won);
    ask(winner);
    site.meet();
    if (won) {
      move(winner, own, "mine");
    }
    return won;
  }

  /** Counts and adds up the rows, where they are. */
  private void ask(NsObject table) {
    Aggregate sum = new Aggregate(List.of(), List.of(Measure.rows(), new Measure(Kind.SUM, 0)), 1);
    List<Optional<Value>> row =
        tables.aggregate(table, Filter.all(), sum, Site.SOON).getFirst().values();
    assertThat(row.stream().map(PublishedTables::whole))
        .containsExactly((long) ROWS, ROWS * (ROWS - 1L) / 2);
  }

  private static long whole(Optional<Value> value) {
    return switch (value.orElseThrow()) {
      case Value.Whole whole -> whole.value();
      case Value.Exact exact -> exact.value().longValueExact();
      default -> throw new AssertionError("not a whole number: " + value);
    };
  }
}
