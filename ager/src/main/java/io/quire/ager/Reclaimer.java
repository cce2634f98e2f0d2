package io.quire.ager;

/**
 * Makes room for those who did not find any at once: evicts, and moves extents together. A thread
 * of its own, because who reads ahead or pins without waiting has none to give.
 */
final class Reclaimer {
  private static final long IDLE_NANOS = 100_000_000L;

  private final Memory memory;

  Reclaimer(Memory memory) {
    this.memory = memory;
  }

  /** Serves whom it can, or waits. */
  void step() throws InterruptedException {
    Rooms.Work work = memory.serve(IDLE_NANOS);
    if (work != null) {
      memory.carryOut(work);
    }
  }
}
