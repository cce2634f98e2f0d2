package io.quire.lockserver;

import java.nio.charset.StandardCharsets;

/**
 * The names of files and locks: {@code /a/b/c}. Directories are not made; they are what paths have
 * in common, so a path may be a file and lead to others.
 */
final class LockPath {
  static final int BYTES_MAX = 1_024;
  static final int NAME_BYTES_MAX = 255;

  /** Below it lie the files of the nodes in the view, which only {@link Sessions} makes. */
  static final String SERVERS = "/servers";

  static final String ROOT = "/";

  private LockPath() {}

  /** The path, if a file or lock may have it. */
  static String check(String path) {
    if (!path.startsWith("/") || path.endsWith("/")) {
      throw refused(path, "it begins with / and does not end with it");
    }
    if (bytes(path) > BYTES_MAX) {
      throw refused(path, "at most " + BYTES_MAX + " bytes in UTF-8");
    }
    for (String name : path.substring(1).split("/", -1)) {
      if (name.isEmpty() || name.equals(".") || name.equals("..")) {
        throw refused(path, "a name is not empty, . or ..");
      }
      if (bytes(name) > NAME_BYTES_MAX) {
        throw refused(path, "a name has at most " + NAME_BYTES_MAX + " bytes in UTF-8");
      }
      if (name.chars().anyMatch(Character::isISOControl)) {
        throw refused(path, "no control characters");
      }
    }
    return path;
  }

  /** As {@link #check}, for a change. */
  static String checkChange(String path) {
    if (path.equals(SERVERS) || path.startsWith(SERVERS + "/")) {
      throw refused(path, "what lies below " + SERVERS + " belongs to the sessions of nodes");
    }
    return check(path);
  }

  /** As {@link #check}, for a directory: the root, too. */
  static String checkDirectory(String path) {
    return path.equals(ROOT) ? path : check(path);
  }

  /** What the paths below a directory begin with. */
  static String below(String directory) {
    return directory.equals(ROOT) ? directory : directory + "/";
  }

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  private static IllegalArgumentException refused(String path, String allowed) {
    return new IllegalArgumentException("not a path: path=" + path + " allowed=" + allowed);
  }
}
