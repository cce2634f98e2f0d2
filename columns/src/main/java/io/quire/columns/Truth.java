package io.quire.columns;

import java.util.Arrays;

/**
 * What a filter says of each row: yes, no, or, where neither is marked, unknown. Owns its arrays.
 */
record Truth(long[] yes, long[] no) {
  static long[] ones(int rows) {
    long[] words = new long[Memory.words(rows)];
    Arrays.fill(words, -1);
    if ((rows & 63) != 0) {
      words[words.length - 1] = (1L << (rows & 63)) - 1;
    }
    return words;
  }

  static Truth always(int rows) {
    return new Truth(ones(rows), new long[Memory.words(rows)]);
  }

  Truth not() {
    return new Truth(no, yes);
  }

  /** Changes and gives this. */
  Truth and(Truth other) {
    for (int i = 0; i < yes.length; i++) {
      yes[i] &= other.yes[i];
      no[i] |= other.no[i];
    }
    return this;
  }

  /** Changes and gives this. */
  Truth or(Truth other) {
    for (int i = 0; i < yes.length; i++) {
      yes[i] |= other.yes[i];
      no[i] &= other.no[i];
    }
    return this;
  }
}
