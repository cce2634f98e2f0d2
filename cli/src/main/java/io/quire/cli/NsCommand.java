package io.quire.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.quire.node.AdminClient;
import io.quire.node.AdminClient.AdminException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code quire ns}. */
@Command(
    name = "ns",
    mixinStandardHelpOptions = true,
    description = "Looks at and changes namespaces and their objects.",
    footer = {
      "%nExamples:",
      "  quire ns ls '/logs/*'",
      "  quire ns stat /logs/today --json",
      "  quire ns history /logs/today",
      "  quire ns refs /logs/today",
      "  quire ns rm /logs/today /logs/yesterday",
      "  quire ns rm --glob '/logs/2025-*' --dry-run",
      "  quire ns space make red --bytes 64M",
      "  quire ns ls --namespace red",
      "  quire ns access red --grant alice=writer"
    },
    subcommands = {SpaceCommand.class})
final class NsCommand implements Callable<Integer> {
  static final String GLOB = "* stands for any text, ? for one character, [a-f] for one of these";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "a command is needed: ls, stat, history, refs, rm, access or space");
  }

  /** {@code quire ns ls}. */
  @Command(
      name = "ls",
      mixinStandardHelpOptions = true,
      description = "Lists objects by name, with kind and size.",
      footer = {"%nExamples:", "  quire ns ls", "  quire ns ls '/logs/*' --json"})
  int ls(
      @Mixin SpaceOption node,
      @Option(names = "--json", description = "write one JSON array; sizes in bytes") boolean json,
      @Parameters(
              arity = "0..1",
              paramLabel = "GLOB",
              description = "only names that match; " + GLOB)
          @Nullable String glob) {
    try (AdminClient client = node.connect()) {
      List<JsonNode> objects = client.list(glob);
      if (json) {
        System.out.println(objects);
        return 0;
      }
      for (JsonNode object : objects) {
        System.out.println(
            "%-8s %10s  %s"
                .formatted(
                    object.path("kind").asText(),
                    Text.bytes(object.path("bytes").asLong()),
                    object.path("name").asText()));
      }
      return 0;
    }
  }

  /** {@code quire ns stat}. */
  @Command(
      name = "stat",
      mixinStandardHelpOptions = true,
      description = "Shows one object.",
      footer = {"%nExample:", "  quire ns stat /logs/today"})
  int stat(
      @Mixin SpaceOption node,
      @Option(names = "--json", description = "write one JSON object; sizes in bytes") boolean json,
      @Parameters(paramLabel = "NAME", description = "such as /logs/today") String name) {
    try (AdminClient client = node.connect()) {
      JsonNode object = client.stat(name);
      if (object == null) {
        System.err.println("quire: no such object: name=" + name);
        return 1;
      }
      if (json) {
        System.out.println(object);
        return 0;
      }
      object
          .properties()
          .forEach(
              field ->
                  System.out.println(
                      "%-12s %s"
                          .formatted(
                              field.getKey(),
                              field.getKey().equals("created")
                                  ? Instant.ofEpochMilli(field.getValue().asLong())
                                  : field.getValue().asText())));
      return 0;
    }
  }

  /** {@code quire ns history}. */
  @Command(
      name = "history",
      mixinStandardHelpOptions = true,
      description = {
        "Shows the versions of an object, the newest first, as far as the node keeps the log.",
        "The last line says whether older ones were there: 'trimmed' means that this"
            + " node does not have them any more."
      },
      footer = {
        "%nExamples:",
        "  quire ns history /logs/today",
        "  quire ns history /logs/today --limit 1000 --json",
        "  quire ns history --id 1a2b40000 --before 5120.3"
      })
  int history(
      @Mixin SpaceOption node,
      @Option(names = "--json", description = "write one JSON object; sizes in bytes") boolean json,
      @Option(
              names = "--limit",
              paramLabel = "N",
              defaultValue = "20",
              description = "versions at most, 1 to 1000; ${DEFAULT-VALUE} if not given")
          int limit,
      @Option(
              names = "--before",
              paramLabel = "POSITION",
              description = "only versions before this one")
          @Nullable String before,
      @Option(
              names = "--id",
              description = "NAME is an id in hexadecimal; finds objects that ended not long ago")
          boolean id,
      @Parameters(paramLabel = "NAME", description = "such as /logs/today") String name) {
    try (AdminClient client = node.connect()) {
      JsonNode page = client.history(name, id, limit, before);
      if (json) {
        System.out.println(page);
        return 0;
      }
      page.path("versions").forEach(version -> System.out.println(line(version)));
      System.out.println(lastLine(page));
      return 0;
    }
  }

  private static String line(JsonNode version) {
    return "%-12s %-8s %10s  %s%s"
        .formatted(
            version.path("position").asText(),
            version.path("what").asText(),
            Text.bytes(version.path("bytes").asLong()),
            version.path("name").asText(""),
            version.path("wallMillis").isNumber()
                ? "  " + Instant.ofEpochMilli(version.path("wallMillis").asLong())
                : "");
  }

  private static String lastLine(JsonNode page) {
    JsonNode end = page.path("end");
    return switch (end.path("why").asText()) {
      case "created" -> "this is all of it";
      case "trimmed" ->
          "trimmed: what was done at %s is not in this node's log, which begins at %s"
              .formatted(end.path("position").asText(), end.path("oldest").asText());
      case "unlinked" ->
          "unlinked: what stands at %s does not lead further back"
              .formatted(end.path("position").asText());
      default -> "there may be more: --before " + page.path("next").asText();
    };
  }

  /** {@code quire ns refs}. */
  @Command(
      name = "refs",
      mixinStandardHelpOptions = true,
      description = {
        "Shows who holds references to an object, on all nodes, the oldest first: since when, in"
            + " which mode, and where in the program it was opened.",
        "Of references that were opened without mode or label only the number is known, unless"
            + " the node tracks all of them (track-references).",
        "It ends with 1 if a node did not answer."
      },
      footer = {
        "%nExamples:",
        "  quire ns refs /logs/today",
        "  quire ns refs --id 1a2b40000 --seconds 10 --json"
      })
  int refs(
      @Mixin SpaceOption node,
      @Option(names = "--json", description = "write one JSON object") boolean json,
      @Option(
              names = "--seconds",
              paramLabel = "N",
              defaultValue = "5",
              description = "how long to wait for nodes, 1 to 15; ${DEFAULT-VALUE} if not given")
          int seconds,
      @Option(
              names = "--id",
              description =
                  "NAME is an id in hexadecimal; finds objects that were deleted and wait")
          boolean id,
      @Parameters(paramLabel = "NAME", description = "such as /logs/today") String name) {
    try (AdminClient client = node.connect()) {
      JsonNode report = client.references(name, id, seconds);
      if (json) {
        System.out.println(report);
      } else {
        lines(report).forEach(System.out::println);
      }
      if (report.path("complete").asBoolean()) {
        return 0;
      }
      System.err.println("quire: not all nodes answered in time: seconds=" + seconds);
      return 1;
    }
  }

  /** One node after the other, each with those who hold something there. */
  static List<String> lines(JsonNode report) {
    List<String> lines = new ArrayList<>();
    for (JsonNode node : report.path("nodes")) {
      long references = node.path("references").asLong();
      String count = references + (references == 1 ? " reference" : " references");
      String said = node.path("answered").asBoolean() ? count : "did not answer in time";
      lines.add("%-12s %s".formatted(node.path("node").asText(), said));
      JsonNode holders = node.path("holders");
      holders.forEach(holder -> lines.add(holder(holder)));
      if (references > holders.size()) {
        boolean known = node.path("truncated").asBoolean();
        String more = known ? "" : ", of which only the number is known";
        lines.add("  %d more%s".formatted(references - holders.size(), more));
      }
    }
    return lines;
  }

  private static String holder(JsonNode holder) {
    String mode = holder.path("mode").asText("reference");
    return "  %s  %-12s  %s  %s"
        .formatted(
            Instant.ofEpochMilli(holder.path("since").asLong()),
            holder.path("waits").asBoolean() ? "waits to " + mode : mode,
            holder.path("label").asText(),
            holder.path("place").asText());
  }

  /** {@code quire ns rm}. */
  @Command(
      name = "rm",
      mixinStandardHelpOptions = true,
      description = {
        "Deletes objects; their data go with the last reference.",
        "One that cannot be deleted does not keep the others; it ends with 1 then.",
        "With --glob each object goes for itself, hundreds at a time; those that are made meanwhile"
            + " may stay."
      },
      footer = {
        "%nExamples:",
        "  quire ns rm /logs/today /logs/yesterday",
        "  quire ns rm --glob '/logs/2025-*' --dry-run"
      })
  int rm(
      @Mixin SpaceOption node,
      @Option(names = "--glob", description = "what is named are patterns: " + GLOB) boolean glob,
      @Option(names = "--dry-run", description = "with --glob: only list what would go")
          boolean dryRun,
      @Parameters(arity = "1..*", paramLabel = "NAME", description = "such as /logs/today")
          List<String> names) {
    if (dryRun && !glob) {
      throw new CommandLine.ParameterException(
          spec.commandLine().getSubcommands().get("rm"),
          "--dry-run is for --glob: names say themselves what would go");
    }
    return glob ? removeMatching(node, names, dryRun) : remove(node, names);
  }

  /** {@code quire ns access}. */
  @Command(
      name = "access",
      mixinStandardHelpOptions = true,
      description = {
        "Shows or changes who may do what in a namespace.",
        "Each may do more than the one before: none, reader, writer, owner. '*' stands for"
            + " everybody who is not named."
      },
      footer = {
        "%nExamples:",
        "  quire ns access teams/red",
        "  quire ns access teams/red --grant alice=writer --grant '*=reader' --revoke bob"
      })
  int access(
      @Mixin NodeOption node,
      @Option(names = "--json", description = "write one JSON object") boolean json,
      @Option(
              names = "--grant",
              paramLabel = "PRINCIPAL=ACCESS",
              description = "lets a principal do this much")
          @Nullable Map<String, String> grants,
      @Option(
              names = "--revoke",
              paramLabel = "PRINCIPAL",
              description = "names a principal no more: it may do what everybody may")
          @Nullable List<String> revoked,
      @Parameters(
              paramLabel = "NAMESPACE",
              description = "its name, or # and its id in hexadecimal; #0 is the root")
          String namespace) {
    try (AdminClient client = node.connect()) {
      if (grants != null) {
        grants.forEach((principal, access) -> client.grant(namespace, principal, access));
      }
      if (revoked != null) {
        revoked.forEach(principal -> client.revoke(namespace, principal));
      }
      if (grants == null && revoked == null) {
        show(client.access(namespace), json);
      }
      return 0;
    }
  }

  private static void show(JsonNode list, boolean json) {
    if (json) {
      System.out.println(list);
      return;
    }
    for (JsonNode granted : list.path("granted")) {
      System.out.println(
          "%-8s %s".formatted(granted.path("access").asText(), granted.path("principal").asText()));
    }
    System.out.println("%-8s *".formatted(list.path("others").asText()));
  }

  private static int removeMatching(SpaceOption node, List<String> globs, boolean dryRun) {
    boolean live = System.console() != null && System.console().isTerminal();
    try (AdminClient client = node.connect()) {
      for (String glob : globs) {
        if (dryRun) {
          client.list(glob).forEach(object -> System.out.println(object.path("name").asText()));
          continue;
        }
        long deleted =
            client.deleteAll(
                glob,
                gone -> {
                  if (live) {
                    System.err.print("\r" + gone + " deleted ");
                  }
                });
        System.out.println((live ? "\r" : "") + deleted + " deleted: " + glob);
      }
    }
    return 0;
  }

  private static int remove(SpaceOption node, List<String> names) {
    int code = 0;
    try (AdminClient client = node.connect()) {
      for (String name : names) {
        try {
          client.delete(name);
        } catch (AdminException e) {
          if (e.status() == 0) {
            throw e;
          }
          System.err.println("quire: not deleted: " + e.getMessage());
          code = 1;
        }
      }
    }
    return code;
  }
}
