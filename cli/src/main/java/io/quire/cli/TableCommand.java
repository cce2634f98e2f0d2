package io.quire.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.quire.node.AdminClient;
import io.quire.ns.Lifetime;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code quire table}. */
@Command(
    name = "table",
    mixinStandardHelpOptions = true,
    description = "Loads files as tables, and looks at tables.",
    footer = {
      "%nExamples:",
      "  quire table load '/data/rides-*.csv' --as /rides",
      "  quire table load hdfs://nn/rides --format parquet --as /rides",
      "  quire table append /data/rides-may.csv --to /rides",
      "  quire table stat /rides",
      "  quire table bad /rides"
    })
final class TableCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "a command is needed: load, append, stat or bad");
  }

  /** {@code quire table load}. */
  @Command(
      name = "load",
      mixinStandardHelpOptions = true,
      description = {
        "Loads files as a table of typed columns, in parallel over all nodes.",
        "The nodes read the files: each must see all of them under these paths.",
        "When it ends with 0, every node has the name. If it fails there is no table.",
        "If the node that loads dies, ask any node for the same again: it goes on with the parts",
        "that were finished and, unless --session is given, keeps them from being read anew, if the",
        "files are the same by size and time."
      },
      footer = {
        "%nExamples:",
        "  quire table load '/data/rides-*.csv' --as /rides",
        "  quire table load /data/rides.tsv --as /rides --schema 'km:decimal(8,2)' --bad-rows 10"
      })
  int load(
      @Mixin SpaceOption node,
      @Option(
              names = "--as",
              required = true,
              paramLabel = "NAME",
              description = "name of the table")
          String name,
      @Option(
              names = "--format",
              paramLabel = "FORMAT",
              description =
                  "csv, tsv, tbl, jsonl, parquet or raw (default: by the name of the first file)")
          @Nullable String format,
      @Option(
              names = "--schema",
              paramLabel = "COLUMNS",
              description =
                  "types of columns, such as 'id:long, day:date?', in the place of those that are"
                      + " found in the files; ? is for what may be null")
          @Nullable String schema,
      @Option(
              names = "--bad-rows",
              paramLabel = "N",
              defaultValue = "0",
              description = "rows that cannot be read and are borne (default: none)")
          long badRows,
      @Option(
              names = "--session",
              description = "let it end with the session of the node, without durable copies")
          boolean session,
      @Mixin ReplicasOption replicas,
      @Option(names = "--json", description = "write one JSON object") boolean json,
      @Parameters(
              arity = "1..*",
              paramLabel = "FILE",
              description = "paths, patterns or URIs; a directory stands for the files below it")
          List<String> files) {
    Lifetime lifetime = session ? Lifetime.SESSION : Lifetime.DURABLE;
    try (AdminClient client = node.connect()) {
      show(
          watched(
              progress ->
                  client.loadTable(
                      name,
                      lifetime,
                      replicas.options(),
                      files,
                      format,
                      schema,
                      badRows,
                      progress)),
          json);
      return 0;
    }
  }

  /** Shows on a terminal how far it is. */
  private static JsonNode watched(Function<BiConsumer<Long, Long>, JsonNode> work) {
    boolean live = System.console() != null && System.console().isTerminal();
    JsonNode table =
        work.apply(
            (done, total) -> {
              if (live) {
                System.err.print("\r" + done + " of " + total + " parts ");
              }
            });
    if (live) {
      System.err.print("\r" + " ".repeat(40) + "\r");
    }
    return table;
  }

  /** {@code quire table append}. */
  @Command(
      name = "append",
      mixinStandardHelpOptions = true,
      description = {
        "Appends files to a table, in parallel over all nodes, by the columns of the table.",
        "When it ends with 0, every node has the new version. If it fails the table is as it was.",
        "Whoever reads the table meanwhile goes on with the version that he began with.",
        "What is appended is held by as many nodes as the table was loaded for."
      },
      footer = {"%nExample:", "  quire table append /data/rides-may.csv --to /rides"})
  int append(
      @Mixin NodeOption node,
      @Option(
              names = "--to",
              required = true,
              paramLabel = "NAME",
              description = "name of the table")
          String name,
      @Option(
              names = "--format",
              paramLabel = "FORMAT",
              description =
                  "csv, tsv, tbl, jsonl, parquet or raw (default: by the name of the first file)")
          @Nullable String format,
      @Option(
              names = "--bad-rows",
              paramLabel = "N",
              defaultValue = "0",
              description = "rows that cannot be read and are borne (default: none)")
          long badRows,
      @Option(names = "--json", description = "write one JSON object") boolean json,
      @Parameters(
              arity = "1..*",
              paramLabel = "FILE",
              description = "paths, patterns or URIs; a directory stands for the files below it")
          List<String> files) {
    try (AdminClient client = node.connect()) {
      show(watched(progress -> client.appendTable(name, files, format, badRows, progress)), json);
      return 0;
    }
  }

  /** {@code quire table stat}. */
  @Command(
      name = "stat",
      mixinStandardHelpOptions = true,
      description = "Shows the columns of a table, and how many rows it has.",
      footer = {"%nExample:", "  quire table stat /rides"})
  int stat(
      @Mixin SpaceOption node,
      @Option(names = "--json", description = "write one JSON object") boolean json,
      @Parameters(paramLabel = "NAME", description = "such as /rides") String name) {
    try (AdminClient client = node.connect()) {
      show(client.table(name), json);
      return 0;
    }
  }

  private static void show(JsonNode table, boolean json) {
    if (json) {
      System.out.println(table);
      return;
    }
    System.out.println(
        "%s: %d rows, %s in %d extents%s"
            .formatted(
                table.path("name").asText(),
                table.path("rows").asLong(),
                Text.bytes(table.path("bytes").asLong()),
                table.path("extents").asInt(),
                table.path("replicas").asInt() > 1
                    ? ", each held by " + table.path("replicas").asInt() + " nodes"
                    : ""));
    if (table.path("badRows").asLong() > 0) {
      System.out.println(table.path("badRows").asLong() + " bad rows left out: quire table bad");
    }
    if (table.path("keptParts").asLong() > 0) {
      System.out.println(
          table.path("keptParts").asLong() + " parts kept of an attempt that had broken off");
    }
    System.out.println("  " + table.path("schema").asText());
  }

  /** {@code quire table bad}. */
  @Command(
      name = "bad",
      mixinStandardHelpOptions = true,
      description = "Writes the rows that were left out, each as a line of JSON, with the reason.",
      footer = {"%nExample:", "  quire table bad /rides | head"})
  int bad(
      @Mixin SpaceOption node,
      @Parameters(paramLabel = "NAME", description = "such as /rides") String name) {
    try (AdminClient client = node.connect();
        BufferedReader lines =
            new BufferedReader(
                new InputStreamReader(client.badRows(name), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        System.out.println(line);
      }
      return 0;
    } catch (IOException e) {
      throw new UncheckedIOException(
          "broke off before the end: name=%s why=%s".formatted(name, e.getMessage()), e);
    }
  }
}
