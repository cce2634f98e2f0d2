package io.quire.flight;

import io.quire.base.Address;
import io.quire.ns.Principal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * How a node serves its tables to clients of Arrow Flight.
 *
 * @param listen where; port 0 for any
 * @param advertisedHost by which clients reach the node; told to those that ask where rows are
 * @param token shown by a call as {@code Authorization: Bearer ...} it lets do what the node may;
 *     empty for none
 * @param tokens with which a call may do what the access lists allow the principal. If there is no
 *     token at all none is demanded
 * @param tls directory of the certificate that the node shows; empty: without TLS
 * @param patience for how long a client may take nothing before its stream is ended; more than 0
 */
public record FlightConfig(
    Address listen,
    String advertisedHost,
    String token,
    Map<String, Principal> tokens,
    Optional<Path> tls,
    Duration patience) {
  public FlightConfig {
    tokens = Map.copyOf(tokens);
    if (patience.isNegative() || patience.isZero()) {
      throw new IllegalArgumentException("not a time to wait: patience=" + patience);
    }
  }

  /** Without the tokens. */
  @Override
  public String toString() {
    return "FlightConfig[listen=%s advertisedHost=%s tls=%s patience=%s]"
        .formatted(listen, advertisedHost, tls, patience);
  }
}
