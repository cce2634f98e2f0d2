package org.apache.arrow.memory.unsafe;

import io.quire.columns.ColumnMemory;
import org.apache.arrow.memory.AllocationManager;

/**
 * Where Arrow finds the memory of {@link ColumnMemory}. Arrow looks this class up by its name, and
 * reads the field by reflection; it has no other way to be given an allocation manager, since its
 * own default is made before any that is asked for. See decision 27.
 */
public final class DefaultAllocationManagerFactory {
  static final AllocationManager.Factory FACTORY = ColumnMemory.factory();

  private DefaultAllocationManagerFactory() {}
}
