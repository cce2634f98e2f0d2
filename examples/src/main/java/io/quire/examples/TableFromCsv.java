package io.quire.examples;

import io.quire.columns.Aggregate;
import io.quire.columns.Aggregate.Kind;
import io.quire.columns.Aggregate.Measure;
import io.quire.columns.Filter;
import io.quire.columns.Value;
import io.quire.datasets.Progress;
import io.quire.formats.Format;
import io.quire.formats.ReadOptions;
import io.quire.formats.Sampling;
import io.quire.formats.SchemaText;
import io.quire.node.Node;
import io.quire.node.NodeConfig;
import io.quire.ns.Lifetime;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.tables.Source;
import io.quire.tables.Tables;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A CSV file becomes a table on all nodes, and is aggregated where its rows are. */
public final class TableFromCsv {
  private TableFromCsv() {}

  /** The argument is a directory for the node's data. */
  public static void main(String[] arguments) throws IOException {
    Path csv = Files.createDirectories(Path.of(arguments[0])).resolveSibling("rides.csv");
    Files.writeString(csv, "city,km\nParis,3.5\nRome,1.5\nParis,4.0\n");
    try (Node node = Node.open(NodeConfig.load(null, List.of("data=" + arguments[0])))) {
      Tables tables = node.tables();
      var files = tables.inputs().find(List.of(csv.toString()));
      var schema = tables.inputs().infer(files, Format.Csv.DEFAULT, Sampling.DEFAULTS);
      System.out.println(SchemaText.print(schema));
      NsObject rides =
          tables.load(
              NsHandle.ROOT,
              "/rides",
              Lifetime.DURABLE,
              new Source.Files(files, Format.Csv.DEFAULT),
              schema,
              ReadOptions.DEFAULTS,
              Progress.NONE);
      Filter inParis = new Filter.Compare(0, Filter.Op.EQ, Value.of("Paris"));
      Aggregate sum =
          new Aggregate(List.of(), List.of(Measure.rows(), new Measure(Kind.SUM, 1)), 1);
      var row = tables.aggregate(rides, inParis, sum, Duration.ofSeconds(30)).getFirst();
      System.out.println("rides: " + row.values().get(0).orElseThrow());
      System.out.println("km: " + row.values().get(1).orElseThrow());
    }
  }
}
