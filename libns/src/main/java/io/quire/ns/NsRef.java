package io.quire.ns;

/**
 * A reference to an object. While one is held on any node in the view, the data of the object stay,
 * even if it is deleted. Any thread.
 */
public final class NsRef implements AutoCloseable {
  private final Namespaces namespaces;
  private final NsObject object;
  private final RefTable.Word word;
  private boolean closed;

  NsRef(Namespaces namespaces, NsObject object, RefTable.Word word) {
    this.namespaces = namespaces;
    this.object = object;
    this.word = word;
  }

  /** The object as it was when it was opened. */
  public NsObject object() {
    return object;
  }

  /** Drops the reference; a second call does nothing. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      word.put();
    }
  }

  /** Drops the reference and deletes the object, unless somebody changed or deleted it since. */
  public void putAndDelete() {
    close();
    namespaces.delete(object);
  }
}
