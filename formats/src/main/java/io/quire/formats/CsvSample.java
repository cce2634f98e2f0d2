package io.quire.formats;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Keeps the fields of one record. */
final class CsvSample implements CsvRecords.Sink {
  final List<Value> fields = new ArrayList<>();

  private final byte[] nullText;

  /** A copy of a field. */
  record Value(byte[] bytes, boolean quoted, boolean isNull) {
    String text() {
      return new String(bytes, StandardCharsets.UTF_8);
    }
  }

  CsvSample(String nullText) {
    this.nullText = nullText.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void field(int index, byte[] b, int len, boolean quoted) {
    if (index < SchemaText.COLUMNS_MAX) {
      byte[] bytes = Arrays.copyOf(b, len);
      fields.add(new Value(bytes, quoted, !quoted && Arrays.equals(bytes, nullText)));
    }
  }
}
