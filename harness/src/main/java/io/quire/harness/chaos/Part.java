package io.quire.harness.chaos;

import io.quire.sim.Action;

/**
 * What a call asks of one key. A call on several keys has a part for each.
 *
 * @param key neither it nor a value in the action may have spaces
 */
record Part(String key, Action action) {
  private static final String DELETE = "-";

  String text() {
    String what =
        switch (action) {
          case Action.Read _ -> "read";
          case Action.Exists _ -> "exists";
          case Action.Write(Action.Condition condition, String value) ->
              condition(condition) + "=" + (value == null ? DELETE : value);
        };
    return key + " " + what;
  }

  private static String condition(Action.Condition condition) {
    return switch (condition) {
      case Action.Condition.Always _ -> "put";
      case Action.Condition.Absent _ -> "absent";
      case Action.Condition.Present _ -> "present";
      case Action.Condition.Version(long version) -> "version:" + version;
      case Action.Condition.Value(String value) -> "value:" + value;
    };
  }

  static Part parse(String text) {
    int space = text.indexOf(' ');
    String what = text.substring(space + 1);
    return new Part(text.substring(0, space), action(what));
  }

  private static Action action(String what) {
    if (what.equals("read")) {
      return Action.read();
    }
    if (what.equals("exists")) {
      return Action.exists();
    }
    int equals = what.indexOf('=');
    String condition = what.substring(0, equals);
    String value = what.substring(equals + 1);
    return new Action.Write(condition(condition), value.equals(DELETE) ? null : value);
  }

  private static Action.Condition condition(String text) {
    int colon = text.indexOf(':');
    String kind = colon < 0 ? text : text.substring(0, colon);
    return switch (kind) {
      case "put" -> new Action.Condition.Always();
      case "absent" -> new Action.Condition.Absent();
      case "present" -> new Action.Condition.Present();
      case "version" -> new Action.Condition.Version(Long.parseLong(text.substring(colon + 1)));
      case "value" -> new Action.Condition.Value(text.substring(colon + 1));
      default -> throw new IllegalArgumentException("not a condition: found=" + text);
    };
  }
}
