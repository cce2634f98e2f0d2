package io.quire.datasets;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Loads columns of longs, and adds them up. */
final class SumFunctions {
  static final int GROUPS = 5;
  static final int ROWS = 500;

  static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

  private SumFunctions() {}

  static void register(Datasets datasets) {
    datasets.register("numbers", SumFunctions::load);
    datasets.register("sum", new Sum());
    datasets.register("pick", new Pick());
    datasets.register(
        "broken",
        (arguments, part, _, sink) -> {
          load(arguments, part, 0, sink);
          if (part == 3) {
            throw new IOException("no such file");
          }
        });
  }

  /** Part p, group g, row r: column 0 has p + g + r, column 1 has twice that. */
  static void load(byte[] arguments, int part, int parts, ExtentSink sink) {
    for (int group = 0; group < GROUPS; group++) {
      for (int column = 0; column < 2; column++) {
        int base = part + group;
        int factor = column + 1;
        sink.extent(
            group,
            column,
            ROWS,
            ROWS * 8L,
            segment -> {
              for (int row = 0; row < ROWS; row++) {
                segment.setAtIndex(LONG, row, (long) factor * (base + row));
              }
            });
      }
    }
  }

  /** What the sum of column 1 must be. */
  static long expected(int parts) {
    long sum = 0;
    for (int part = 0; part < parts; part++) {
      for (int group = 0; group < GROUPS; group++) {
        for (int row = 0; row < ROWS; row++) {
          sum += 2L * (part + group + row);
        }
      }
    }
    return sum;
  }

  static long total(List<byte[]> partials) {
    return partials.stream().mapToLong(partial -> ByteBuffer.wrap(partial).getLong()).sum();
  }

  /** What {@link Pick} must give of some parts, in order. */
  static List<Long> picked(int parts) {
    List<Long> values = new ArrayList<>();
    for (int part = 0; part < parts; part++) {
      for (int group = 0; group < GROUPS; group++) {
        for (int row = 0; row < ROWS; row++) {
          values.add(2L * (part + group + row));
        }
      }
    }
    return values;
  }

  static List<Long> values(byte[] batch) {
    List<Long> values = new ArrayList<>();
    ByteBuffer bytes = ByteBuffer.wrap(batch);
    while (bytes.hasRemaining()) {
      values.add(bytes.getLong());
    }
    return values;
  }

  /** Gives column 1, 100 rows at a time, having checked that column 0 is half of it. */
  static class Pick implements StreamFunction {
    static final int BATCH_ROWS = 100;

    @Override
    public int[] columns(byte[] arguments) {
      return new int[] {0, 1};
    }

    @Override
    public Batch pick(
        byte[] arguments, long rows, MemorySegment[] columns, long from, int bytesMax) {
      long end = Math.min(rows, from + BATCH_ROWS);
      ByteBuffer bytes = ByteBuffer.allocate((int) (end - from) * 8);
      for (long row = from; row < end; row++) {
        long value = columns[1].getAtIndex(LONG, row);
        if (value != 2 * columns[0].getAtIndex(LONG, row)) {
          throw new IllegalStateException("columns are mixed up: row=" + row);
        }
        bytes.putLong(value);
      }
      return new Batch(bytes.array(), end == rows ? 0 : end);
    }
  }

  /** Adds up column 1, having checked that column 0 is half of it. */
  static class Sum implements ScanFunction {
    @Override
    public int[] columns(byte[] arguments) {
      return new int[] {1, 0};
    }

    @Override
    public Accumulator begin(byte[] arguments) {
      return new Accumulator() {
        private long sum;

        @Override
        public void group(long rows, MemorySegment[] columns) {
          for (int row = 0; row < rows; row++) {
            long value = columns[0].getAtIndex(LONG, row);
            if (value != 2 * columns[1].getAtIndex(LONG, row)) {
              throw new IllegalStateException("columns are mixed up: row=" + row);
            }
            sum += value;
          }
        }

        @Override
        public byte[] partial() {
          return ByteBuffer.allocate(8).putLong(sum).array();
        }
      };
    }
  }
}
