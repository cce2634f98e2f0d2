package io.quire.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.quire.node.AdminClient;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code quire ns space}. */
@Command(
    name = "space",
    mixinStandardHelpOptions = true,
    description = "Makes, shows, limits and destroys namespaces.",
    footer = {
      "%nExamples:",
      "  quire ns space make red --objects 1000 --bytes 64M",
      "  quire ns space ls",
      "  quire ns space destroy red"
    })
final class SpaceCommand implements Callable<Integer> {
  private static final String ANY = "any";
  private static final String WHICH = "name, or # and an id in hexadecimal";
  private static final String OBJECTS = "objects that it may hold, or any";
  private static final String BYTES = "bytes that their values may take, such as 64M, or any";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "a command is needed: make, ls, stat, quota or destroy");
  }

  /** Reads how many objects there may be. */
  static final class ObjectLimit implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
      try {
        long number = text.equals(ANY) ? Long.MAX_VALUE : Long.parseLong(text);
        if (number >= 0) {
          return number;
        }
      } catch (NumberFormatException e) {
        // Told below, with numbers below zero.
      }
      throw new TypeConversionException("not a number: '" + text + "', wanted such as 1000 or any");
    }
  }

  /** Reads how many bytes there may be. */
  static final class ByteLimit implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
      return switch (text) {
        case ANY -> Long.MAX_VALUE;
        case "0" -> 0L;
        default -> new Sizes().convert(text);
      };
    }
  }

  /** {@code quire ns space make}. */
  @Command(
      name = "make",
      mixinStandardHelpOptions = true,
      description = {
        "Makes a namespace.",
        "One without a name has no quota, is not listed, and is known by its id alone."
      },
      footer = {
        "%nExamples:",
        "  quire ns space make red",
        "  quire ns space make red --objects 1000 --bytes 64M --json"
      })
  int make(
      @Mixin NodeOption node,
      @Option(
              names = "--objects",
              paramLabel = "N",
              defaultValue = ANY,
              converter = ObjectLimit.class,
              description = OBJECTS)
          long objects,
      @Option(
              names = "--bytes",
              paramLabel = "SIZE",
              defaultValue = ANY,
              converter = ByteLimit.class,
              description = BYTES)
          long bytes,
      @Option(names = "--json", description = "write one JSON object") boolean json,
      @Parameters(
              arity = "0..1",
              paramLabel = "NAME",
              description = "such as red or teams/red; none if it is to have no name")
          @Nullable String name) {
    try (AdminClient client = node.connect()) {
      show(client.createNamespace(name, objects, bytes), json);
      return 0;
    }
  }

  /** {@code quire ns space ls}. */
  @Command(
      name = "ls",
      mixinStandardHelpOptions = true,
      description = {
        "Lists namespaces that have a name: objects and bytes, each of how many it may hold."
      },
      footer = {"%nExamples:", "  quire ns space ls", "  quire ns space ls 'teams/*' --json"})
  int ls(
      @Mixin NodeOption node,
      @Option(names = "--json", description = "write one JSON array; sizes in bytes") boolean json,
      @Parameters(
              arity = "0..1",
              paramLabel = "GLOB",
              description = "only names that match; " + NsCommand.GLOB)
          @Nullable String glob) {
    try (AdminClient client = node.connect()) {
      List<JsonNode> namespaces = client.namespaces(glob);
      if (json) {
        System.out.println(namespaces);
        return 0;
      }
      for (JsonNode namespace : namespaces) {
        System.out.println(
            "%10d of %-10s %10s of %-10s  %s"
                .formatted(
                    namespace.path("objects").asLong(),
                    namespace.path("objectsMax").asText(ANY),
                    Text.bytes(namespace.path("bytes").asLong()),
                    limit(namespace.path("bytesMax")),
                    namespace.path("name").asText()));
      }
      return 0;
    }
  }

  /** {@code quire ns space stat}. */
  @Command(
      name = "stat",
      mixinStandardHelpOptions = true,
      description = "Shows one namespace: its id, who made it, what it holds and may hold.",
      footer = {"%nExamples:", "  quire ns space stat red", "  quire ns space stat '#1a2b40000'"})
  int stat(
      @Mixin NodeOption node,
      @Option(names = "--json", description = "write one JSON object; sizes in bytes") boolean json,
      @Parameters(paramLabel = "NAME|#ID", description = WHICH) String which) {
    try (AdminClient client = node.connect().in(which)) {
      show(client.namespace(), json);
      return 0;
    }
  }

  /** {@code quire ns space quota}. */
  @Command(
      name = "quota",
      mixinStandardHelpOptions = true,
      description = {
        "Sets how much a namespace may hold.",
        "It may be less than there is: then nothing more comes in."
      },
      footer = {"%nExample:", "  quire ns space quota red --objects any --bytes 64M"})
  int quota(
      @Mixin NodeOption node,
      @Option(
              names = "--objects",
              required = true,
              paramLabel = "N",
              converter = ObjectLimit.class,
              description = OBJECTS)
          long objects,
      @Option(
              names = "--bytes",
              required = true,
              paramLabel = "SIZE",
              converter = ByteLimit.class,
              description = BYTES)
          long bytes,
      @Option(names = "--json", description = "write one JSON object; sizes in bytes") boolean json,
      @Parameters(paramLabel = "NAME|#ID", description = WHICH) String which) {
    try (AdminClient client = node.connect().in(which)) {
      show(client.limitNamespace(objects, bytes), json);
      return 0;
    }
  }

  /** {@code quire ns space destroy}. */
  @Command(
      name = "destroy",
      mixinStandardHelpOptions = true,
      description = {
        "Ends a namespace, with all its objects: from then on nothing can be created in it.",
        "Their data go with the last references. It shows what the namespace was."
      },
      footer = {"%nExample:", "  quire ns space destroy red"})
  int destroy(
      @Mixin NodeOption node,
      @Option(names = "--json", description = "write one JSON object; sizes in bytes") boolean json,
      @Parameters(paramLabel = "NAME|#ID", description = WHICH) String which) {
    try (AdminClient client = node.connect().in(which)) {
      show(client.destroyNamespace(), json);
      return 0;
    }
  }

  private static void show(JsonNode namespace, boolean json) {
    if (json) {
      System.out.println(namespace);
      return;
    }
    line("id", "#" + namespace.path("id").asText());
    line("name", namespace.path("name").asText("none"));
    if (namespace.path("creator").isTextual()) {
      line(
          "creator",
          "%s, incarnation %s"
              .formatted(
                  namespace.path("creatorNode").asText("a node that left"),
                  namespace.path("creator").asText()));
      line("created", Instant.ofEpochMilli(namespace.path("created").asLong()).toString());
    }
    line(
        "objects",
        "%d of %s"
            .formatted(
                namespace.path("objects").asLong(), namespace.path("objectsMax").asText(ANY)));
    line(
        "bytes",
        "%s of %s"
            .formatted(
                Text.bytes(namespace.path("bytes").asLong()), limit(namespace.path("bytesMax"))));
  }

  private static void line(String field, String value) {
    System.out.println("%-12s %s".formatted(field, value));
  }

  private static String limit(JsonNode bytes) {
    return bytes.isNumber() ? Text.bytes(bytes.asLong()) : ANY;
  }
}
