package io.quire.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quire.ager.Copy;
import io.quire.ager.StoreConfig;
import io.quire.ager.StoreFiles;
import io.quire.ager.StoreMove;
import io.quire.ager.StoreScan;
import io.quire.node.AdminClient;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code quire store}. */
@Command(
    name = "store",
    mixinStandardHelpOptions = true,
    description = {
      "Looks at the durable copies in a store, and tidies them up.",
      "All but 'orphans' read the files themselves: no node needs to run, and none may while they",
      "remove files."
    },
    footer = {
      "%nExamples:",
      "  quire store verify flash:///mnt/nvme/quire",
      "  quire store stat hdfs://namenode:8020/quire --copies",
      "  quire store compact flash:///mnt/nvme/quire --needed copies.txt",
      "  quire store drain flash:///mnt/old hdfs://nn/quire --moves moved.txt",
      "  quire store orphans --node 10.0.0.1:7480"
    })
final class StoreCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  /** What is moved, and whether it is. */
  static final class Moving {
    @Option(
        names = "--needed",
        paramLabel = "FILE",
        description = {
          "copies that somebody refers to, a line each: FILE OFFSET, as 'stat --copies' writes them",
          "(default: all that there are)"
        })
    private @Nullable Path needed;

    @Option(
        names = "--moves",
        paramLabel = "FILE",
        description = {
          "where to write what was moved, a line each: old FILE OFFSET, new FILE OFFSET.",
          "It is synced before the old copies go, and must not exist"
        })
    private @Nullable Path moves;

    @Option(
        names = "--unfinished",
        description = "take files without an end too; no owner may live")
    private boolean unfinished;

    @Option(
        names = "--apply",
        description = "do it; without this it is only said what would be done")
    private boolean apply;

    @Option(names = "--json", description = "write one JSON object; sizes in bytes")
    private boolean json;
  }

  @Override
  public Integer call() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "a command is needed: verify, stat, orphans, compact or drain");
  }

  /** {@code quire store verify}. */
  @Command(
      name = "verify",
      mixinStandardHelpOptions = true,
      description = {
        "Reads every durable copy and names what does not verify by file and offset.",
        "Ends with 1 if anything is bad. It changes nothing."
      },
      footer = {"%nExample:", "  quire store verify flash:///mnt/a,/mnt/b --json"})
  int verify(
      @Option(names = "--json", description = "write one JSON object") boolean json,
      @Parameters(paramLabel = "STORE", description = "such as flash:///path") String uri) {
    return io(
        uri,
        store -> {
          StoreScan scan = store.verify(_ -> {}, this::progress);
          progressEnds();
          show(scan, json);
          return scan.damage().isEmpty() ? 0 : 1;
        });
  }

  /** {@code quire store stat}. */
  @Command(
      name = "stat",
      mixinStandardHelpOptions = true,
      description = "Reads the headers of all copies and shows files, owners and how files end.",
      footer = {"%nExample:", "  quire store stat hdfs://namenode:8020/quire --copies"})
  int stat(
      @Option(names = "--json", description = "write one JSON object; sizes in bytes") boolean json,
      @Option(
              names = "--copies",
              description = "write the copies alone: FILE OFFSET BYTES CRC EXTENT OWNER")
          boolean copies,
      @Parameters(paramLabel = "STORE", description = "such as flash:///path") String uri) {
    return io(
        uri,
        store -> {
          Consumer<Copy> each = copies ? copy -> out().println(line(copy)) : _ -> {};
          StoreScan scan = store.stat(each, (_, _) -> {});
          if (!copies) {
            show(scan, json);
          }
          return 0;
        });
  }

  /** {@code quire store orphans}. */
  @Command(
      name = "orphans",
      mixinStandardHelpOptions = true,
      description = {
        "Asks a node to look in its stores, the shared ones included, for durable copies that no",
        "data set and no load needs, whoever wrote them. Nodes do that by themselves once an hour.",
        "Says what would be removed, and removes it with --apply. Ends with 1 if not all could be",
        "looked at."
      },
      footer = {
        "%nExamples:",
        "  quire store orphans",
        "  quire store orphans --apply --broken-loads"
      })
  int orphans(
      @Mixin NodeOption node,
      @Option(
              names = "--apply",
              description = "do it; without this it is only said what would be done")
          boolean apply,
      @Option(
              names = "--broken-loads",
              description = {
                "also give up loads whose coordinator is gone: their finished parts are kept for a",
                "day, so that the same load can go on with them"
              })
          boolean brokenLoads,
      @Option(names = "--json", description = "write one JSON object; sizes in bytes")
          boolean json) {
    if (brokenLoads && !apply) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "--broken-loads is of use only with --apply");
    }
    try (AdminClient client = node.connect()) {
      JsonNode found = client.orphans(apply, brokenLoads);
      if (json) {
        out().println(found);
      } else {
        showOrphans(found);
      }
      return found.path("complete").asBoolean() ? 0 : 1;
    }
  }

  private void showOrphans(JsonNode found) {
    boolean removed = found.path("removed").asBoolean();
    for (JsonNode file : found.path("files")) {
      String label =
          switch (file.path("verdict").asText()) {
            case "ORPHAN" -> removed ? "removed" : "would be removed";
            case "DAMAGED" -> "BAD";
            default -> "not read";
          };
      String why = file.path("why").asText();
      line(
          label,
          "%s  %s in %s%s"
              .formatted(
                  file.path("file").asText(),
                  Text.bytes(file.path("bytes").asLong()),
                  file.path("store").asText(),
                  why.isEmpty() ? "" : ": " + why));
    }
    for (JsonNode verdict : found.path("verdicts")) {
      long files = verdict.path("files").asLong();
      if (files > 0) {
        line(
            verdict.path("verdict").asText().toLowerCase(Locale.ROOT).replace('_', ' '),
            "%d file%s, %s%s"
                .formatted(
                    files,
                    files == 1 ? "" : "s",
                    Text.bytes(verdict.path("bytes").asLong()),
                    unneeded(verdict)));
      }
    }
    if (found.path("givenUp").asInt() > 0) {
      line("loads given up", String.valueOf(found.path("givenUp").asInt()));
    }
    if (found.path("brokenLoads").asInt() > 0) {
      line("broken-off loads", found.path("brokenLoads").asInt() + ", kept");
    }
    if (!found.path("complete").asBoolean()) {
      line("incomplete", "not all could be looked at");
    }
  }

  private static String unneeded(JsonNode verdict) {
    long bytes = verdict.path("unneededBytes").asLong();
    boolean kept = verdict.path("verdict").asText().equals("NEEDED");
    return kept && bytes > 0 ? ", of which nobody needs " + Text.bytes(bytes) : "";
  }

  /** {@code quire store compact}. */
  @Command(
      name = "compact",
      mixinStandardHelpOptions = true,
      description = {
        "Removes files of which nothing is needed, and writes anew those of which less than half is.",
        "Whoever refers to a moved copy has to be told: its place is in the file of --moves.",
        "Says what it would do, and does it with --apply."
      },
      footer = {
        "%nExample:",
        "  quire store compact flash:///mnt/a --needed copies.txt --moves moved.txt"
      })
  int compact(
      @Mixin Moving how,
      @Parameters(paramLabel = "STORE", description = "such as flash:///path") String uri) {
    return io(uri, store -> move(StoreMove.compaction(store, needed(how), how.unfinished), how));
  }

  /** {@code quire store drain}. */
  @Command(
      name = "drain",
      mixinStandardHelpOptions = true,
      description = {
        "Moves the durable copies of a store to another one.",
        "Says what it would do, and does it with --apply."
      },
      footer = {
        "%nExample:",
        "  quire store drain flash:///mnt/old hdfs://nn/quire --moves moved.txt"
      })
  int drain(
      @Mixin Moving how,
      @Parameters(paramLabel = "STORE", description = "that is to be empty") String uri,
      @Parameters(paramLabel = "TO", description = "that takes what it held") String to) {
    return io(
        uri,
        from ->
            io(
                to,
                target -> {
                  Predicate<Copy> needed = needed(how);
                  return move(StoreMove.draining(from, target, needed, how.unfinished), how);
                }));
  }

  private int move(StoreMove move, Moving how) throws IOException {
    StoreMove.Plan plan = move.plan();
    if (how.apply) {
      Path moves = how.moves;
      if (moves == null && !plan.rewritten().isEmpty()) {
        throw new CommandLine.ParameterException(
            spec.commandLine(), "copies will move, so --moves is needed to tell where to");
      }
      move.run(moved -> write(moves, moved), this::progress);
      progressEnds();
    }
    show(plan, how);
    return plan.damage().isEmpty() ? 0 : 1;
  }

  /** On disk before it returns: the old copies go then. */
  private static void write(@Nullable Path moves, Map<Copy, Copy> moved) throws IOException {
    if (moves == null) {
      return;
    }
    List<String> lines = new ArrayList<>();
    moved.forEach(
        (old, now) ->
            lines.add("%s %d %s %d".formatted(old.file(), old.offset(), now.file(), now.offset())));
    Files.write(
        moves,
        lines,
        StandardOpenOption.CREATE_NEW,
        StandardOpenOption.WRITE,
        StandardOpenOption.SYNC);
  }

  private Predicate<Copy> needed(Moving how) throws IOException {
    Path file = how.needed;
    if (file == null) {
      return _ -> true;
    }
    Set<String> needed = new HashSet<>();
    for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
      String[] words = line.strip().split("\\s+");
      if (words.length < 2 || !words[1].matches("\\d+")) {
        throw new CommandLine.ParameterException(
            spec.commandLine(), "not a copy: line=%s wanted=FILE OFFSET".formatted(line));
      }
      needed.add(words[0] + " " + words[1]);
    }
    return copy -> needed.contains(copy.file() + " " + copy.offset());
  }

  private interface Work {
    int on(StoreFiles store) throws IOException;
  }

  private static int io(String uri, Work work) {
    try (StoreFiles store = StoreFiles.open(StoreConfig.parse(uri, Long.MAX_VALUE, true))) {
      return work.on(store);
    } catch (IOException e) {
      String reason = String.valueOf(e).lines().findFirst().orElse("");
      throw new UncheckedIOException("store=%s reason=%s".formatted(uri, reason), e);
    }
  }

  private static String line(Copy copy) {
    return "%s %d %d %08x %d %s"
        .formatted(
            copy.file(), copy.offset(), copy.bytes(), copy.crc(), copy.extent(), copy.owner());
  }

  private void show(StoreScan scan, boolean json) {
    if (json) {
      ObjectNode out = JsonNodeFactory.instance.objectNode();
      out.put("store", scan.store()).put("copies", scan.copies()).put("bytes", scan.bytes());
      ArrayNode files = out.putArray("files");
      for (StoreScan.Container each : scan.containers()) {
        files
            .addObject()
            .put("file", each.file())
            .put("bytes", each.bytes())
            .put("owner", each.owner())
            .put("copies", each.copies())
            .put("bodyBytes", each.bodyBytes())
            .put("end", each.end().name())
            .put("endsAt", each.endsAt());
      }
      damage(out.putArray("bad"), scan.damage());
      out.put("good", scan.damage().isEmpty());
      out().println(out);
      return;
    }
    for (StoreScan.Container each : scan.containers()) {
      String end =
          switch (each.end()) {
            case FINISHED -> "";
            case OPEN -> ", not finished";
            case TORN -> ", torn at " + each.endsAt();
          };
      line(
          "file",
          "%s  %s, %d copies of %s%s"
              .formatted(each.file(), Text.bytes(each.bytes()), each.copies(), each.owner(), end));
    }
    line("copies", "%d in %s".formatted(scan.copies(), Text.bytes(scan.bytes())));
    bad(scan.damage());
    line("verdict", scan.damage().isEmpty() ? "good" : "bad");
  }

  private void show(StoreMove.Plan plan, Moving how) {
    if (how.json) {
      ObjectNode out = JsonNodeFactory.instance.objectNode();
      out.put("applied", how.apply);
      plan.orphans().forEach(out.putArray("removed")::add);
      plan.rewritten().forEach(out.putArray("rewritten")::add);
      plan.kept().forEach(out.putArray("kept")::add);
      out.put("writtenBytes", plan.writtenBytes()).put("freedBytes", plan.freedBytes());
      damage(out.putArray("bad"), plan.damage());
      out().println(out);
      return;
    }
    String would = how.apply ? "" : "would be ";
    plan.orphans().forEach(file -> line(would + "removed", file));
    plan.rewritten().forEach(file -> line(would + "rewritten", file));
    line(would + "written", Text.bytes(plan.writtenBytes()));
    line(would + "freed", Text.bytes(plan.freedBytes()));
    bad(plan.damage());
  }

  private static void damage(ArrayNode out, List<StoreScan.Damage> damage) {
    for (StoreScan.Damage each : damage) {
      out.addObject()
          .put("file", each.file())
          .put("offset", each.offset())
          .put("reason", each.reason());
    }
  }

  private void bad(List<StoreScan.Damage> damage) {
    for (StoreScan.Damage each : damage) {
      line(
          "BAD",
          "file=%s offset=%d reason=%s".formatted(each.file(), each.offset(), each.reason()));
    }
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  private void line(String label, String text) {
    out().println("%-19s %s".formatted(label, text));
  }

  private void progress(long done, long total) {
    if (System.console() != null && System.console().isTerminal()) {
      System.err.print("\r" + Text.bytes(done) + " of " + Text.bytes(total) + "   ");
      System.err.flush();
    }
  }

  private void progressEnds() {
    if (System.console() != null && System.console().isTerminal()) {
      System.err.print("\r" + " ".repeat(48) + "\r");
    }
  }
}
