package io.quire.gvm;

import java.util.List;

/** Follows the cells on the loop, in log order, while each transaction is being applied. */
public interface CellListener {
  /**
   * A transaction took effect: the cells are what its steps made of them. There may be none; the
   * removal of what was absent is none.
   */
  void committed(long position, List<Step> steps);

  /** The cells were replaced as a whole: look at all of them. */
  void restored(long position);
}
