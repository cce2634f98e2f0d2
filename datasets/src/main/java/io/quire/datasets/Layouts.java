package io.quire.datasets;

import io.quire.ager.ObjectCache;
import io.quire.base.WireReader.MalformedException;
import io.quire.ns.Namespaces;
import io.quire.ns.NsException;
import io.quire.ns.NsObject;
import io.quire.ns.NsRef;
import org.jspecify.annotations.Nullable;

/** The layouts of datasets, decoded once for each version of the object. Any thread. */
final class Layouts {
  /** What an object of this module is called. */
  static final String KIND = "dataset";

  /** In extents: 400,000 of them are about 100 MB of heap. */
  private static final long CACHED_EXTENTS_MAX = 400_000;

  private final Namespaces namespaces;

  /** What references that are taken here tell of their holders. */
  static final String READS = "reads a data set";

  static final String SERVES = "reads a data set for another node";

  private final ObjectCache<Version, Layout> cache;

  private record Version(long xid, long version) {}

  /** An object whose data stay as long as this is open, as far as this node has a say in it. */
  record Opened(NsObject object, Layout layout, @Nullable NsRef reference)
      implements AutoCloseable {
    @Override
    public void close() {
      if (reference != null) {
        reference.close();
      }
    }
  }

  Layouts(Namespaces namespaces) {
    this(
        namespaces,
        new ObjectCache<>(CACHED_EXTENTS_MAX, layout -> 1 + layout.descriptor().extents().size()));
  }

  private Layouts(Namespaces namespaces, ObjectCache<Version, Layout> cache) {
    this.namespaces = namespaces;
    this.cache = cache;
  }

  /** The same, opened by another. */
  Layouts by(Namespaces another) {
    return new Layouts(another, cache);
  }

  /**
   * The layout of an object.
   *
   * @throws DatasetsException.NotADataset if it has none
   */
  Layout of(NsObject object) {
    if (!object.kind().equals(KIND)) {
      throw new DatasetsException.NotADataset(
          "not a dataset: name=" + object.name() + " kind=" + object.kind());
    }
    return cache.get(new Version(object.xid(), object.version()), _ -> decode(object));
  }

  private static Layout decode(NsObject object) {
    try {
      return Layout.of(object.xid(), DescriptorCodec.read(object.value()));
    } catch (MalformedException e) {
      throw new DatasetsException.NotADataset(
          "not a descriptor: name="
              + object.name()
              + " xid="
              + object.xidText()
              + " reason="
              + e.getMessage());
    }
  }

  /**
   * Takes a reference for one who works with the whole of the version seen. A reference keeps the
   * data of all versions.
   *
   * @throws DatasetsException.Gone if the object was deleted
   */
  Opened open(NsObject seen) {
    try {
      NsRef reference = namespaces.open(seen.xid(), READS).orElseThrow(() -> gone(seen));
      return opened(seen, reference);
    } catch (NsException.Draining e) {
      throw gone(seen);
    }
  }

  private static DatasetsException.Gone gone(NsObject seen) {
    return new DatasetsException.Gone(
        "dataset was deleted: name=" + seen.name() + " xid=" + seen.xidText());
  }

  private Opened opened(NsObject version, NsRef reference) {
    try {
      return new Opened(version, of(version), reference);
    } catch (DatasetsException e) {
      reference.close();
      throw e;
    }
  }

  /**
   * Takes a reference for one who serves another member, which holds one itself; an object that
   * drains is served without. Null if there is no such object.
   */
  @Nullable Opened serve(long xid) {
    try {
      NsRef reference = namespaces.open(xid, SERVES).orElse(null);
      return reference == null ? null : opened(reference.object(), reference);
    } catch (NsException.Draining e) {
      NsObject object = namespaces.lookup(xid).orElse(null);
      return object == null ? null : new Opened(object, of(object), null);
    }
  }
}
