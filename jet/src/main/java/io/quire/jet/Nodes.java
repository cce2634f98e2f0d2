package io.quire.jet;

import com.hazelcast.jet.JetException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.apache.arrow.memory.BufferAllocator;

/** Asks the nodes in turn, until one answers. */
final class Nodes {
  private Nodes() {}

  /**
   * What the first node says that answers. Waits, for each node that does not.
   *
   * @throws JetException if a node says no, or none answers
   */
  static <A> A ask(
      QuireTables tables, String table, BufferAllocator memory, Function<Connection, A> question) {
    List<String> silent = new ArrayList<>();
    for (URI node : tables.nodes()) {
      try (Connection connection = new Connection(tables, node, memory)) {
        return question.apply(connection);
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
