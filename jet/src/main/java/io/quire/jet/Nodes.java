package io.quire.jet;

import com.hazelcast.jet.JetException;
import java.net.URI;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import org.apache.arrow.memory.BufferAllocator;

/** Asks the nodes in turn, until one answers. */
final class Nodes {
  private Nodes() {}

  /** What a node said. */
  record Found<A>(URI node, A answer) {}

  /**
   * What the first node says that answers. Waits, for each node that does not.
   *
   * @param first of the nodes, counted round and round
   * @throws JetException if a node says no, or none answers
   */
  static <A> Found<A> ask(
      QuireTables tables,
      String table,
      BufferAllocator memory,
      int first,
      Function<Connection, A> question) {
    List<String> silent = new ArrayList<>();
    List<URI> nodes = new ArrayList<>(tables.nodes());
    Collections.rotate(nodes, -Math.floorMod(first, nodes.size()));
    for (URI node : nodes) {
      try (Connection connection = new Connection(tables, node, memory)) {
        return new Found<>(node, question.apply(connection));
      } catch (RuntimeException e) {
        if (!Failure.mayPass(e)) {
          throw new JetException(
              "node refuses: table=%s node=%s reason=[%s]"
                  .formatted(table, node, Failure.reason(e)));
        }
        silent.add("%s reason=[%s]".formatted(node, Failure.reason(e)));
      }
    }
    throw new JetException("no node answers: table=%s nodes=%s".formatted(table, silent));
  }
}
