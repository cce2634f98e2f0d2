package io.quire.base;

/**
 * What a caller calls its request, the same in each of its tries and on whatever node it makes
 * them. Two requests must not share one.
 *
 * @param client drawn at random by whoever makes requests, once
 * @param number of the request among those of the client
 */
public record RequestId(long client, long number) {
  /** How long its wire form is. */
  public static final int BYTES = 16;

  /** Appends it to a message: two int64. */
  public void write(WireWriter out) {
    out.int64(client).int64(number);
  }

  /**
   * Reads it from a message.
   *
   * @throws WireReader.MalformedException if that ends before
   */
  public static RequestId read(WireReader in) {
    return new RequestId(in.int64(), in.int64());
  }

  @Override
  public String toString() {
    return Long.toHexString(client) + "/" + number;
  }
}
