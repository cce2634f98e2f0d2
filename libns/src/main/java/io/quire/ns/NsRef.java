package io.quire.ns;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A reference to an object. While one is held on any node in the view, the data of the object stay,
 * even if it is deleted. Any thread.
 */
public final class NsRef implements AutoCloseable {
  private static final VarHandle CLOSED;

  static {
    try {
      CLOSED = MethodHandles.lookup().findVarHandle(NsRef.class, "closed", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Namespaces namespaces;
  private final NsObject object;
  private final RefTable.Word word;
  private final Holdings.@Nullable Held held;
  private volatile boolean closed;

  NsRef(Namespaces namespaces, NsObject object, RefTable.Word word) {
    this(namespaces, object, word, null);
  }

  private NsRef(
      Namespaces namespaces, NsObject object, RefTable.Word word, Holdings.@Nullable Held held) {
    this.namespaces = namespaces;
    this.object = object;
    this.word = word;
    this.held = held;
  }

  /** The same reference, of which is known who holds it; this one is not to be used any more. */
  NsRef heldBy(Holdings.Held holder) {
    return new NsRef(namespaces, object, word, holder);
  }

  /** It has a mode now. */
  void openedAs(NsOpen open) {
    if (held != null) {
      held.opened(open);
    }
  }

  /** The object as it was when it was opened. */
  public NsObject object() {
    return object;
  }

  /** Drops the reference; a second call does nothing. */
  @Override
  public void close() {
    if (CLOSED.compareAndSet(this, false, true)) {
      if (held != null) {
        held.close();
      }
      word.put();
    }
  }

  /** Drops the reference and deletes the object, unless somebody changed or deleted it since. */
  public void putAndDelete() {
    close();
    namespaces.delete(object);
  }
}
