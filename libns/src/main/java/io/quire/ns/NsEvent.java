package io.quire.ns;

/** A change of an object. */
public sealed interface NsEvent {
  /** The object as it is after the change; what was freed, as it was before. */
  NsObject object();

  /** Where the change stands in the log. */
  long position();

  /** It was created. */
  record Created(NsObject object) implements NsEvent {
    @Override
    public long position() {
      return object.version();
    }
  }

  /** It has another value. */
  record Updated(NsObject before, NsObject object) implements NsEvent {
    @Override
    public long position() {
      return object.version();
    }
  }

  /** It has another name, or another namespace, or both. */
  record Renamed(NsObject before, NsObject object) implements NsEvent {
    @Override
    public long position() {
      return object.version();
    }
  }

  /** It has no name any more, and waits for its last reference. */
  record Deleted(NsObject before, NsObject object) implements NsEvent {
    @Override
    public long position() {
      return object.version();
    }
  }

  /** Its last reference is gone, and so are its data. */
  record Freed(NsObject object, long position) implements NsEvent {}
}
