package io.quire.datasets;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.quire.ager.Ager;
import io.quire.ager.Copy;
import io.quire.ager.OrphanSearch.Need;
import io.quire.ager.OrphanSearch.Needs;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Durable copies that this node made for a load and was told not to keep: somebody else may have
 * taken the part over by them. They are given up when their load has ended without them. At the
 * limit the oldest are forgotten; a search for orphans finds them after this process' end. Any
 * thread.
 */
final class Doubtful {
  private static final int MAX = 100_000;

  @GuardedBy("this")
  private final Set<Left> left = new LinkedHashSet<>();

  private record Left(long load, long dataset, Copy copy) {}

  synchronized void add(long load, long dataset, Copy copy) {
    if (left.size() == MAX) {
      left.remove(left.iterator().next());
    }
    left.add(new Left(load, dataset, copy));
  }

  private synchronized List<Left> all() {
    return new ArrayList<>(left);
  }

  private synchronized void settled(Left one) {
    left.remove(one);
  }

  /**
   * Gives up those that are not needed.
   *
   * @throws io.quire.ns.NsException if this node cannot know
   */
  void look(Needs needs, Origins origins, Ager ager) {
    for (Left one : all()) {
      Need need = needs.of(one.copy, origins.of(one.load, one.dataset));
      if (need == Need.NOT_NEEDED) {
        ager.deleteCopy(one.copy);
        settled(one);
      }
    }
  }
}
