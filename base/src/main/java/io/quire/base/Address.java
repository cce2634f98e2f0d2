package io.quire.base;

/**
 * Where a node listens. What cannot be so is an {@link IllegalArgumentException}.
 *
 * @param host a name or a numeric address, not blank; it is not looked up
 * @param port 0 to 65535
 */
public record Address(String host, int port) {
  public Address {
    if (host.isBlank() || port < 0 || port > 65_535) {
      throw new IllegalArgumentException("not an address: host=" + host + " port=" + port);
    }
  }

  /**
   * Reads {@code host:port}.
   *
   * @throws IllegalArgumentException if the text has no port or the port is out of range
   */
  public static Address parse(String text) {
    int colon = text.lastIndexOf(':');
    if (colon <= 0) {
      throw new IllegalArgumentException("not an address: text=" + text + " wanted=host:port");
    }
    try {
      return new Address(text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("not an address: text=" + text + " wanted=host:port", e);
    }
  }

  @Override
  public String toString() {
    return host + ":" + port;
  }
}
