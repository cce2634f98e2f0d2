package io.quire.formats;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Rows of CSV. A field goes into its column while the parser is still at it. */
final class CsvRows implements Rows {
  private static final int NO_COLUMN = -1;

  private final CsvRecords records;
  private final String name;
  private final byte[] nullText;
  private final boolean closed;
  private final int[] columnOfField;
  private final int[] missing;
  private final long begin;
  private @Nullable Batch batch;
  private @Nullable BadRecord bad;

  /**
   * Where the fields of a file go.
   *
   * @param columnOfField index in the batch for each field, or -1
   * @param missing columns of the batch that are no field
   */
  record Mapping(int[] columnOfField, int[] missing) {}

  CsvRows(Split.OfFile split, Format.Csv csv, LineReader lines, int recordBytes, Mapping mapping) {
    name = split.file().uri();
    begin = split.offset();
    nullText = csv.nullText().getBytes(StandardCharsets.UTF_8);
    closed = csv.closed();
    columnOfField = mapping.columnOfField;
    missing = mapping.missing;
    records = new CsvRecords(lines, csv, recordBytes, name, this::field);
  }

  /**
   * Maps by names.
   *
   * @param header names of the file's fields
   * @param wanted names of the batch's columns
   */
  static Mapping map(String file, List<String> header, List<String> wanted) {
    Map<String, Integer> places = new HashMap<>();
    for (String column : wanted) {
      places.put(column, places.size());
    }
    int[] columnOfField = new int[header.size()];
    boolean[] found = new boolean[wanted.size()];
    for (int i = 0; i < header.size(); i++) {
      int column = places.getOrDefault(header.get(i), NO_COLUMN);
      if (column != NO_COLUMN && found[column]) {
        throw new FormatsException.BadSchema(
            "column twice in the header: file=%s column=%s".formatted(file, header.get(i)));
      }
      columnOfField[i] = column;
      if (column != NO_COLUMN) {
        found[column] = true;
      }
    }
    int[] missing = new int[wanted.size()];
    int count = 0;
    for (int i = 0; i < found.length; i++) {
      if (!found[i]) {
        missing[count++] = i;
      }
    }
    return new Mapping(columnOfField, Arrays.copyOf(missing, count));
  }

  @Override
  public boolean next(Batch into) throws IOException, BadRecord {
    batch = into;
    bad = null;
    if (!records.next()) {
      return false;
    }
    int wanted = columnOfField.length + (closed ? 1 : 0);
    if (records.fields() != wanted) {
      throw new BadRecord("fields of a row: found=" + records.fields() + " wanted=" + wanted);
    }
    if (bad != null) {
      throw bad;
    }
    for (int column : missing) {
      into.setNull(column);
    }
    return true;
  }

  private void field(int index, byte[] b, int len, boolean quoted) {
    if (bad != null || batch == null) {
      return;
    }
    try {
      if (index >= columnOfField.length) {
        if (closed && index == columnOfField.length && len > 0) {
          throw new BadRecord("text behind the last delimiter");
        }
      } else if (columnOfField[index] != NO_COLUMN) {
        if (!quoted && Arrays.equals(b, 0, len, nullText, 0, nullText.length)) {
          batch.setNull(columnOfField[index]);
        } else {
          batch.set(columnOfField[index], b, 0, len);
        }
      }
    } catch (BadRecord e) {
      bad = e;
    }
  }

  @Override
  public BadRow bad(String reason) {
    return new BadRow(name, BadRow.Place.BYTE, records.at(), reason, records.text());
  }

  @Override
  public long bytesRead() {
    return records.nextAt() - begin;
  }

  @Override
  public void close() throws IOException {
    records.close();
  }
}
