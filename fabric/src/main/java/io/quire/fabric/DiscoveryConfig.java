package io.quire.fabric;

import io.quire.base.Address;
import java.util.List;

/**
 * How the nodes of a cluster find each other.
 *
 * @param cluster name of the cluster; members of another are never seen
 * @param bind where Hazelcast listens, apart from the fabric; port 0 is any free one
 * @param seeds where Hazelcast of other nodes may listen; one that answers is enough, this node may
 *     be among them
 */
public record DiscoveryConfig(String cluster, Address bind, List<Address> seeds) {
  public DiscoveryConfig {
    if (cluster.isBlank()) {
      throw new IllegalArgumentException("a cluster has a name: cluster=" + cluster);
    }
    seeds = List.copyOf(seeds);
  }
}
