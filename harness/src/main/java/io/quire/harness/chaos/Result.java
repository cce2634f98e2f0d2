package io.quire.harness.chaos;

import io.quire.gvm.GvmException;
import io.quire.ns.NsException;
import io.quire.sim.Operation;

/** What a client learned of one part of its call. */
sealed interface Result {
  /** The part took effect; version 0 if it was not told. */
  record Written(long version) implements Result {}

  /** The key had this value. */
  record Found(long version, String value) implements Result {}

  /** The key had no value. */
  record Absent() implements Result {}

  /** The condition of this part did not hold, and nothing was written. */
  record Refused() implements Result {}

  /** It did not happen and never will. */
  record Failed() implements Result {}

  /** It may have happened, may yet happen, or not. */
  record Unknown() implements Result {}

  Result ABSENT = new Absent();
  Result REFUSED = new Refused();
  Result FAILED = new Failed();
  Result UNKNOWN = new Unknown();

  /** A read that was refused, or that nobody answered: it learned nothing. */
  static Result ofRead(RuntimeException e) {
    return switch (e) {
      case NsException _, GvmException _, IllegalStateException _ -> FAILED;
      default -> throw e;
    };
  }

  default String text() {
    return switch (this) {
      case Written(long version) -> "ok " + version;
      case Found(long version, String value) -> "found " + version + " " + value;
      case Absent _ -> "absent";
      case Refused _ -> "refused";
      case Failed _ -> "failed";
      case Unknown _ -> "unknown";
    };
  }

  static Result parse(String text) {
    String[] words = text.split(" ", 3);
    return switch (words[0]) {
      case "ok" -> new Written(Long.parseLong(words[1]));
      case "found" -> new Found(Long.parseLong(words[1]), words[2]);
      case "absent" -> ABSENT;
      case "refused" -> REFUSED;
      case "failed" -> FAILED;
      case "unknown" -> UNKNOWN;
      default -> throw new IllegalArgumentException("not a result: found=" + text);
    };
  }

  /** Tells the history how the operation ended. */
  default void tell(Operation operation) {
    switch (this) {
      case Written(long version) -> operation.written(version);
      case Found(long version, String value) -> operation.read(value, version);
      case Absent _ -> operation.read(null, 0);
      case Refused _ -> operation.refused();
      case Failed _ -> operation.failed();
      case Unknown _ -> operation.unknown();
    }
  }
}
