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
    description = "Loads a file as a data set, cut at line ends, over all nodes.")
final class LoadCommand implements Callable<Integer> {
  @Mixin private NodeOption node = new NodeOption();

  @Parameters(paramLabel = "FILE")
  private Path file = Path.of("");

  @Option(names = "--as", required = true, paramLabel = "NAME", description = "such as /logs/today")
  private String name = "";

  @Option(
      names = "--session",
      description = "let it end with the node's session instead of keeping it over restarts")
  private boolean session;

  @Override
  public Integer call() {
    if (!Files.isReadable(file) || Files.isDirectory(file)) {
      throw new IllegalArgumentException("cannot read the file: path=" + file);
    }
    try (AdminClient client = node.connect()) {
      JsonNode made = client.loadLines(file, name, session ? "SESSION" : "DURABLE");
      System.out.println(
          "%s: %s in %d extents"
              .formatted(
                  name, Text.bytes(made.path("bytes").asLong()), made.path("extents").asInt()));
      return 0;
    }
  }
}
