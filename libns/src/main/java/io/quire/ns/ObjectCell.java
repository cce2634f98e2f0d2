package io.quire.ns;

import io.quire.gvm.Versioned;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The cell of an object: the object, in the place of its bytes. It is wrapped as lookups answer it,
 * so that they make nothing. And whoever opens it finds all that he needs in the cell itself: with
 * many objects each one more that is looked into is another line of memory to wait for.
 */
final class ObjectCell extends Versioned {
  /** There is no object. It stands in no cell. */
  static final ObjectCell NONE = new ObjectCell(0, Optional.empty());

  private final Optional<NsObject> found;
  private final @Nullable NsObject object;
  private final boolean draining;

  /** Set by whoever opens it first, by a race: all find the same one. */
  private RefTable.@Nullable Word references;

  ObjectCell(NsObject object) {
    this(object.version(), Optional.of(object));
  }

  private ObjectCell(long version, Optional<NsObject> found) {
    super(version);
    this.found = found;
    object = found.orElse(null);
    draining = object != null && object.draining();
  }

  NsObject object() {
    if (object == null) {
      throw new NoSuchElementException("no object stands here");
    }
    return object;
  }

  /** As the object says. */
  boolean draining() {
    return draining;
  }

  Optional<NsObject> found() {
    return found;
  }

  /**
   * The references to it on this node; they count if it is {@link #current} after one was taken.
   */
  RefTable.Word references(RefTable table) {
    RefTable.Word known = references;
    if (known == null) {
      known = table.word(object().xid());
      references = known;
    }
    return known;
  }

  @Override
  public byte[] value() {
    return ObjectCodec.write(object());
  }
}
