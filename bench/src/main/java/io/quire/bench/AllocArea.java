package io.quire.bench;

import io.quire.bench.Question.Better;
import io.quire.bench.Question.Entrant;
import io.quire.bench.Question.Row;
import java.util.List;

/** The division of the ager's memory, beside allocators that are not told what it is for. */
final class AllocArea implements Area {
  private static final String NONE = "none: memory";
  private static final String JEMALLOC = "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2";

  @Override
  public String name() {
    return "alloc";
  }

  @Override
  public String title() {
    return "allocators of extents, at nine tenths of their memory";
  }

  @Override
  public List<Question> questions() {
    return List.of(
        churn("alloc", new ChurnProcess.Load(2L << 30, 4 << 10, 64 << 20), 400_000),
        churn("alloc-small", new ChurnProcess.Load(1L << 30, 4 << 10, 1 << 20), 10_000_000));
  }

  private static Question churn(String id, ChurnProcess.Load load, int operations) {
    Job job = Job.of(Job.Kind.CHURN, id, 1, 0).withObjects(operations);
    return new Question(
        id,
        "%,d random allocations and frees, %s; every page is written to"
            .formatted(operations, load),
        List.of(
            new Row(id, "1/s", Better.HIGHER, "none of them faster", NONE),
            new Row(id + "-failures", "", Better.LOWER, "0", NONE),
            new Row(id + "-moved", "bytes/byte", Better.LOWER, "far below 1", NONE),
            new Row(id + "-resident", "%", Better.LOWER, "102% of the limit and 64 MiB", NONE),
            new Row(id + "-waste", "%", Better.LOWER, "12.5% and a page", NONE),
            new Row(id + "-p50", "us", Better.LOWER, "below a page-in of its size", NONE),
            new Row(id + "-p99", "us", Better.LOWER, "below a page-in of its size", NONE)),
        List.of(
            new Entrant("ours", process(id, "runs", load), job, false),
            new Entrant(
                "ours, long runs at the other end", process(id, "runs-two-ends", load), job, true),
            new Entrant("a range for each size class", process(id, "classes", load), job, false),
            new Entrant("glibc malloc", process(id, "malloc", load), job, false),
            new Entrant("jemalloc", process(id, "malloc", load).withLibrary(JEMALLOC), job, false),
            new Entrant("netty pooled", process(id, "netty-pooled", load), job, false),
            new Entrant("netty adaptive", process(id, "netty-adaptive", load), job, false)));
  }

  private static ChurnProcess process(String id, String allocator, ChurnProcess.Load load) {
    return new ChurnProcess(id + "-" + allocator, allocator, load, "");
  }
}
