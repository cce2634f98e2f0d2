package io.quire.ns;

import io.quire.gvm.Versioned;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The cell of an object: the object, in the place of its bytes. It is wrapped as lookups answer it,
 * so that they make nothing.
 */
final class ObjectCell extends Versioned {
  /** There is no object. It stands in no cell. */
  static final ObjectCell NONE = new ObjectCell(0, Optional.empty());

  private final Optional<NsObject> object;

  /** Set by whoever opens it first, by a race: all find the same one. */
  private RefTable.@Nullable Word references;

  ObjectCell(NsObject object) {
    this(object.version(), Optional.of(object));
  }

  private ObjectCell(long version, Optional<NsObject> object) {
    super(version);
    this.object = object;
  }

  NsObject object() {
    return object.orElseThrow();
  }

  Optional<NsObject> found() {
    return object;
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
