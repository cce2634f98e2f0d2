package io.quire.ns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.ns.NamePage.Listed;
import io.quire.sim.Stage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Names by page and pattern, and their deletion. */
@Timeout(60)
class ListingTest {
  private static final NsHandle ROOT = NsHandle.ROOT;

  private final Stage stage = new Stage();
  private final List<NsPeer> peers = NsPeer.inView(stage, "a", "b", "c");
  private final NsPeer a = peers.get(0);
  private final NsPeer b = peers.get(1);
  private final NsPeer c = peers.get(2);

  private static NsObject create(NsPeer at, String name, int bytes) {
    return at.namespaces.create(ROOT, name, "kind", Lifetime.DURABLE, new byte[bytes]);
  }

  private static List<String> names(NsPeer at, String pattern) {
    return at.namespaces.listAll(ROOT, NamePattern.of(pattern)).stream().map(Listed::name).toList();
  }

  private static NamePage page(NsPeer at, String pattern, String after, int limit) {
    return at.namespaces.list(ROOT, NamePattern.of(pattern), after, limit);
  }

  @Test
  void list_isInOrderByPages() {
    for (int i = 9; i >= 0; i--) {
      create(a, "/n" + i, 0);
    }
    NamePage page = page(b, "*", "", 4);
    assertThat(page.names()).extracting(Listed::name).containsExactly("/n0", "/n1", "/n2", "/n3");
    assertThat(page.names().getFirst().xid()).isEqualTo(c.found("/n0").xid());
    assertThat(page.next()).contains("/n3");
    assertThat(page(b, "*", "/n3", 4).names())
        .extracting(Listed::name)
        .containsExactly("/n4", "/n5", "/n6", "/n7");
    assertThat(page(b, "*", "/n9", 4)).isEqualTo(new NamePage(List.of(), Optional.empty()));
  }

  @Test
  void list_byPattern_hasWhatMatchesAndNothingElse() {
    for (String name : List.of("/a/1", "/a/2", "/ab", "/b/1", "a", "/a*")) {
      create(a, name, 0);
    }
    assertThat(names(b, "/a/*")).containsExactly("/a/1", "/a/2");
    assertThat(names(b, "/?/1")).containsExactly("/a/1", "/b/1");
    assertThat(names(b, "/a\\*")).containsExactly("/a*");
    assertThat(names(b, "a")).containsExactly("a");
    assertThat(names(b, "/c*")).isEmpty();
    assertThat(page(b, "/a/*", "/a/1", 4).names()).extracting(Listed::name).containsExactly("/a/2");
    assertThat(page(b, "/b*", "/a/1", 4).names()).extracting(Listed::name).containsExactly("/b/1");
    assertThat(page(b, "/a/*", "/b", 4).names()).isEmpty();
  }

  /** However few match: who lists does not hold up the loop, and comes to the end all the same. */
  @Test
  void list_ofFewAmongMany_goesOnWhereThePageEnded() {
    int many = 25_000;
    createAll(IntStream.range(0, many).mapToObj("/n%05d"::formatted).toList());
    List<String> nexts = new ArrayList<>();
    List<String> found = new ArrayList<>();
    Optional<String> after = Optional.of("");
    while (after.isPresent()) {
      NamePage page = page(b, "*99", after.get(), 1_000);
      page.names().forEach(listed -> found.add(listed.name()));
      after = page.next();
      nexts.add(after.orElse("none"));
    }
    assertThat(found).hasSize(many / 100).first().isEqualTo("/n00099");
    assertThat(nexts).containsExactly("/n09999", "/n19999", "none");
    assertThat(c.namespaces.deleteAll(ROOT, NamePattern.ALL)).isEqualTo(many);
    assertThat(names(b, "*")).isEmpty();
  }

  /** A pattern that takes its time is given fewer names in one turn of the loop. */
  @Test
  void list_byAPatternThatTakesLong_goesOnInShortPages() {
    createAll(IntStream.range(0, 20).mapToObj(i -> "a".repeat(1_000) + i).toList());
    String slow = "a*".repeat(2_000) + "b";
    NamePage first = page(b, slow, "", 1_000);
    assertThat(first.names()).isEmpty();
    assertThat(first.next()).isPresent();
    assertThat(names(b, slow)).isEmpty();
    assertThat(names(b, "a*".repeat(400) + "1?")).hasSize(10);
  }

  private void createAll(List<String> names) {
    assertThat(
            a.namespaces.createAll(
                ROOT,
                names.stream().map(name -> new NewObject(name, "kind", new byte[0])).toList()))
        .allMatch(Created.Made.class::isInstance);
  }

  @Test
  void list_limitOutOfRange_isRefused() {
    for (int limit : new int[] {0, Namespaces.PAGE_MAX + 1}) {
      assertThatThrownBy(() -> page(a, "*", "", limit))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("limit out of range: limit=" + limit + " allowed=1..10000");
    }
  }

  @Test
  void deleteAll_byPattern_takesWhatMatchesAndItsNames() {
    List<NsObject> made = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      made.add(create(a, "/x/" + i, 1));
    }
    NsObject kept = create(a, "/y", 1);
    assertThat(b.namespaces.deleteAll(ROOT, NamePattern.of("/x/*"))).isEqualTo(500);
    assertThat(names(c, "*")).containsExactly("/y");
    assertThat(c.found(kept.xid()).version()).isEqualTo(kept.version());
    stage.play(Duration.ofSeconds(2));
    assertThat(c.freed)
        .containsExactlyInAnyOrderElementsOf(made.stream().map(NsObject::xid).toList());
  }

  /** One that changes between the look and the deletion does not keep the others. */
  @Test
  void deleteAll_whileSomeChange_deletesWhatTheyAreNow() {
    List<NsObject> seen = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      seen.add(create(a, "/x/" + i, 1));
    }
    a.namespaces.rename(seen.get(3), "/z");
    a.namespaces.update(seen.get(5), new byte[] {7});
    a.namespaces.delete(seen.get(7));
    NsObject another = create(a, "/x/7", 1);
    Deletions deletions = new Deletions(b.namespaces, ROOT, List.of());
    assertThat(deletions.delete(seen)).isEqualTo(9);
    assertThat(names(c, "*")).containsExactly("/z");
    assertThat(c.namespaces.xidOf(ROOT, "/x/7")).isEmpty();
    assertThat(c.found(another.xid()).draining()).isTrue();
  }

  /** Their values go through the log once more, so not too many at a time. */
  @Test
  void deleteAll_ofLargeValues_staysWithinATransaction() {
    for (int i = 0; i < 12; i++) {
      create(a, "/large/" + i, NsObject.VALUE_BYTES_MAX);
    }
    assertThat(c.namespaces.deleteAll(ROOT, NamePattern.of("/large/*"))).isEqualTo(12);
    assertThat(names(a, "*")).isEmpty();
  }
}
