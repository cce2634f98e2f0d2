package io.quire.ns;

import java.nio.charset.StandardCharsets;

/**
 * What may be a name: 1 to {@value #BYTES_MAX} bytes of UTF-8, which are segments with a slash
 * between each two, and a slash before them or none. With and without it are different names.
 * Segments are not empty and have no control characters. Directories do not exist; prefixes do.
 */
final class ObjectName {
  static final int BYTES_MAX = 1_022;

  private ObjectName() {}

  static String check(String name) {
    return isPlain(name) ? name : checkWhole(name);
  }

  /** Whether it is a name of ASCII characters, as nearly all are. */
  private static boolean isPlain(String name) {
    char last = '/';
    for (int i = 0; i < name.length(); i++) {
      char next = name.charAt(i);
      if (next < ' ' || next > '~' || (next == '/' && last == '/' && i > 0)) {
        return false;
      }
      last = next;
    }
    return last != '/' && name.length() <= BYTES_MAX;
  }

  private static String checkWhole(String name) {
    int bytes = name.getBytes(StandardCharsets.UTF_8).length;
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(name)) {
      throw invalid(name.replaceAll("\\p{Cs}", "?"), "has half a character");
    }
    if (bytes > BYTES_MAX) {
      throw invalid(name.substring(0, 40) + "...", "bytes=" + bytes + " max=" + BYTES_MAX);
    }
    if (name.isEmpty()) {
      throw invalid("''", "is empty");
    }
    if (name.equals("/")) {
      throw invalid(name, "has nothing behind the slash");
    }
    if (name.endsWith("/")) {
      throw invalid(name, "ends with a slash");
    }
    if (name.contains("//")) {
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
