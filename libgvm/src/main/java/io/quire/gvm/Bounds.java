package io.quire.gvm;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What whoever owns keys limits besides the {@link Limits} of all. Asked where a transaction stands
 * in the log, on all nodes alike, so the answer must follow from the applied cells alone.
 */
@FunctionalInterface
public interface Bounds {
  /** The first limit that the steps would exceed, or null. On the loop; short. */
  Limits.@Nullable Exceeded exceededBy(List<Step> steps);
}
