package io.quire.ns;

import io.quire.ns.NamePage.Listed;
import io.quire.ns.TreePage.Directory;
import io.quire.ns.TreePage.Leaf;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.ToLongFunction;

/** Cuts pages out of names in order, short enough that the loop is free again soon. */
final class Pages {
  static final int LOOKED_MAX = 10_000;

  /** Steps of matching in one page, give or take one name: milliseconds. */
  static final long WORK_MAX = 8_000_000;

  private Pages() {}

  /**
   * The names after {@code after} that match; at most {@value #LOOKED_MAX} names are looked at, and
   * fewer if each takes long.
   */
  static <T> NamePage matching(
      TreeMap<String, T> names,
      ToLongFunction<T> number,
      NamePattern pattern,
      String after,
      int limit) {
    String prefix = pattern.prefix();
    boolean further = !after.isEmpty() && after.compareTo(prefix) >= 0;
    List<Listed> page = new ArrayList<>();
    int looked = 0;
    long work = 0;
    for (Map.Entry<String, T> entry :
        (further ? names.tailMap(after, false) : names.tailMap(prefix, true)).entrySet()) {
      String name = entry.getKey();
      if (!name.startsWith(prefix)) {
        break;
      }
      if (pattern.matches(name)) {
        page.add(new Listed(name, number.applyAsLong(entry.getValue())));
      }
      work += pattern.work(name);
      if (page.size() == limit || ++looked == LOOKED_MAX || work >= WORK_MAX) {
        return new NamePage(page, Optional.of(name));
      }
    }
    return new NamePage(page, Optional.empty());
  }

  /** What lies right below a directory, after an entry; each costs one look into the tree. */
  static <T> TreePage below(
      TreeMap<String, T> names,
      ToLongFunction<T> number,
      String directory,
      String after,
      int limit) {
    List<TreePage.Entry> page = new ArrayList<>();
    NavigableMap<String, T> left = behind(names, directory, after);
    while (!left.isEmpty() && left.firstKey().startsWith(directory)) {
      if (page.size() == limit) {
        return new TreePage(page, Optional.of(page.getLast().path()));
      }
      Map.Entry<String, T> first = left.firstEntry();
      String name = first.getKey();
      int slash = name.indexOf('/', directory.length());
      TreePage.Entry entry =
          slash < 0
              ? new Leaf(name, number.applyAsLong(first.getValue()))
              : new Directory(name.substring(0, slash + 1));
      page.add(entry);
      left = behind(left, directory, entry.path());
    }
    return new TreePage(page, Optional.empty());
  }

  private static <T> NavigableMap<String, T> behind(
      NavigableMap<String, T> names, String directory, String after) {
    if (after.compareTo(directory) <= 0) {
      return names.tailMap(directory, true);
    }
    if (!after.endsWith("/")) {
      return names.tailMap(after, false);
    }
    // Nothing that begins with a directory is behind its slash made the next character.
    return names.tailMap(after.substring(0, after.length() - 1) + (char) ('/' + 1), true);
  }
}
