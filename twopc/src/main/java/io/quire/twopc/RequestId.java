package io.quire.twopc;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;

/**
 * What a caller calls its request, the same in each of its tries and on whatever node it makes
 * them. Two requests must not share one.
 *
 * @param client drawn at random by whoever makes requests, once
 * @param number of the request among those of the client
 */
public record RequestId(long client, long number) {
  static final int BYTES = 16;

  void write(WireWriter out) {
    out.int64(client).int64(number);
  }

  static RequestId read(WireReader in) {
    return new RequestId(in.int64(), in.int64());
  }

  @Override
  public String toString() {
    return Long.toHexString(client) + "/" + number;
  }
}
