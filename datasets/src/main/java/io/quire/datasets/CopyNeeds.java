package io.quire.datasets;

import io.quire.ager.Copy;
import io.quire.ager.ObjectCache;
import io.quire.ager.Origin;
import io.quire.ager.OrphanSearch.Need;
import io.quire.ager.OrphanSearch.Needs;
import io.quire.base.Member;
import io.quire.ns.Namespaces;
import io.quire.ns.NsObject;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;

/**
 * Whether durable copies are needed, as the log says. A copy is, as long as its load stands in the
 * log, and if the current version of its object has it. It is not if neither is so: both are asked
 * after the copy was found, so after its load was begun; a load ends once, in the moment in which
 * what it made is published, if it is; and a version has all that those before it have. So the load
 * is asked first.
 *
 * <p>Throws {@link io.quire.ns.NsException} when this node cannot know. For one search.
 */
final class CopyNeeds implements Needs {
  /** In extents. */
  private static final long CACHED_EXTENTS_MAX = 200_000;

  private final Namespaces namespaces;
  private final Layouts layouts;
  private final Members members;
  private final UUID cluster;
  private final ObjectCache<Version, Set<Place>> places =
      new ObjectCache<>(CACHED_EXTENTS_MAX, set -> 1 + set.size());

  private record Version(long xid, long version) {}

  /** Names of files are unique, whatever a store is called where. */
  private record Place(String file, long offset) {}

  CopyNeeds(Namespaces namespaces, Layouts layouts, Members members) {
    this.namespaces = namespaces;
    this.layouts = layouts;
    this.members = members;
    cluster = namespaces.cluster();
  }

  @Override
  public Need of(Copy copy, Origin origin) {
    if (!origin.cluster().equals(cluster)) {
      return Need.UNKNOWN;
    }
    if (namespaces.reservation(origin.load()).isPresent()) {
      return Need.NEEDED;
    }
    NsObject object = namespaces.lookup(origin.object()).orElse(null);
    if (object == null) {
      return Need.NOT_NEEDED;
    }
    try {
      Version version = new Version(object.xid(), object.version());
      return places.get(version, _ -> places(object)).contains(place(copy))
          ? Need.NEEDED
          : Need.NOT_NEEDED;
    } catch (DatasetsException.NotADataset e) {
      return Need.UNKNOWN;
    }
  }

  private Set<Place> places(NsObject object) {
    Set<Place> all = new HashSet<>();
    for (ExtentInfo info : layouts.of(object).descriptor().extents()) {
      Copy copy = info.durable();
      if (copy != null) {
        all.add(place(copy));
      }
    }
    return all;
  }

  private static Place place(Copy copy) {
    return new Place(copy.file(), copy.offset());
  }

  @Override
  public boolean lives(String owner) {
    for (Member member : members.view().members()) {
      if (Datasets.owner(member).equals(owner)) {
        return true;
      }
    }
    return false;
  }
}
