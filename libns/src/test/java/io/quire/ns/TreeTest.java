package io.quire.ns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.ns.TreePage.Directory;
import io.quire.ns.TreePage.Entry;
import io.quire.ns.TreePage.Leaf;
import io.quire.sim.Seeds;
import io.quire.sim.Stage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Names as a tree of directories. */
@Timeout(60)
class TreeTest {
  private static final NsHandle ROOT = NsHandle.ROOT;

  private final Stage stage = new Stage();
  private final List<NsPeer> peers = NsPeer.inView(stage, "a", "b", "c");
  private final NsPeer a = peers.get(0);
  private final NsPeer b = peers.get(1);

  private static List<String> paths(TreePage page) {
    return page.entries().stream().map(Entry::path).toList();
  }

  @Test
  void tree_givesWhatLiesRightBelow() {
    for (String name : List.of("/a", "/a/b", "/a/b/c", "/a-b", "/d/e/f", "g", "h/i")) {
      a.namespaces.create(ROOT, name, "k", Lifetime.DURABLE, new byte[0]);
    }
    assertThat(paths(b.namespaces.tree(ROOT, "", "", 9))).containsExactly("/", "g", "h/");
    assertThat(paths(b.namespaces.tree(ROOT, "/", "", 9)))
        .containsExactly("/a", "/a-b", "/a/", "/d/");
    assertThat(b.namespaces.tree(ROOT, "/a/", "", 9).entries())
        .containsExactly(new Leaf("/a/b", b.found("/a/b").xid()), new Directory("/a/b/"));
    assertThat(paths(b.namespaces.tree(ROOT, "/a/b/", "", 9))).containsExactly("/a/b/c");
    assertThat(paths(b.namespaces.tree(ROOT, "/none/", "", 9))).isEmpty();
    TreePage first = b.namespaces.tree(ROOT, "/", "", 3);
    assertThat(first.next()).contains("/a/");
    assertThat(paths(b.namespaces.tree(ROOT, "/", "/a/", 3))).containsExactly("/d/");
    assertThatThrownBy(() -> b.namespaces.tree(ROOT, "/a", "", 3))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** However much lies below a directory, it is one step. */
  @Test
  void tree_ofManyBelow_skipsThem() {
    a.namespaces.createAll(
        ROOT,
        IntStream.range(0, 20_000)
            .mapToObj(i -> new NewObject("/big/" + i, "k", new byte[0]))
            .toList());
    a.namespaces.create(ROOT, "/other", "k", Lifetime.DURABLE, new byte[0]);
    assertThat(b.namespaces.tree(ROOT, "/", "", 2))
        .isEqualTo(
            new TreePage(
                List.of(new Directory("/big/"), new Leaf("/other", b.found("/other").xid())),
                Optional.empty()));
  }

  @Test
  void pages_ofRandomNames_areWhatAPlainLookGives() {
    Seeds.fresh(300, TreeTest::comparePages);
  }

  private static void comparePages(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    TreeMap<String, Long> names = new TreeMap<>();
    for (int i = random.nextInt(60); i > 0; i--) {
      names.put(name(random), random.nextLong(1, 99));
    }
    String directory = random.nextInt(3) == 0 ? "" : name(random) + "/";
    int limit = random.nextInt(1, 5);
    List<String> paged = new ArrayList<>();
    Optional<String> after = Optional.of("");
    while (after.isPresent()) {
      TreePage page = Pages.below(names, id -> id, directory, after.get(), limit);
      assertThat(page.entries()).as("seed=%d", seed).hasSizeLessThanOrEqualTo(limit);
      paged.addAll(paths(page));
      after = page.next();
    }
    TreeSet<String> wanted = new TreeSet<>();
    for (String name : names.keySet()) {
      if (name.startsWith(directory) && name.length() > directory.length()) {
        int slash = name.indexOf('/', directory.length());
        wanted.add(slash < 0 ? name : name.substring(0, slash + 1));
      }
    }
    assertThat(paged).as("seed=%d directory=%s", seed, directory).containsExactlyElementsOf(wanted);
  }

  private static String name(SplittableRandom random) {
    StringBuilder name = new StringBuilder();
    for (int parts = random.nextInt(1, 5); parts > 0; parts--) {
      name.append(name.isEmpty() && random.nextBoolean() ? "" : "/");
      name.append("a-0z".charAt(random.nextInt(4)));
      if (random.nextInt(3) == 0) {
        name.append("a-0z".charAt(random.nextInt(4)));
      }
    }
    return name.toString();
  }
}
