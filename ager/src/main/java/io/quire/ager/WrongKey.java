package io.quire.ager;

import java.io.IOException;
import java.util.List;

/** A copy was encrypted with a key that this process was not given; it may be quite whole. */
final class WrongKey extends IOException {
  private static final long serialVersionUID = 1;

  WrongKey(String wanted, List<String> found, String file) {
    super(
        "encrypted with another key: keyWanted=%s keysFound=%s keyFile=%s"
            .formatted(wanted, found, file));
  }
}
