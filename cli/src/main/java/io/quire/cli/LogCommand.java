package io.quire.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quire.base.LogBook;
import io.quire.base.Position;
import io.quire.log.LogDirectory;
import io.quire.node.AdminClient;
import io.quire.node.LogReport;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HexFormat;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code quire log}. */
@Command(
    name = "log",
    mixinStandardHelpOptions = true,
    description = {
      "Looks at the log, and says what is kept of it.",
      "With a directory it reads the files of a node that does not run; without one it asks a node."
    },
    footer = {
      "%nExamples:",
      "  quire log verify /var/lib/quire",
      "  quire log dump --from 120 --to 130.5 --stream transactions",
      "  quire log retain --bytes 64G --days 30"
    })
final class LogCommand implements Callable<Integer> {
  private static final int PREVIEW = 48;

  @Spec private CommandSpec spec = CommandSpec.create();

  /** From where to where. */
  static final class Range {
    @Option(
        names = "--from",
        paramLabel = "POSITION",
        description = "INDEX or INDEX.SLOT of the first entry (default: the oldest)")
    private String from = "";

    @Option(
        names = "--to",
        paramLabel = "POSITION",
        description = "INDEX or INDEX.SLOT of the last entry (default: the newest)")
    private String to = "";

    long begin() {
      return from.isEmpty() ? Position.NONE : Position.parse(from);
    }

    /** The last one; an index alone stands for all of its slots. */
    long end() {
      return to.isEmpty() ? Long.MAX_VALUE : last(to);
    }

    private static long last(String text) {
      long position = Position.parse(text);
      return text.contains(".") ? position : position + Position.SLOTS_MAX - 1;
    }
  }

  @Override
  public Integer call() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "a command is needed: verify, dump, stat, trim, retain or release");
  }

  /** {@code quire log verify}. */
  @Command(
      name = "verify",
      mixinStandardHelpOptions = true,
      description = {
        "Reads every entry, snapshot and archived file and names what does not verify.",
        "Ends with 1 if anything is bad or missing. It changes nothing."
      },
      footer = {"%nExamples:", "  quire log verify", "  quire log verify ./quire-data --json"})
  int verify(
      @Mixin NodeOption node,
      @Mixin Range range,
      @Option(names = "--json", description = "write one JSON object") boolean json,
      @Parameters(arity = "0..1", paramLabel = "DIRECTORY", description = "data of a node")
          @Nullable Path directory) {
    long begin = Position.index(range.begin());
    long end = Position.index(range.end());
    JsonNode found;
    if (directory != null) {
      try (LogDirectory log = LogDirectory.open(directory)) {
        found = LogReport.of(log.verify(begin, end, this::progress));
      }
    } else {
      try (AdminClient client = node.connect()) {
        found = client.verifyLog(range.from, range.to, this::progress);
      }
    }
    progressEnds();
    if (json) {
      System.out.println(found);
    } else {
      printVerified(found);
    }
    return found.path("good").asBoolean() ? 0 : 1;
  }

  private static void printVerified(JsonNode found) {
    line(
        "segments",
        "%s, %s".formatted(text(found, "segments"), Text.bytes(found.path("bytes").asLong())));
    line(
        "entries",
        "%s, %s to %s"
            .formatted(text(found, "entries"), text(found, "oldest"), text(found, "newest")));
    found.path("records").properties().forEach(each -> line("records", each.toString()));
    for (JsonNode snapshot : found.path("snapshots")) {
      String reason = text(snapshot, "reason");
      line("snapshot", text(snapshot, "file") + (reason.isEmpty() ? "" : " BAD: " + reason));
    }
    if (!text(found, "torn").isEmpty()) {
      line("torn tail", text(found, "torn") + ", which the next start cuts");
    }
    for (JsonNode missing : found.path("missing")) {
      line("missing", "%s to %s".formatted(text(missing, "first"), text(missing, "last")));
    }
    for (JsonNode wrong : found.path("archive")) {
      line("archive", wrong.asText());
    }
    for (JsonNode bad : found.path("bad")) {
      line("BAD", bad(bad));
    }
    line("verdict", found.path("good").asBoolean() ? "good" : "bad");
  }

  private static String bad(JsonNode bad) {
    String through = text(bad, "through");
    String position = text(bad, "position");
    return "position=%s%s file=%s offset=%s reason=%s"
        .formatted(
            position,
            through.equals(position) ? "" : " through=" + through,
            text(bad, "file"),
            text(bad, "offset"),
            text(bad, "reason"));
  }

  /** {@code quire log dump}. */
  @Command(
      name = "dump",
      mixinStandardHelpOptions = true,
      description = {
        "Writes entries, one a line.",
        "Ends with 1 if one of them does not verify; it is named on standard error."
      },
      footer = {
        "%nExamples:",
        "  quire log dump --from 100 --to 200",
        "  quire log dump /var/lib/quire --stream transactions --json"
      })
  int dump(
      @Mixin NodeOption node,
      @Mixin Range range,
      @Option(names = "--stream", paramLabel = "NAME", description = "only entries of this stream")
          @Nullable String stream,
      @Option(names = "--json", description = "write one JSON object a line; payload in Base64")
          boolean json,
      @Parameters(arity = "0..1", paramLabel = "DIRECTORY", description = "data of a node")
          @Nullable Path directory) {
    long begin = range.begin();
    long end = range.end();
    if (directory == null) {
      try (AdminClient client = node.connect()) {
        String to = range.to.isEmpty() ? "" : Position.text(end);
        client.logEntries(range.from, to, stream, entry -> print(entry, json));
        return 0;
      }
    }
    int[] code = {0};
    try (LogDirectory log = LogDirectory.open(directory)) {
      LogBook.State book = log.stat().book();
      log.dump(
          begin,
          end,
          recorded -> {
            if (stream == null || stream.equals(LogReport.name(recorded.entry().stream(), book))) {
              print(LogReport.of(recorded, book), json);
            }
          },
          bad -> {
            System.err.println("quire: corrupt entry: " + bad(LogReport.of(bad)));
            code[0] = 1;
          });
    }
    return code[0];
  }

  private static void print(JsonNode entry, boolean json) {
    if (json) {
      System.out.println(entry);
      return;
    }
    String fence = text(entry, "fence");
    System.out.println(
        "%-12s term %-4s %-14s %-12s %8s B  %s"
            .formatted(
                text(entry, "position"),
                text(entry, "term"),
                text(entry, "stream"),
                fence.equals("none") ? "" : fence + " " + text(entry, "fenceValue"),
                text(entry, "bytes"),
                preview(Base64.getDecoder().decode(text(entry, "payload")))));
  }

  private static String preview(byte[] payload) {
    String shown = new String(payload, StandardCharsets.US_ASCII);
    if (shown.chars().allMatch(c -> c >= ' ' && c < 127)) {
      return shown.length() <= PREVIEW ? shown : shown.substring(0, PREVIEW) + "...";
    }
    int bytes = Math.min(payload.length, PREVIEW / 2);
    return HexFormat.of().formatHex(payload, 0, bytes) + (bytes < payload.length ? "..." : "");
  }

  /** {@code quire log stat}. */
  @Command(
      name = "stat",
      mixinStandardHelpOptions = true,
      description = "Shows files, snapshots, streams, what is kept and who needs it.",
      footer = {"%nExamples:", "  quire log stat", "  quire log stat /var/lib/quire --json"})
  int stat(
      @Mixin NodeOption node,
      @Option(names = "--json", description = "write one JSON object; sizes in bytes") boolean json,
      @Parameters(arity = "0..1", paramLabel = "DIRECTORY", description = "data of a node")
          @Nullable Path directory) {
    JsonNode stat;
    if (directory != null) {
      try (LogDirectory log = LogDirectory.open(directory)) {
        stat = LogReport.of(log.stat());
      }
    } else {
      try (AdminClient client = node.connect()) {
        stat = client.logStat();
      }
    }
    if (json) {
      System.out.println(stat);
    } else {
      printStat(stat);
    }
    return 0;
  }

  private static void printStat(JsonNode stat) {
    line("log", "%s of cluster %s".formatted(text(stat, "peer"), text(stat, "cluster")));
    line("entries", "%s to %s".formatted(text(stat, "oldest"), text(stat, "newest")));
    line(
        "segments",
        "%d, %s".formatted(stat.path("segments").size(), Text.bytes(stat.path("bytes").asLong())));
    for (JsonNode segment : stat.path("segments")) {
      String last = text(segment, "last");
      line(
          "segment",
          "%s to %s  %s  %s"
              .formatted(
                  text(segment, "first"),
                  last.isEmpty() ? "..." : last,
                  Text.bytes(segment.path("bytes").asLong()),
                  segment.path("archived").asBoolean() ? "archived" : ""));
    }
    for (JsonNode snapshot : stat.path("snapshots")) {
      line(
          "snapshot",
          "at %s  %s"
              .formatted(text(snapshot, "index"), Text.bytes(snapshot.path("bytes").asLong())));
    }
    for (JsonNode aside : stat.path("aside")) {
      line("set aside", aside.asText());
    }
    stat.path("streams").properties().forEach(each -> line("stream", each.toString()));
    line("retention", retention(stat.path("retention")));
    for (JsonNode mark : stat.path("bookmarks")) {
      line("bookmark", "%s at %s".formatted(text(mark, "name"), text(mark, "position")));
    }
    printHolds(stat);
  }

  private static void printHolds(JsonNode of) {
    for (JsonNode hold : of.path("holds")) {
      line("held by", "%s from %s on".formatted(text(hold, "by"), text(hold, "position")));
    }
  }

  private static String retention(JsonNode retention) {
    long records = retention.path("records").asLong();
    long bytes = retention.path("bytes").asLong();
    long age = retention.path("ageMillis").asLong();
    if (records == 0 && bytes == 0 && age == 0) {
      return "for ever";
    }
    return (records == 0 ? "" : records + " records ")
        + (bytes == 0 ? "" : Text.bytes(bytes) + " ")
        + (age == 0 ? "" : Duration.ofMillis(age).toString());
  }

  /** {@code quire log trim}. */
  @Command(
      name = "trim",
      mixinStandardHelpOptions = true,
      description = {
        "Lets go of entries before a position, in whole files; says who still needs what is left.",
        "A node trims the logs of all nodes; with a directory, only that one is trimmed."
      },
      footer = {"%nExamples:", "  quire log trim --before 100000"})
  int trim(
      @Mixin NodeOption node,
      @Option(
              names = "--before",
              required = true,
              paramLabel = "POSITION",
              description = "INDEX or INDEX.SLOT of the first entry to keep")
          String before,
      @Option(names = "--json", description = "write one JSON object") boolean json,
      @Parameters(arity = "0..1", paramLabel = "DIRECTORY", description = "data of a node")
          @Nullable Path directory) {
    long position = Position.parse(before);
    JsonNode answer;
    if (directory != null) {
      try (LogDirectory log = LogDirectory.open(directory)) {
        ObjectNode out = JsonNodeFactory.instance.objectNode();
        answer = LogReport.holds(out, log.trim(position));
      }
    } else {
      try (AdminClient client = node.connect()) {
        answer = client.trimLog(before);
      }
    }
    if (json) {
      System.out.println(answer);
    } else {
      printHolds(answer);
    }
    return 0;
  }

  /** {@code quire log retain}. */
  @Command(
      name = "retain",
      mixinStandardHelpOptions = true,
      description = {
        "Sets how much of the log all nodes keep; what exceeds any limit may go.",
        "Without a limit, everything is kept for ever."
      },
      footer = {
        "%nExamples:",
        "  quire log retain --bytes 64G --days 30",
        "  quire log retain --for-ever"
      })
  int retain(
      @Mixin NodeOption node,
      @Option(
              names = "--records",
              paramLabel = "N",
              description = "records behind which one may go")
          long records,
      @Option(
              names = "--bytes",
              paramLabel = "SIZE",
              converter = Sizes.class,
              description = "of files, such as 64G")
          @Nullable Long bytes,
      @Option(names = "--days", paramLabel = "N", description = "age of a file") long days,
      @Option(names = "--for-ever", description = "no limit at all") boolean forEver) {
    boolean limited = records > 0 || bytes != null || days > 0;
    if (limited == forEver) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "either limits or --for-ever are needed");
    }
    try (AdminClient client = node.connect()) {
      client.retainLog(records, bytes == null ? 0 : bytes, Duration.ofDays(days).toMillis());
    }
    return 0;
  }

  /** {@code quire log release}. */
  @Command(
      name = "release",
      mixinStandardHelpOptions = true,
      description = "Takes a reader's bookmark away, so that it holds nothing more.",
      footer = {"%nExample:", "  quire log release exporter"})
  int release(
      @Mixin NodeOption node,
      @Parameters(paramLabel = "BOOKMARK", description = "its name") String name) {
    try (AdminClient client = node.connect()) {
      client.releaseBookmark(name);
    }
    return 0;
  }

  private void progress(long done, long total) {
    if (System.console() != null && System.console().isTerminal()) {
      System.err.print("\rverified " + Text.bytes(done) + " of " + Text.bytes(total) + "   ");
      System.err.flush();
    }
  }

  private void progressEnds() {
    if (System.console() != null && System.console().isTerminal()) {
      System.err.print("\r" + " ".repeat(48) + "\r");
    }
  }

  private static String text(JsonNode node, String field) {
    return node.path(field).asText();
  }

  private static void line(String label, String text) {
    System.out.println("%-12s %s".formatted(label, text));
  }
}
