package io.quire.datasets;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.List;

/** Loads columns of longs, and adds them up. */
final class SumFunctions {
  static final int GROUPS = 5;
  static final int ROWS = 500;

  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

  private SumFunctions() {}

  static void register(Datasets datasets) {
    datasets.register("numbers", SumFunctions::load);
    datasets.register("sum", new Sum());
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

  /** Adds up column 1, having checked that column 0 is half of it. */
  static final class Sum implements ScanFunction {
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
