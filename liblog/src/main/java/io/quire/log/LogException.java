package io.quire.log;

import io.quire.base.Position;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Why a log does not open, start or go on: one sentence each. */
public abstract sealed class LogException extends RuntimeException {
  private static final long serialVersionUID = 1;

  LogException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** The directory is another cluster's. Nothing was changed. */
  public static final class OtherClusterException extends LogException {
    private static final long serialVersionUID = 1;

    OtherClusterException(Path directory, String found, String wanted) {
      super(
          "directory belongs to another cluster: path="
              + directory
              + " found="
              + found
              + " wanted="
              + wanted,
          null);
    }
  }

  /** The directory is another node's. Nothing was changed. */
  public static final class OtherNodeException extends LogException {
    private static final long serialVersionUID = 1;

    OtherNodeException(Path directory, Object found, Object wanted) {
      super(
          "directory belongs to another node: path="
              + directory
              + " found="
              + found
              + " wanted="
              + wanted,
          null);
    }
  }

  /** The directory was written by a newer Quire. Nothing was changed. */
  public static final class NewerFormatException extends LogException {
    private static final long serialVersionUID = 1;

    NewerFormatException(Path file, int found, int newest) {
      super(
          "file has a newer format: path=" + file + " found=" + found + " newest known=" + newest,
          null);
    }
  }

  /**
   * The directory was written by an older Quire, and this one cannot read it. Nothing was changed.
   */
  public static final class OlderFormatException extends LogException {
    private static final long serialVersionUID = 1;

    OlderFormatException(Path file, int found, int oldest) {
      super(
          "file has an older format: path=" + file + " found=" + found + " oldest known=" + oldest,
          null);
    }
  }

  /** Somebody else has the directory open. Nothing was changed. */
  public static final class HeldException extends LogException {
    private static final long serialVersionUID = 1;

    HeldException(Path directory) {
      super("directory is held by a running log: path=" + directory, null);
    }
  }

  /** There is no log where one was looked for. */
  public static final class NoLogException extends LogException {
    private static final long serialVersionUID = 1;

    NoLogException(Path path) {
      super("no log is there: path=" + path + " wanted=identity or log/identity in it", null);
    }
  }

  /** Snapshots are there, and none is whole. Nothing was changed. */
  public static final class NoGoodSnapshotException extends LogException {
    private static final long serialVersionUID = 1;

    NoGoodSnapshotException(Path directory, String reasons) {
      super("no snapshot verifies: path=" + directory + " found=" + reasons, null);
    }
  }

  /** What a group of one had acknowledged is no longer there. Nothing was changed. */
  public static final class LogLostException extends LogException {
    private static final long serialVersionUID = 1;

    LogLostException(Path missing) {
      super(
          "the log of a group of one is missing, so all that was acknowledged here is lost: path="
              + missing,
          null);
    }
  }

  /** Files of the log are not what was written, and were not healed. Nothing was changed. */
  public static final class DamagedException extends LogException {
    private static final long serialVersionUID = 1;
    private final transient List<Damage> damages;

    DamagedException(Path directory, List<Damage> damages, String why) {
      super(
          "log is damaged: path=" + directory + " damages=" + damages + " healed=no, " + why, null);
      this.damages = List.copyOf(damages);
    }

    /** What is damaged, and which entries cannot be read because of it. */
    public List<Damage> damages() {
      return damages;
    }
  }

  /** The log did not start: the cluster could not be formed or joined, or a file is bad. */
  public static final class StartException extends LogException {
    private static final long serialVersionUID = 1;

    StartException(String message) {
      super(message, null);
    }

    StartException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The directory cannot be read or written. */
  public static final class DirectoryException extends LogException {
    private static final long serialVersionUID = 1;

    DirectoryException(String what, Path path, Throwable cause) {
      super(what + ": path=" + path + " cause=" + cause, cause);
    }
  }

  /** This node does not lead, or could not make sure that it still does. */
  public static final class NotLeadingException extends LogException {
    private static final long serialVersionUID = 1;

    NotLeadingException(String message) {
      super(message, null);
    }
  }

  /** Who votes was not changed. */
  public static final class MembersException extends LogException {
    private static final long serialVersionUID = 1;
    private final boolean mayHaveHappened;

    MembersException(MemberChange change, String reason, boolean mayHaveHappened) {
      super(
          "members not changed: change="
              + change
              + " mayHaveHappened="
              + mayHaveHappened
              + " reason="
              + reason,
          null);
      this.mayHaveHappened = mayHaveHappened;
    }

    /** Whether it may have been changed all the same, or still be. If not, it was refused. */
    public boolean mayHaveHappened() {
      return mayHaveHappened;
    }
  }

  /** The log of this node stopped by itself; the node must stop too. */
  public static final class StoppedException extends LogException {
    private static final long serialVersionUID = 1;

    StoppedException(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /** An entry of the log is not what was written. It is never skipped. */
  public static final class CorruptEntryException extends LogException {
    private static final long serialVersionUID = 1;
    private final long position;

    CorruptEntryException(long position, String reason) {
      super("corrupt entry: position=" + Position.text(position) + " reason=" + reason, null);
      this.position = position;
    }

    /** Where, or where its frame begins. */
    public long position() {
      return position;
    }
  }
}
