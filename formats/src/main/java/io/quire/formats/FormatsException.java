package io.quire.formats;

/**
 * Why input was not found, not understood or not read to its end. What a source gave before it
 * threw is right, but not all; a load should publish none of it.
 */
public abstract sealed class FormatsException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private FormatsException(String message) {
    super(message);
  }

  private FormatsException(String message, Throwable cause) {
    super(message, cause);
  }

  /** A pattern matches no file. */
  public static final class NothingFound extends FormatsException {
    private static final long serialVersionUID = 1;

    NothingFound(String pattern) {
      super("no file found: pattern=" + pattern);
    }
  }

  /** The file system does not let this process list or read. */
  public static final class NoPermission extends FormatsException {
    private static final long serialVersionUID = 1;

    NoPermission(String path, Throwable cause) {
      super("no permission: path=" + path + " reason=" + cause.getMessage(), cause);
    }
  }

  /** No file system is known for the scheme of a URI. */
  public static final class UnknownScheme extends FormatsException {
    private static final long serialVersionUID = 1;

    UnknownScheme(String pattern, String scheme, Throwable cause) {
      super("no file system for the scheme: pattern=" + pattern + " scheme=" + scheme, cause);
    }
  }

  /** What was asked for cannot be: a pattern, an option, a table. */
  public static final class BadRequest extends FormatsException {
    private static final long serialVersionUID = 1;

    BadRequest(String message) {
      super(message);
    }
  }

  /** A file system failed. Trying again later, or elsewhere, may help. */
  public static final class Unreadable extends FormatsException {
    private static final long serialVersionUID = 1;

    Unreadable(String path, Throwable cause) {
      super("cannot read: path=" + path + " reason=" + cause, cause);
    }
  }

  /** The file is not the one that was found: another size, another time, or gone. */
  public static final class FileChanged extends FormatsException {
    private static final long serialVersionUID = 1;

    FileChanged(InputFile wanted, String found) {
      super(
          "file changed since it was found: file=%s bytesWanted=%d modifiedWanted=%d found=%s"
              .formatted(wanted.uri(), wanted.bytes(), wanted.modifiedMillis(), found));
    }
  }

  /** The bytes of a file are not of its format, so that no rows can be told apart. */
  public static final class NotTheFormat extends FormatsException {
    private static final long serialVersionUID = 1;

    NotTheFormat(String file, String reason) {
      super("not the format: file=" + file + " reason=" + reason);
    }

    NotTheFormat(String file, String reason, Throwable cause) {
      super("not the format: file=" + file + " reason=" + reason, cause);
    }
  }

  /** A type that this library does not read. */
  public static final class Unsupported extends FormatsException {
    private static final long serialVersionUID = 1;

    Unsupported(String message) {
      super(message);
    }
  }

  /** Text that is no schema, or a schema that does not fit the file. */
  public static final class BadSchema extends FormatsException {
    private static final long serialVersionUID = 1;

    BadSchema(String message) {
      super(message);
    }
  }

  /** More rows were bad than the limit allows. */
  public static final class TooManyBadRows extends FormatsException {
    private static final long serialVersionUID = 1;

    private final long bad;
    private final long rows;

    TooManyBadRows(String input, long bad, long rows, BadRowLimit limit, String reason) {
      super(
          "too many bad rows: input=%s bad=%d rows=%d countMax=%d shareMax=%s last=[%s]"
              .formatted(input, bad, rows, limit.count(), limit.share(), reason));
      this.bad = bad;
      this.rows = rows;
    }

    /** Bad rows so far. */
    public long bad() {
      return bad;
    }

    /** All rows so far, bad ones included. */
    public long rows() {
      return rows;
    }
  }
}
