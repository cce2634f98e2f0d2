package io.quire.cli;

import io.quire.node.AdminClient;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code quire cat}. */
@Command(
    name = "cat",
    mixinStandardHelpOptions = true,
    description = "Writes the bytes of an object to standard output.")
final class CatCommand implements Callable<Integer> {
  @Mixin private NodeOption node = new NodeOption();

  @Parameters(paramLabel = "NAME")
  private String name = "";

  @Override
  public Integer call() throws IOException {
    try (AdminClient client = node.connect();
        InputStream in = client.read(name)) {
      OutputStream out = System.out;
      in.transferTo(out);
      out.flush();
      return 0;
    }
  }
}
