package io.quire.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.quire.node.AdminClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code quire lock}. */
@Command(
    name = "lock",
    mixinStandardHelpOptions = true,
    description = "Looks at the files and locks of the lock server.",
    footer = {"%nExamples:", "  quire lock ls", "  quire lock stat /servers/a --json"})
final class LockCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    throw new CommandLine.ParameterException(spec.commandLine(), "a command is needed: ls or stat");
  }

  /** {@code quire lock ls}. */
  @Command(
      name = "ls",
      mixinStandardHelpOptions = true,
      description =
          "Lists what lies below a directory: files, and locks that are held or waited for. Modes"
              + " are shared, exclusive, beside_read and beside_write; the last is shown if anybody"
              + " holds the lock so. delayed: its holder was lost; waited: nobody holds it yet.",
      footer = {"%nExamples:", "  quire lock ls", "  quire lock ls /servers --json"})
  int ls(
      @Mixin NodeOption node,
      @Option(names = "--json", description = "write one JSON array") boolean json,
      @Parameters(
              arity = "0..1",
              paramLabel = "DIRECTORY",
              defaultValue = "/",
              description = "such as /servers; all if there is none")
          String directory) {
    try (AdminClient client = node.connect()) {
      List<JsonNode> paths = client.locks(directory);
      if (json) {
        System.out.println(paths);
        return 0;
      }
      for (JsonNode path : paths) {
        System.out.println(
            "%10s  %-12s %4d  %s"
                .formatted(
                    path.path("file").asBoolean() ? Text.bytes(path.path("bytes").asLong()) : "",
                    mode(path),
                    path.path("waiting").asInt(),
                    path.path("path").asText()));
      }
      return 0;
    }
  }

  /** {@code quire lock stat}. */
  @Command(
      name = "stat",
      mixinStandardHelpOptions = true,
      description = "Shows one file or lock: its version, who holds it, how many wait.",
      footer = {"%nExample:", "  quire lock stat /servers/a"})
  int stat(
      @Mixin NodeOption node,
      @Option(names = "--json", description = "write one JSON object") boolean json,
      @Parameters(paramLabel = "PATH", description = "such as /servers/a") String path) {
    try (AdminClient client = node.connect()) {
      JsonNode found = client.lockStat(path);
      if (found == null) {
        System.err.println("quire: no such file or lock: path=" + path);
        return 1;
      }
      if (json) {
        System.out.println(found);
        return 0;
      }
      lines(found).forEach(System.out::println);
      return 0;
    }
  }

  private static String mode(JsonNode path) {
    JsonNode holders = path.path("holders");
    if (holders.isEmpty()) {
      return path.path("waiting").asInt() > 0 ? "waited" : "";
    }
    String mode = "delayed";
    for (JsonNode holder : holders) {
      if (!holder.path("lost").asBoolean() && !mode.equals("beside_write")) {
        mode = holder.path("mode").asText().toLowerCase(Locale.ROOT);
      }
    }
    return mode;
  }

  private static List<String> lines(JsonNode found) {
    List<String> lines = new ArrayList<>();
    found
        .properties()
        .forEach(
            field -> {
              if (!field.getKey().equals("holders")) {
                lines.add("%-12s %s".formatted(field.getKey(), field.getValue().asText()));
              }
            });
    for (JsonNode holder : found.path("holders")) {
      lines.add(
          "%-12s %s generation=%d session=%d incarnation=%s%s%s"
              .formatted(
                  holder.path("lost").asBoolean() ? "lost" : "holder",
                  holder.path("mode").asText().toLowerCase(Locale.ROOT),
                  holder.path("generation").asLong(),
                  holder.path("session").asLong(),
                  holder.path("incarnation").asText(),
                  holder.path("note").asText().isEmpty() ? "" : " note=",
                  holder.path("note").asText()));
    }
    return lines;
  }
}
