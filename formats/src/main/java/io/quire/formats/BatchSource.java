package io.quire.formats;

import java.io.IOException;
import org.apache.arrow.vector.VectorSchemaRoot;

/** Fills batches from rows, and judges how many are bad. */
final class BatchSource implements RecordSource {
  private static final int ROWS_A_REPORT = 256;

  private final String input;
  private final long size;
  private final Rows rows;
  private final Batch batch;
  private final BadRowLimit limit;
  private final BadRows sink;

  private long rowsHere;
  private long badHere;
  private boolean ended;
  private boolean failed;
  private String lastReason = "";

  private volatile long bytesRead;
  private volatile long rowCount;
  private volatile long badCount;

  BatchSource(Split split, Rows rows, Batch batch, BadRowLimit limit, BadRows sink) {
    input = split.toString();
    size = split.size();
    this.rows = rows;
    this.batch = batch;
    this.limit = limit;
    this.sink = sink;
  }

  @Override
  public VectorSchemaRoot batch() {
    return batch.root();
  }

  @Override
  public boolean next() {
    if (failed) {
      throw new IllegalStateException("has failed before: input=" + input);
    }
    boolean done = false;
    try {
      batch.begin();
      while (!batch.isFull() && !ended) {
        read();
      }
      int filled = batch.finish();
      done = true;
      return filled > 0;
    } catch (IOException e) {
      throw FileSystems.failed(input, e);
    } finally {
      failed = !done;
      report();
    }
  }

  private void read() throws IOException {
    try {
      if (rows.next(batch)) {
        batch.endRow();
        rowsHere++;
      } else {
        ended = true;
        judge();
      }
    } catch (BadRecord e) {
      batch.leaveRow();
      rowsHere++;
      badHere++;
      lastReason = e.reason();
      sink.bad(rows.bad(lastReason));
      judge();
    }
    if (rowsHere % ROWS_A_REPORT == 0) {
      report();
    }
  }

  private void judge() {
    if (limit.passed(badHere, rowsHere, ended)) {
      throw new FormatsException.TooManyBadRows(input, badHere, rowsHere, limit, lastReason);
    }
  }

  private void report() {
    long bytes = Math.max(bytesRead, rows.bytesRead());
    bytesRead = size == 0 ? bytes : ended ? size : Math.min(bytes, size);
    rowCount = rowsHere;
    badCount = badHere;
  }

  @Override
  public long bytesRead() {
    return bytesRead;
  }

  @Override
  public long rows() {
    return rowCount;
  }

  @Override
  public long badRows() {
    return badCount;
  }

  @Override
  public void close() {
    try {
      rows.close();
    } catch (IOException e) {
      throw FileSystems.failed(input, e);
    } finally {
      batch.close();
    }
  }
}
