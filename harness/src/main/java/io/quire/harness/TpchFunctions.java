package io.quire.harness;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.datasets.Accumulator;
import io.quire.datasets.Datasets;
import io.quire.datasets.LoadFunction;
import io.quire.datasets.ScanFunction;
import io.quire.harness.tpch.LineitemPart;
import io.quire.harness.tpch.Q1;
import io.quire.harness.tpch.Q6;
import io.quire.harness.tpch.Query;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * TPC-H as functions of data sets: {@value #LOAD} fills extents, the queries run where they are.
 */
final class TpchFunctions {
  static final String LOAD = "tpch.lineitem";
  static final String Q1_NAME = "tpch.q1";
  static final String Q6_NAME = "tpch.q6";

  private TpchFunctions() {}

  static void register(Datasets datasets) {
    datasets.register(LOAD, load());
    datasets.register(Q1_NAME, new QueryFunction<>(new Q1()));
    datasets.register(Q6_NAME, new QueryFunction<>(new Q6()));
  }

  static byte[] arguments(double scale, int commentPoolBytes) {
    return new WireWriter().int64(Double.doubleToLongBits(scale)).int32(commentPoolBytes).toBytes();
  }

  private static LoadFunction load() {
    return (arguments, part, parts, sink) -> {
      WireReader in = new WireReader(arguments);
      double scale = Double.longBitsToDouble(in.int64());
      LineitemPart lineitem = LineitemPart.of(scale, part + 1, parts).withCommentPool(in.int32());
      try {
        lineitem.load(
            (group, rows, column, bytes, fill) -> sink.extent(group, column, rows, bytes, fill));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("loading lineitem: part=" + part + " of=" + parts);
      }
    };
  }

  private record QueryFunction<P>(Query<P> query) implements ScanFunction {
    @Override
    public int[] columns(byte[] arguments) {
      return query.columns().stream().mapToInt(Integer::intValue).toArray();
    }

    @Override
    public Accumulator begin(byte[] arguments) {
      return new Running<>(query, query.empty());
    }
  }

  private static final class Running<P> implements Accumulator {
    private final Query<P> query;
    private P total;

    Running(Query<P> query, P empty) {
      this.query = query;
      total = empty;
    }

    @Override
    public void group(long rows, MemorySegment[] columns) {
      total = query.merge(total, query.scan(Math.toIntExact(rows), List.of(columns)));
    }

    @Override
    public byte[] partial() {
      WireWriter out = new WireWriter();
      query.write(total, out);
      return out.toBytes();
    }
  }

  /** Puts the partial results of a query together and prints the answer. */
  static <P> List<String> answer(Query<P> query, List<byte[]> partials) {
    P total = query.empty();
    for (byte[] partial : partials) {
      total = query.merge(total, query.read(new WireReader(partial)));
    }
    return query.lines(total);
  }
}
