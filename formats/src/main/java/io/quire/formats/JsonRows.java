package io.quire.formats;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Rows of JSON lines. */
final class JsonRows implements Rows, JsonRecords.Sink {
  private final JsonRecords records;
  private final String name;
  private final long begin;
  private final boolean refuseUnknown;
  private final Map<String, Integer> columns = new HashMap<>();
  private final long[] setIn;
  private long row;
  private @Nullable Batch batch;

  /**
   * Reads rows.
   *
   * @param known names of all columns of the schema; those behind {@code wanted} are left
   * @param wanted names of the batch's columns
   */
  JsonRows(
      Split.OfFile split,
      Format.JsonLines format,
      LineReader lines,
      int recordBytes,
      List<String> known,
      List<String> wanted) {
    name = split.file().uri();
    begin = split.offset();
    refuseUnknown = format.refuseUnknown();
    known.forEach(column -> columns.put(column, -1));
    for (int i = 0; i < wanted.size(); i++) {
      columns.put(wanted.get(i), i);
    }
    setIn = new long[wanted.size()];
    records = new JsonRecords(lines, recordBytes, this);
  }

  @Override
  public boolean next(Batch into) throws IOException, BadRecord {
    batch = into;
    row++;
    if (!records.next()) {
      return false;
    }
    for (int i = 0; i < setIn.length; i++) {
      if (setIn[i] != row) {
        into.setNull(i);
      }
    }
    return true;
  }

  @Override
  public boolean wants(String field) throws BadRecord {
    Integer column = columns.get(field);
    if (column == null) {
      if (refuseUnknown) {
        throw new BadRecord("unknown field: name=" + field);
      }
      return false;
    }
    return column >= 0;
  }

  @Override
  public void field(String field, JsonRecords.Kind kind, byte[] b, int off, int len)
      throws BadRecord {
    int column = columns.getOrDefault(field, -1);
    if (column < 0 || batch == null) {
      return;
    }
    if (setIn[column] == row) {
      throw new BadRecord("field twice: name=" + field);
    }
    setIn[column] = row;
    if (kind == JsonRecords.Kind.NOTHING) {
      batch.setNull(column);
    } else if (kind == JsonRecords.Kind.NESTED && !batch.columns().get(column).isText()) {
      throw new BadRecord("an object or array in a column of values: column=" + field);
    } else {
      batch.set(column, b, off, len);
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
