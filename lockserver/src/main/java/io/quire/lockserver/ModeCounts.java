package io.quire.lockserver;

/** How many there are in each mode: whether they admit one more is known without asking each. */
final class ModeCounts {
  private static final LockMode[] MODES = LockMode.values();

  private final int[] counts = new int[MODES.length];

  void add(LockMode mode) {
    counts[mode.ordinal()]++;
  }

  void remove(LockMode mode) {
    counts[mode.ordinal()]--;
  }

  /** Whether all of them admit one more of this mode. */
  boolean admit(LockMode wanted) {
    for (LockMode mode : MODES) {
      if (counts[mode.ordinal()] > 0 && !mode.admits(wanted)) {
        return false;
      }
    }
    return true;
  }

  /** Whether some mode may be admitted. */
  boolean admitSome() {
    for (LockMode mode : MODES) {
      if (admit(mode)) {
        return true;
      }
    }
    return false;
  }
}
