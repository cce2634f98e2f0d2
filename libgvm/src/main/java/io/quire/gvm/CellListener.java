package io.quire.gvm;

import java.util.List;

/** Follows the cells on the loop, in log order, while each transaction is being applied. */
public interface CellListener {
  /** A transaction took effect, with the changes that it made; there may be none. */
  void committed(long position, List<Change> changes);

  /** The cells were replaced as a whole: look at all of them. */
  void restored(long position);
}
