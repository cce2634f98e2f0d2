package io.quire.gvm;

/** A read of globally visible memory that could not be answered. It changed nothing. */
public abstract sealed class GvmException extends RuntimeException {
  private static final long serialVersionUID = 1;

  GvmException(String message) {
    super(message);
  }

  /** This node is not in the view, or cannot know that it still is. */
  public static final class NotInView extends GvmException {
    private static final long serialVersionUID = 1;

    /** The message ends with what was being done. */
    public NotInView(String doing) {
      super("this node is not in the view: " + doing);
    }
  }

  /** A transaction on the key was under way for longer than the caller wanted to wait. */
  public static final class Undecided extends GvmException {
    private static final long serialVersionUID = 1;

    /** The message ends with what was being done. */
    public Undecided(String doing) {
      super("a transaction is under way for too long: " + doing);
    }
  }

  /** What was asked for lies further back than this node remembers. Nothing changed. */
  public static final class TooOld extends GvmException {
    private static final long serialVersionUID = 1;
    private final long oldest;

    TooOld(String doing, long position, long oldest) {
      super("too old: " + doing + " position=" + position + " oldest=" + oldest);
      this.oldest = oldest;
    }

    /** From this position on it can be asked for. */
    public long oldest() {
      return oldest;
    }
  }
}
