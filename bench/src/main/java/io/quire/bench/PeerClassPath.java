package io.quire.bench;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Where the libraries of the peers are: the build leaves a list beside this module's classes. */
final class PeerClassPath {
  private static final String FILE = "peers.classpath";

  private PeerClassPath() {}

  /**
   * Its entries, this module's own first.
   *
   * @throws BenchFailed outside of a checkout that was built
   */
  static Path[] entries() {
    try {
      Path own =
          Path.of(PeerClassPath.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      Path list = own.resolveSibling(FILE);
      return Stream.concat(
              Stream.of(own),
              Stream.of(Files.readString(list).strip().split(File.pathSeparator)).map(Path::of))
          .toArray(Path[]::new);
    } catch (IOException | URISyntaxException e) {
      throw new BenchFailed(
          "the class path of the peers is not there: benchmarks run in a checkout that was built:"
              + " cause="
              + e,
          e);
    }
  }
}
