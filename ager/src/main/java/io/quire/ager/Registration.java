package io.quire.ager;

/** A listener is told of things until this is closed. */
public final class Registration implements AutoCloseable {
  private final Runnable end;

  Registration(Runnable end) {
    this.end = end;
  }

  /** It is not told any more, but for a call that is under way. Further calls do nothing. */
  @Override
  public void close() {
    end.run();
  }
}
