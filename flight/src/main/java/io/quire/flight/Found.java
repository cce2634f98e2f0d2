package io.quire.flight;

import io.quire.ns.Namespaces;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;

/** Looks up what a client named. */
final class Found {
  private Found() {}

  /**
   * A table, or what else has the name.
   *
   * @throws Failure.NoSuchTable if there is nothing
   */
  static NsObject table(Namespaces namespaces, NsHandle namespace, String name) {
    return namespaces
        .lookup(namespace, name)
        .orElseThrow(() -> new Failure.NoSuchTable("no such table: name=" + name));
  }

  /**
   * A namespace.
   *
   * @throws Failure.NoSuchTable if there is none
   */
  static NsHandle namespace(Namespaces namespaces, String name) {
    return namespaces
        .namespace(name)
        .orElseThrow(() -> new Failure.NoSuchTable("no such namespace: name=" + name));
  }
}
