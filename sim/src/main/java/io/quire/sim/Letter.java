package io.quire.sim;

import io.quire.base.Address;
import io.quire.base.Transport;

/**
 * A message on a {@link Stage}: it was sent and lies there. Its identity is what counts.
 *
 * @param from the incarnation that sent it
 * @param to where it goes: to whoever listens there when it is delivered
 */
public record Letter(Actor from, Address to, Transport.Channel channel, byte[] message) {
  @Override
  public boolean equals(Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }
}
