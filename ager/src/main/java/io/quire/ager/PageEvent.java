package io.quire.ager;

/**
 * What has become of extents, as {@link Ager#listen} tells it. Events of one extent come in the
 * order in which they happened; when one is told, more may have happened since.
 */
public sealed interface PageEvent {
  /** It has its bytes, for ever. */
  record Sealed(Extent extent) implements PageEvent {}

  /** It has a verified copy in a store, so that its memory may go. */
  record Written(Extent extent, String store) implements PageEvent {}

  /** It has a durable copy. */
  record Persisted(Extent extent, Copy copy) implements PageEvent {}

  /** It is not in memory any more. */
  record Evicted(Extent extent) implements PageEvent {}

  /** It was read from a store, and is in memory again. */
  record PagedIn(Extent extent) implements PageEvent {}

  /** It was to be read, and no copy verified. */
  record Lost(Extent extent) implements PageEvent {}

  /** It cannot be pinned any more. */
  record Dropped(Extent extent) implements PageEvent {}

  /** So many events were not kept, because the listener was too slow. */
  record Missed(long count) implements PageEvent {}
}
