package io.quire.bench;

/**
 * Uses of extents, in their order. Extents are numbered from 0; each has one size. Where a trace
 * knows no sizes, each is 1.
 */
final class Trace {
  private final int[] uses;
  private final int[] sizes;

  /**
   * @param uses numbers of extents
   * @param sizes by number; not negative, and positive for whoever is used
   */
  Trace(int[] uses, int[] sizes) {
    this.uses = uses;
    this.sizes = sizes;
  }

  int length() {
    return uses.length;
  }

  int use(int at) {
    return uses[at];
  }

  int extents() {
    return sizes.length;
  }

  int size(int extent) {
    return sizes[extent];
  }

  /** Whether some are larger than others. */
  boolean sized() {
    for (int size : sizes) {
      if (size != 1) {
        return true;
      }
    }
    return false;
  }

  /** Of all uses together. */
  long usedSize() {
    long sum = 0;
    for (int use : uses) {
      sum += sizes[use];
    }
    return sum;
  }

  /** Of all extents together. */
  long allSize() {
    long sum = 0;
    for (int size : sizes) {
      sum += size;
    }
    return sum;
  }
}
