package io.quire.ns;

import io.quire.base.Clock;

/** How often something is tried that others may spoil each time: until its deadline. */
record Attempts(Clock clock) {
  /**
   * Until when another try may begin.
   *
   * @param until what this answered for the try before; 0 if that was the first
   * @throws NsException.Refused after that time
   */
  long again(long until, String doing, String name) {
    long now = clock.nanos();
    if (until == 0) {
      return now + Namespaces.DEADLINE.toNanos();
    }
    if (now - until >= 0) {
      throw new NsException.Refused("it changed each time: " + doing + ": name=" + name);
    }
    return until;
  }
}
