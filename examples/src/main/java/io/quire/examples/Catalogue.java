package io.quire.examples;

import io.quire.node.Node;
import io.quire.node.NodeConfig;
import io.quire.ns.Lifetime;
import io.quire.ns.NamePattern;
import io.quire.ns.Namespaces;
import io.quire.ns.NewObject;
import io.quire.ns.NsException;
import io.quire.ns.NsHandle;
import io.quire.ns.NsListing;
import io.quire.ns.NsObject;
import io.quire.ns.NsWatch;
import io.quire.ns.Quota;
import io.quire.ns.TreePage;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A namespace with a quota, many objects created at once, names as a tree, and a copy of the names
 * that follows them: a listing as of one moment, and a watch that goes on from there.
 */
public final class Catalogue {
  private Catalogue() {}

  /** The argument is a directory for the node's data. */
  public static void main(String[] arguments) throws InterruptedException {
    try (Node node = Node.open(NodeConfig.load(null, List.of("data=" + arguments[0])))) {
      Namespaces names = node.namespaces();
      NsHandle logs = names.createNamespace("logs", new Quota(1_000, 1 << 20));
      names.createAll(
          logs,
          IntStream.range(0, 900)
              .mapToObj(
                  i -> new NewObject("2026/%02d/%d".formatted(1 + i % 9, i), "log", new byte[8]))
              .toList());

      TreePage months = names.tree(logs, "2026/", "", 100);
      System.out.println("months: " + months.entries().size());

      long position;
      int listed = 0;
      try (NsListing listing = names.listing(logs, NamePattern.of("2026/0[1-3]/*"))) {
        position = listing.position();
        var page = listing.next(100);
        listed += page.names().size();
        while (page.next().isPresent()) {
          page = listing.next(100);
          listed += page.names().size();
        }
      }
      System.out.println("listed: " + listed);

      NsObject one = names.lookup(logs, "2026/01/0").orElseThrow();
      NsObject two = names.lookup(logs, "2026/02/1").orElseThrow();
      names.transaction().rename(one, two.name()).delete(two).commit(); // both or neither
      try (NsWatch watch = names.watch(logs, NamePattern.ALL, position)) {
        for (int i = 0; i < 2; i++) {
          var event = watch.next(Duration.ofSeconds(10)).orElseThrow();
          System.out.println(event.getClass().getSimpleName() + " " + event.object().name());
        }
      }

      try {
        names.create(logs, "large", "log", Lifetime.DURABLE, new byte[1 << 20]);
      } catch (NsException.QuotaExceeded e) {
        System.out.println("full: " + names.usage(logs).objects());
      }
      names.destroyNamespace(logs);
    }
  }
}
