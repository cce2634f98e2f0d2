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
  private static final int ROOM = 4;
  private static final int TOKENS = 4;

  /** What one of the namespaces of a {@link NamesClient} may hold: less than all names in it. */
  static final Quota NARROW = new Quota(4, 50);

  /** What clients use now, if the run began at that moment of the machine's monotonic clock. */
  static Keys now(long begun) {
    return new Keys((int) ((System.nanoTime() - begun) / AGE_NANOS));
  }

  /** Made by whoever needs it first. */
  NsHandle namespace(Namespaces names) {
    return namespace(names, "chaos/" + age, Quota.NONE);
  }

  /** One of two in which a {@link NamesClient} works; it tells by the key which one is meant. */
  NsHandle room(Namespaces names, String key) {
    return key.startsWith(narrow())
        ? namespace(names, "chaos/" + age + "/narrow", NARROW)
        : namespace(names, "chaos/" + age + "/wide", Quota.NONE);
  }

  private static NsHandle namespace(Namespaces names, String name, Quota quota) {
    return names.namespace(name).orElseGet(() -> made(names, name, quota));
  }

  private static NsHandle made(Namespaces names, String name, Quota quota) {
    try {
      return names.createNamespace(name, quota);
    } catch (NsException.NameTaken e) {
      return names.namespace(name).orElseThrow(() -> e);
    }
  }

  List<String> names() {
    return IntStream.range(0, NAMES).mapToObj(i -> "/c/" + age + "/" + i).toList();
  }

  /** What the names of all in the namespace without a quota begin with. */
  String wide() {
    return "/w/" + age + "/";
  }

  /** As above, of the one with {@link #NARROW}. */
  String narrow() {
    return "/n/" + age + "/";
  }

  /** Names that are created, moved and deleted by chance. */
  List<String> wideNames() {
    return numbered(wide() + "a/", ROOM);
  }

  List<String> narrowNames() {
    return numbered(narrow() + "a/", ROOM);
  }

  /** Two names that transactions change together, one in each namespace. */
  List<String> pair() {
    return List.of(wide() + "pair", narrow() + "pair");
  }

  /** Where one object goes from name to name; it is always below one of the directories. */
  List<String> tokens() {
    return IntStream.range(0, TOKENS).mapToObj(i -> tokenDirectory() + i + "/token").toList();
  }

  String tokenDirectory() {
    return wide() + "t/";
  }

  /** Whoever made the token made this. */
  String tokenMade() {
    return wide() + "made";
  }

  /** What is counted up by those who have it open. */
  String counter(boolean beside) {
    return wide() + (beside ? "count-beside" : "count");
  }

  private static List<String> numbered(String prefix, int count) {
    return IntStream.range(0, count).mapToObj(i -> prefix + i).toList();
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
