package io.quire.tables;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.function.Function;

/**
 * What the newest few arguments mean: a scan is asked about the same ones for each of its groups,
 * and to read a large map that often would cost more than to look into it. Any thread may use it.
 *
 * @param <T> what they mean; immutable
 */
final class Known<T> {
  private static final int KEPT_MAX = 4;

  private final Function<byte[], T> reader;
  private final ArrayDeque<Entry<T>> newest = new ArrayDeque<>();

  private record Entry<T>(byte[] bytes, T meaning) {}

  Known(Function<byte[], T> reader) {
    this.reader = reader;
  }

  /** Reads them, unless it knows. The array must not be changed afterwards. */
  synchronized T of(byte[] bytes) {
    for (Entry<T> entry : newest) {
      if (entry.bytes == bytes || Arrays.equals(entry.bytes, bytes)) {
        return entry.meaning;
      }
    }
    T meaning = reader.apply(bytes);
    if (newest.size() == KEPT_MAX) {
      newest.removeLast();
    }
    newest.addFirst(new Entry<>(bytes, meaning));
    return meaning;
  }
}
