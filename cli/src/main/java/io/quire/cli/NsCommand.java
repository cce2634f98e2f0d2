package io.quire.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.quire.node.AdminClient;
import java.time.Instant;
import java.util.List;
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
    description = "Looks at and changes the namespace.")
final class NsCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "a command is needed: ls, stat or rm");
  }

  /** {@code quire ns ls}. */
  @Command(name = "ls", mixinStandardHelpOptions = true, description = "Lists objects by name.")
  int ls(
      @Mixin NodeOption node,
      @Option(names = "--json", description = "as JSON") boolean json,
      @Parameters(
              arity = "0..1",
              paramLabel = "GLOB",
              description = "only names that match; * and ? stand for anything")
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
  @Command(name = "stat", mixinStandardHelpOptions = true, description = "Shows one object.")
  int stat(
      @Mixin NodeOption node,
      @Option(names = "--json", description = "as JSON") boolean json,
      @Parameters(paramLabel = "NAME") String name) {
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

  /** {@code quire ns rm}. */
  @Command(
      name = "rm",
      mixinStandardHelpOptions = true,
      description = "Deletes objects; their data go with the last reference.")
  int rm(
      @Mixin NodeOption node, @Parameters(arity = "1..*", paramLabel = "NAME") List<String> names) {
    try (AdminClient client = node.connect()) {
      names.forEach(client::delete);
      return 0;
    }
  }
}
