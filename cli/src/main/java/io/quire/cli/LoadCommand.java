package io.quire.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.quire.node.AdminClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code quire load}. */
@Command(
    name = "load",
    mixinStandardHelpOptions = true,
    description = {
      "Loads a file as a data set, cut at line ends, over all nodes.",
      "When it ends with 0, every node has the name, and the data are in a durable store."
    },
    footer = {
      "%nExamples:",
      "  quire load access.log --as /logs/today",
      "  quire load access.log --as /logs/today --node 10.0.0.2:7480",
      "  quire load access.log --as /logs/today --session --replicas 2"
    })
final class LoadCommand implements Callable<Integer> {
  @Mixin private SpaceOption node = new SpaceOption();

  @Parameters(paramLabel = "FILE", description = "file to load, readable here")
  private Path file = Path.of("");

  @Option(
      names = "--as",
      required = true,
      paramLabel = "NAME",
      description = "name of the data set: /segment[/segment...], at most 1022 bytes")
  private String name = "";

  @Option(
      names = "--session",
      description =
          "let it end with the session of the node, without a durable copy (default: it outlives"
              + " restarts)")
  private boolean session;

  @Mixin private ReplicasOption replicas = new ReplicasOption();

  @Override
  public Integer call() {
    if (!Files.isReadable(file) || Files.isDirectory(file)) {
      System.err.println(
          "quire: %s: path=%s"
              .formatted(Files.exists(file) ? "cannot read the file" : "no such file", file));
      return 1;
    }
    try (AdminClient client = node.connect()) {
      // Refuses a bad name too, both before anything is sent.
      if (client.stat(name) != null) {
        System.err.println("quire: name is taken: name=" + name);
        return 1;
      }
      JsonNode made =
          client.loadLines(file, name, session ? "SESSION" : "DURABLE", replicas.options());
      System.out.println(
          "%s: %s in %d extents"
              .formatted(
                  name, Text.bytes(made.path("bytes").asLong()), made.path("extents").asInt()));
      return 0;
    }
  }
}
