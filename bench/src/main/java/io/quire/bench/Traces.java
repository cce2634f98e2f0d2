package io.quire.bench;

import java.util.List;

/** All traces: those that are made, and those that ship with Caffeine's simulator. */
final class Traces {
  static final List<TraceSource> ALL =
      List.of(
          made("made-loop", "a loop over 2,000 extents", MadeTrace.Kind.LOOP),
          made("made-scans", "four loops at four speeds over the same", MadeTrace.Kind.SCANS),
          made("made-zipf", "points, Zipf 0.9", MadeTrace.Kind.ZIPF),
          made("made-mixed", "points, and a loop over others", MadeTrace.Kind.MIXED),
          made("made-sizes", "the same, sizes from 1 to 65,536 pages", MadeTrace.Kind.SIZES),
          made("made-switching", "loop, points, loop back, scans", MadeTrace.Kind.SWITCHING),
          lirs("loop", "a loop", 512),
          lirs("scan", "a loop", 1_500),
          lirs("zigzag", "back and forth", 1_500),
          lirs("backf", "back and forth", 500),
          lirs("cs", "C source browser", 500),
          lirs("cpp", "C preprocessor", 0),
          lirs("gli", "text retrieval (glimpse)", 1_500),
          lirs("ps", "trace of a PostgreSQL join", 1_500),
          lirs("multi1", "cs and cpp", 1_500),
          lirs("multi2", "cs, cpp and PostgreSQL", 1_500),
          lirs("multi3", "cpp, gli and PostgreSQL", 1_500),
          lirs("sprite", "a network file system", 500),
          lirs("2_pools", "index and data pages in turn", 500),
          shipped("corda", "a ledger's vault", 512, "corda", "trace_vaultservice.gz"),
          shipped("corda-large", "the same, longer", 512, "corda", "trace_vaultservice_large.gz"),
          shipped("gradle", "a build cache", 2_048, "gradle", "build-cache.xz"),
          shipped("w106", "a virtual disk", 100_000, "cloud-physics", "w106.trace.xz"),
          shipped("orm-busy", "an object mapper by day", 0, "cache2k", "orm-busy.trace.xz"),
          shipped("orm-night", "the same by night", 0, "cache2k", "orm-night.trace.xz"),
          shipped("web07", "a web site", 0, "cache2k", "web07.trace.xz"),
          shipped("web12", "a web site", 0, "cache2k", "web12.trace.xz"),
          shipped("gcc", "memory of a program", 0, "address", "gcc.trace.gz"),
          shipped("gzip", "memory of a program", 0, "address", "gzip.trace.gz"),
          shipped("mcf", "memory of a program", 0, "address", "mcf.trace.gz"),
          shipped("swim", "memory of a program", 0, "address", "swim.trace.gz"),
          shipped("twolf", "memory of a program", 0, "address", "twolf.trace.gz"),
          shipped("scarab-recs", "recommendations", 0, "scarab", "scarab-recs.trace.xz"),
          shipped("recs", "recommendations", 0, "scarab", "recs.trace.20160808T073231Z.xz"),
          shipped("prods", "products", 0, "scarab", "prods.trace.20160808T073231Z.xz"),
          shipped("request", "a content network, with sizes", 0, "adapt-size", "request.trace.xz"));

  private Traces() {}

  /**
   * The trace of a name.
   *
   * @throws IllegalArgumentException if there is none
   */
  static TraceSource named(String name) {
    return ALL.stream()
        .filter(each -> each.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no such trace: name=" + name));
  }

  private static TraceSource made(String name, String what, MadeTrace.Kind kind) {
    return new MadeTrace(name, what, kind);
  }

  private static TraceSource lirs(String name, String what, int memory) {
    return new ShippedTrace(name, what, memory, "lirs", name + ".trace.gz");
  }

  private static TraceSource shipped(
      String name, String what, int memory, String format, String file) {
    return new ShippedTrace(name, what, memory, format, file);
  }
}
