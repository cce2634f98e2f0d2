package io.quire.datasets;

import io.quire.ager.Origin;
import io.quire.ns.Namespaces;

/** What is said in durable copies of the load that makes them. */
record Origins(Namespaces namespaces) {
  /**
   * For a load.
   *
   * @throws io.quire.ns.NsException if this node cannot know in which cluster it is
   */
  Origin of(long load, long dataset) {
    return new Origin(namespaces.cluster(), load, dataset);
  }
}
