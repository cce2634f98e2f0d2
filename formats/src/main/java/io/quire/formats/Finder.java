package io.quire.formats;

import java.io.IOException;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Finds the files of patterns. Used once, by one thread. */
final class Finder {
  static final int FILES_MAX = 1_000_000;

  private static final Pattern SCHEME = Pattern.compile("[a-zA-Z][a-zA-Z0-9+.-]+:.*");

  private final FileSystems fileSystems;
  private final TreeMap<String, InputFile> found = new TreeMap<>();

  Finder(FileSystems fileSystems) {
    this.fileSystems = fileSystems;
  }

  List<InputFile> find(List<String> patterns) {
    for (String pattern : patterns) {
      find(pattern);
    }
    return List.copyOf(found.values());
  }

  private void find(String pattern) {
    Path path = path(pattern);
    FileSystem files = fileSystems.of(path);
    try {
      FileStatus[] matches = files.globStatus(path);
      boolean any = false;
      boolean hiddenToo = isHidden(path);
      if (matches != null) {
        for (FileStatus match : matches) {
          if (hiddenToo || !isHidden(match.getPath())) {
            any |= take(files, match);
          }
        }
      }
      if (!any) {
        throw new FormatsException.NothingFound(pattern);
      }
    } catch (IOException e) {
      throw FileSystems.failed(pattern, e);
    }
  }

  private static Path path(String pattern) {
    try {
      Path path =
          SCHEME.matcher(pattern).matches()
              ? new Path(pattern)
              : new Path("file", "", java.nio.file.Path.of(pattern).toAbsolutePath().toString());
      if (!path.isAbsolute()) {
        throw new FormatsException.BadRequest("path is not absolute: pattern=" + pattern);
      }
      return path;
    } catch (IllegalArgumentException e) {
      throw new FormatsException.BadRequest(
          "not a path: pattern=" + pattern + " reason=" + e.getMessage());
    }
  }

  /** Takes a file, or all that are below a directory. Whether there was one. */
  private boolean take(FileSystem files, FileStatus status) throws IOException {
    if (!status.isDirectory()) {
      add(status);
      return true;
    }
    boolean any = false;
    for (FileStatus child : files.listStatus(status.getPath())) {
      if (!isHidden(child.getPath())) {
        any |= take(files, child);
      }
    }
    return any;
  }

  private void add(FileStatus status) {
    String uri = status.getPath().toString();
    found.put(uri, new InputFile(uri, status.getLen(), status.getModificationTime()));
    if (found.size() > FILES_MAX) {
      throw new FormatsException.BadRequest("too many files: max=" + FILES_MAX);
    }
  }

  private static boolean isHidden(Path path) {
    String name = path.getName();
    return name.startsWith("_") || name.startsWith(".");
  }
}
