package io.quire.ns;

import java.nio.charset.StandardCharsets;

/** What may be a name: a path of non-empty segments. Directories do not exist; prefixes do. */
final class ObjectName {
  static final int BYTES_MAX = 1_022;

  private ObjectName() {}

  static String check(String name) {
    int bytes = name.getBytes(StandardCharsets.UTF_8).length;
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(name)) {
      throw invalid(name.replaceAll("\\p{Cs}", "?"), "has half a character");
    }
    if (bytes > BYTES_MAX) {
      throw invalid(name.substring(0, 40) + "...", "bytes=" + bytes + " max=" + BYTES_MAX);
    }
    if (name.length() < 2 || name.charAt(0) != '/') {
      throw invalid(name, "wanted=/segment[/segment...]");
    }
    if (name.endsWith("/") || name.contains("//")) {
      throw invalid(name, "has an empty segment");
    }
    if (name.chars().anyMatch(Character::isISOControl)) {
      throw invalid(name.replaceAll("\\p{Cc}", "?"), "has a control character");
    }
    return name;
  }

  private static NsException.InvalidName invalid(String name, String why) {
    return new NsException.InvalidName("not a name: name=" + name + " " + why);
  }
}
