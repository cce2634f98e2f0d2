package io.quire.examples;

import io.quire.node.Node;
import io.quire.node.NodeConfig;
import io.quire.ns.Lifetime;
import io.quire.ns.Namespaces;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.ns.NsRef;
import io.quire.ns.Values;
import java.util.List;

/** A node in this process, and an object on it. */
public final class FirstObject {
  private FirstObject() {}

  /** The argument is a directory for the node's data. */
  public static void main(String[] arguments) {
    Values values = Values.simple();
    try (Node node = Node.open(NodeConfig.load(null, List.of("data=" + arguments[0])))) {
      Namespaces names = node.namespaces();
      NsObject made =
          names.create(
              NsHandle.ROOT, "/greeting", "text", Lifetime.DURABLE, values.encode("hello"));
      names.update(made, values.encode("hello, world")); // throws Stale if it changed meanwhile
      try (NsRef open = names.open(NsHandle.ROOT, "/greeting").orElseThrow()) {
        System.out.println(values.decode(open.object().value()));
      }
      names.delete(NsHandle.ROOT, "/greeting");
    }
  }
}
