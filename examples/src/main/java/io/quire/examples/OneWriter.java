package io.quire.examples;

import io.quire.node.Node;
import io.quire.node.NodeConfig;
import io.quire.ns.Lifetime;
import io.quire.ns.Namespaces;
import io.quire.ns.NsException;
import io.quire.ns.NsHandle;
import io.quire.ns.NsOpen;
import io.quire.ns.OpenMode;
import java.time.Duration;
import java.util.List;

/** An object that is open in modes: many read beside one who writes, and nobody else writes. */
public final class OneWriter {
  private static final Duration SOON = Duration.ofSeconds(5);

  private OneWriter() {}

  /** The argument is a directory for the node's data. */
  public static void main(String[] arguments) {
    try (Node node = Node.open(NodeConfig.load(null, List.of("data=" + arguments[0])))) {
      Namespaces names = node.namespaces();
      names.create(NsHandle.ROOT, "/model", "model", Lifetime.UNTIL_CLOSED, new byte[] {1});
      try (NsOpen reader = open(names, OpenMode.READ_BESIDE, SOON);
          NsOpen writer = open(names, OpenMode.WRITE_BESIDE, SOON)) {
        writer.update(writer.object(), new byte[] {2});
        System.out.println("read: " + reader.object().value()[0]);
        try {
          open(names, OpenMode.WRITE_BESIDE, Duration.ZERO).close();
        } catch (NsException.Denied e) {
          System.out.println("denied: a second writer");
        }
        reader.close();
        writer.convert(OpenMode.WRITE, SOON); // alone now, and nobody got in between
        System.out.println("mode: " + writer.mode());
      }
      // It goes with its last close, on whatever node that is.
    }
  }

  private static NsOpen open(Namespaces names, OpenMode mode, Duration deadline) {
    return names.open(NsHandle.ROOT, "/model", mode, deadline).orElseThrow();
  }
}
