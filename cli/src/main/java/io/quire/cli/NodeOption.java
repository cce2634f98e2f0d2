package io.quire.cli;

import io.quire.base.Address;
import io.quire.node.AdminClient;
import picocli.CommandLine.Option;

/** Which node a command talks to. */
final class NodeOption {
  @Option(
      names = "--node",
      paramLabel = "HOST:PORT",
      defaultValue = "${env:QUIRE_NODE:-127.0.0.1:7480}",
      description = "admin address of a running node (default: $QUIRE_NODE or 127.0.0.1:7480)")
  private String node = "";

  @Option(
      names = "--token",
      paramLabel = "TOKEN",
      defaultValue = "${env:QUIRE_TOKEN:-}",
      description = "one of http.token and http.tokens of the node (default: $$QUIRE_TOKEN)")
  private String token = "";

  AdminClient connect() {
    return new AdminClient(Address.parse(node), token);
  }
}
