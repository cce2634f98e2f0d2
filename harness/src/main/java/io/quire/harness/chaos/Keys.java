package io.quire.harness.chaos;

import io.quire.ns.Namespaces;
import io.quire.ns.NsException;
import io.quire.ns.NsHandle;
import io.quire.ns.Quota;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The keys that clients work on. All clients of all nodes share few of them, so that they meet, and
 * go on to fresh ones together every ten seconds, so that the history of one key stays short enough
 * to be judged.
 *
 * @param age which keys these are; the first is 0
 */
record Keys(int age) {
  private static final long AGE_NANOS = Duration.ofSeconds(10).toNanos();
  private static final int NAMES = 6;
  private static final int CELLS = 4;
  private static final int LOCKS = 3;

  /** What clients use now, if the run began at that moment of the machine's monotonic clock. */
  static Keys now(long begun) {
    return new Keys((int) ((System.nanoTime() - begun) / AGE_NANOS));
  }

  /** Made by whoever needs it first. */
  NsHandle namespace(Namespaces names) {
    String name = "chaos/" + age;
    return names.namespace(name).orElseGet(() -> made(names, name));
  }

  private static NsHandle made(Namespaces names, String name) {
    try {
      return names.createNamespace(name, Quota.NONE);
    } catch (NsException.NameTaken e) {
      return names.namespace(name).orElseThrow(() -> e);
    }
  }

  List<String> names() {
    return IntStream.range(0, NAMES).mapToObj(i -> "/c/" + age + "/" + i).toList();
  }

  /** Keys of cells; each is written by transactions on several of them only. */
  List<String> cells() {
    return IntStream.range(0, CELLS).mapToObj(i -> "chaos/" + age + "/" + i).toList();
  }

  /** Paths of locks, and of the files that are written under them. */
  List<String> locks() {
    return IntStream.range(0, LOCKS).mapToObj(i -> "/lock/" + age + "/" + i).toList();
  }

  static boolean isFile(String key) {
    return key.startsWith("/lock/");
  }

  static boolean isCell(String key) {
    return key.startsWith("chaos/");
  }
}
