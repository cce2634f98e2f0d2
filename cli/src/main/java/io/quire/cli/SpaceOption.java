package io.quire.cli;

import io.quire.node.AdminClient;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which node a command talks to, and in which namespace it looks for names. */
final class SpaceOption {
  @Mixin private NodeOption node = new NodeOption();

  @Option(
      names = "--namespace",
      paramLabel = "NAME|#ID",
      defaultValue = "",
      description = "namespace of the object: its name, or # and its id (default: the root)")
  private String namespace = "";

  AdminClient connect() {
    return node.connect().in(namespace);
  }
}
