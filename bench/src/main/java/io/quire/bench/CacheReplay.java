package io.quire.bench;

import io.quire.ager.Replay;

/** A way to choose what stays in memory, run over a trace. */
interface CacheReplay {
  /** As it is named in tables. */
  String name();

  /** Whether it knows what to do with sizes that differ. */
  boolean weighs();

  /**
   * What of the trace would have been found in memory, in units of its sizes.
   *
   * @param memory that there is, in the same units
   */
  long hits(Trace trace, int memory);

  /** The ager's, when nobody has declared a scan. */
  record Ours() implements CacheReplay {
    @Override
    public String name() {
      return "ours";
    }

    @Override
    public boolean weighs() {
      return true;
    }

    @Override
    public long hits(Trace trace, int memory) {
      Replay replay = new Replay(memory);
      long hits = 0;
      for (int i = 0; i < trace.length(); i++) {
        int extent = trace.use(i);
        hits += replay.access(extent, trace.size(extent)) ? trace.size(extent) : 0;
      }
      return hits;
    }
  }
}
