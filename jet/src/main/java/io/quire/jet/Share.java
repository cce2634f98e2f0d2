package io.quire.jet;

import java.io.Serializable;
import java.net.URI;
import java.util.List;

/**
 * What one node has of a table: an endpoint of Flight.
 *
 * @param ticket for its rows; not to be changed
 * @param nodes where it is best redeemed; none if that is not known
 */
record Share(byte[] ticket, List<URI> nodes) implements Serializable {
  Share {
    nodes = List.copyOf(nodes);
  }
}
