package io.quire.sim;

import org.jspecify.annotations.Nullable;

/** What a client asks of one key. */
public sealed interface Action {
  /** Asks for the value. */
  record Read() implements Action {
    @Override
    public String toString() {
      return "read";
    }
  }

  /** Asks whether there is a value; a find of any text says that there is. */
  record Exists() implements Action {
    @Override
    public String toString() {
      return "exists";
    }
  }

  /**
   * Sets the value if the condition holds.
   *
   * @param value null to delete
   */
  record Write(Condition condition, @Nullable String value) implements Action {
    @Override
    public String toString() {
      return (value == null ? "delete" : "write " + value)
          + (condition instanceof Condition.Always ? "" : " if " + condition);
    }
  }

  /** What must be true of the key where a write takes effect. */
  sealed interface Condition {
    record Always() implements Condition {}

    record Absent() implements Condition {
      @Override
      public String toString() {
        return "absent";
      }
    }

    record Present() implements Condition {
      @Override
      public String toString() {
        return "present";
      }
    }

    record Version(long version) implements Condition {
      @Override
      public String toString() {
        return "version=" + version;
      }
    }

    record Value(String value) implements Condition {
      @Override
      public String toString() {
        return "value=" + value;
      }
    }
  }

  static Action read() {
    return new Read();
  }

  static Action exists() {
    return new Exists();
  }

  static Action write(String value) {
    return new Write(new Condition.Always(), value);
  }

  static Action delete() {
    return new Write(new Condition.Always(), null);
  }

  static Action deleteIfPresent() {
    return new Write(new Condition.Present(), null);
  }

  static Action writeIfPresent(String value) {
    return new Write(new Condition.Present(), value);
  }

  static Action create(String value) {
    return new Write(new Condition.Absent(), value);
  }

  /** A value of null deletes. */
  static Action writeIfVersion(long version, @Nullable String value) {
    return new Write(new Condition.Version(version), value);
  }

  /** A value of null deletes. */
  static Action writeIfValue(String expected, @Nullable String value) {
    return new Write(new Condition.Value(expected), value);
  }
}
