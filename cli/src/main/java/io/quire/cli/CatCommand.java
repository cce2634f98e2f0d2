package io.quire.cli;

import io.quire.node.AdminClient;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code quire cat}. */
@Command(
    name = "cat",
    mixinStandardHelpOptions = true,
    description = {
      "Writes the bytes of an object to standard output.",
      "All of them were verified if it ends with 0."
    },
    footer = {"%nExample:", "  quire cat /logs/today | sha256sum"})
final class CatCommand implements Callable<Integer> {
  private static final int PIECE_BYTES = 1 << 16;

  @Mixin private SpaceOption node = new SpaceOption();

  @Parameters(paramLabel = "NAME", description = "such as /logs/today")
  private String name = "";

  @Override
  public Integer call() {
    try (AdminClient client = node.connect();
        InputStream in = client.read(name);
        // Standard output as a PrintStream would keep its errors to itself.
        OutputStream out = new FileOutputStream(FileDescriptor.out)) {
      byte[] piece = new byte[PIECE_BYTES];
      for (int length = read(in, piece); length >= 0; length = read(in, piece)) {
        out.write(piece, 0, length);
      }
      return 0;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write to standard output: why=" + e.getMessage(), e);
    }
  }

  private int read(InputStream in, byte[] piece) {
    try {
      return in.read(piece);
    } catch (IOException e) {
      throw new UncheckedIOException(
          "broke off before the end: name=%s why=%s".formatted(name, e.getMessage()), e);
    }
  }
}
