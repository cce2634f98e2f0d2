package io.quire.harness.ns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.ns.Lifetime;
import io.quire.ns.NamePage;
import io.quire.ns.NamePage.Listed;
import io.quire.ns.NamePattern;
import io.quire.ns.Namespaces;
import io.quire.ns.NewObject;
import io.quire.ns.NsException;
import io.quire.ns.NsHandle;
import io.quire.ns.NsListing;
import io.quire.ns.NsObject;
import io.quire.ns.OpenMode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Names: their rules, races for them, lists of them and deletion by pattern, on all nodes. */
final class Names {
  private static final int RACED = 1_024;
  private static final int TRIES = 2_048;
  private static final int BLOCK = 64;
  private static final int LISTED = 256;
  private static final int LISTS = 32;
  private static final int REMOVED = 1_024;

  /** What is no name, and what is said of it. */
  private static final Map<String, String> BAD =
      Map.of(
          "",
          "is empty",
          "/",
          "has nothing behind the slash",
          "/a/",
          "ends with a slash",
          "a/",
          "ends with a slash",
          "//a",
          "has an empty segment",
          "/a//b",
          "has an empty segment",
          "/a\n",
          "has a control character",
          "/a\uD83D",
          "has half a character",
          "/" + "ä".repeat(511),
          "bytes=1023 max=1022");

  private Names() {}

  /** N2. */
  static Map<String, Object> rules(Site site) throws Exception {
    Namespaces names = site.names();
    NsHandle space = site.space();
    String self = site.self();
    NsObject kept = names.create(space, "kept/" + self, "test", Lifetime.DURABLE, new byte[1]);
    List<ThrowingCallable> refused = new ArrayList<>();
    List<String> whys = new ArrayList<>();
    BAD.forEach(
        (bad, why) -> {
          List<NewObject> several =
              List.of(
                  new NewObject("several/" + self, "test", new byte[1]),
                  new NewObject(bad, "test", new byte[1]));
          List<ThrowingCallable> calls =
              List.of(
                  () -> names.create(space, bad, "test", Lifetime.DURABLE, new byte[1]),
                  () -> names.createAll(space, several),
                  () -> names.rename(kept, bad),
                  () -> names.lookup(space, bad),
                  () -> names.lookupAll(space, List.of(kept.name(), bad)),
                  () -> names.xidOf(space, bad),
                  () -> names.open(space, bad),
                  () -> names.open(space, bad, OpenMode.READ, Duration.ZERO),
                  () -> names.delete(space, bad));
          refused.addAll(calls);
          calls.forEach(_ -> whys.add(why));
        });
    site.meet();
    site.onThreads(
        _ -> {
          for (int i = 0; i < refused.size(); i++) {
            assertThatThrownBy(refused.get(i))
                .isInstanceOf(NsException.InvalidName.class)
                .hasMessageEndingWith(whys.get(i));
          }
          return true;
        });
    // Without a slash it is another name; a node's name is a name; the longest has 1,022 bytes.
    String longest = "/" + "ä".repeat(509) + "/" + self;
    assertThat(longest.getBytes(StandardCharsets.UTF_8)).hasSize(1_022);
    List<String> good = List.of("/good/" + self, "good/" + self, "/nodeId-9/" + self, longest);
    site.createAll(space, good);
    site.meet();
    List<String> wanted = new ArrayList<>();
    for (String each : site.all()) {
      wanted.add("kept/" + each);
      good.forEach(name -> wanted.add(name.replace("/" + self, "/" + each)));
    }
    assertThat(site.listed(space, NamePattern.ALL)).containsExactlyInAnyOrderElementsOf(wanted);
    return Map.of("refused", refused.size() * site.threads());
  }

  /**
   * N5: all threads of all nodes want the same names. Block by block they begin at once, each in an
   * order of its own and with all of the block under way; then they try names at random.
   */
  static Map<String, Object> race(Site site) throws Exception {
    Namespaces names = site.names();
    NsHandle space = site.space();
    List<Raced> raced = new ArrayList<>();
    for (int thread = 0; thread < site.threads(); thread++) {
      raced.add(new Raced(names, space, site.self() + "." + thread));
    }
    for (int block = 0; block < RACED; block += BLOCK) {
      int first = block;
      site.meet();
      site.onThreads(
          thread -> raced.get(thread).want(IntStream.range(first, first + BLOCK).boxed().toList()));
    }
    site.onThreads(
        thread -> {
          SplittableRandom random = new SplittableRandom(31L * site.index() + thread);
          for (int tried = RACED; tried < TRIES; tried += BLOCK) {
            raced.get(thread).want(random.ints(BLOCK, 0, RACED).boxed().toList());
          }
          return true;
        });
    site.meet();
    List<Listed> listed = names.listAll(space, NamePattern.ALL);
    assertThat(listed).hasSize(RACED).doesNotHaveDuplicates();
    Map<String, String> winners = new HashMap<>();
    for (Listed each : listed) {
      NsObject object = names.lookup(each.xid()).orElseThrow();
      winners.put(
          each.name(), each.xid() + " " + new String(object.value(), StandardCharsets.UTF_8));
    }
    int taken = 0;
    int close = 0;
    int won = 0;
    for (Raced each : raced) {
      each.won.forEach(
          (name, xid) -> assertThat(winners.remove(name)).isEqualTo(xid + " " + each.who));
      won += each.won.size();
      taken += each.taken;
      close += each.close;
    }
    // Whoever is named as the winner has won: what is left is of others.
    assertThat(winners.values()).noneMatch(winner -> winner.contains(" " + site.self() + "."));
    site.meet();
    int deleted = names.deleteAll(space, NamePattern.of("n5/*"));
    site.meet();
    assertThat(site.listed(space, NamePattern.ALL)).isEmpty();
    return Map.of("won", won, "taken", taken, "close", close, "deleted", deleted);
  }

  /** What became of the tries of one thread. */
  private static final class Raced {
    final Namespaces names;
    final NsHandle space;
    final String who;
    final Random random;
    final Map<String, Long> won = new HashMap<>();
    int taken;

    /** Of these, those whose name was free when all of its block were begun. */
    int close;

    Raced(Namespaces names, NsHandle space, String who) {
      this.names = names;
      this.space = space;
      this.who = who;
      random = new Random(who.hashCode());
    }

    boolean want(List<Integer> numbers) throws Exception {
      List<String> wanted = new ArrayList<>();
      numbers.forEach(number -> wanted.add("n5/" + number));
      Collections.shuffle(wanted, random);
      List<Optional<NsObject>> before = names.lookupAll(space, wanted);
      byte[] value = who.getBytes(StandardCharsets.UTF_8);
      List<CompletableFuture<List<NsObject>>> tries = new ArrayList<>();
      for (String name : wanted) {
        tries.add(
            names.transaction().create(space, name, "test", Lifetime.DURABLE, value).commitAsync());
      }
      for (int i = 0; i < wanted.size(); i++) {
        try {
          NsObject made = tries.get(i).get(Site.SOON.toSeconds(), TimeUnit.SECONDS).getFirst();
          assertThat(won.put(wanted.get(i), made.xid())).isNull();
        } catch (ExecutionException e) {
          assertThat(e.getCause()).isInstanceOf(NsException.NameTaken.class);
          taken++;
          close += before.get(i).isEmpty() ? 1 : 0;
        }
      }
      return true;
    }
  }

  /** N6; and a listing that was begun before all was deleted goes on after it. */
  static Map<String, Object> lists(Site site) throws Exception {
    Namespaces names = site.names();
    NsHandle space = site.space();
    int total = LISTED * site.allThreads();
    site.onThreads(
        thread -> {
          site.createAll(
              space, IntStream.range(0, LISTED).mapToObj(i -> own(site, thread) + i).toList());
          return true;
        });
    site.meet();
    site.onThreads(
        thread -> {
          for (int i = 0; i < LISTS; i++) {
            assertThat(site.listed(space, own(site, thread) + "*")).hasSize(LISTED);
            assertThat(site.listed(space, NamePattern.ALL)).hasSize(total).isSorted();
          }
          return true;
        });
    try (NsListing listing = names.listing(space, NamePattern.ALL)) {
      NamePage page = listing.next(LISTED / 2);
      int listed = page.names().size();
      site.meet();
      site.onThreads(
          thread -> {
            NamePattern pattern = NamePattern.of(own(site, thread) + "*");
            assertThat(names.deleteAll(space, pattern)).isEqualTo(LISTED);
            assertThat(site.listed(space, pattern)).isEmpty();
            return true;
          });
      site.meet();
      assertThat(site.listed(space, NamePattern.ALL)).isEmpty();
      while (page.next().isPresent()) {
        page = listing.next(LISTED / 2);
        listed += page.names().size();
      }
      assertThat(listed).isEqualTo(total);
    }
    return Map.of("names", total, "lists", 2 * LISTS * site.threads());
  }

  private static String own(Site site, int thread) {
    return "n6/%s/%d/".formatted(site.self(), thread);
  }

  /** N8: each deletes the odd names of the next; then all delete the same even ones at once. */
  static Map<String, Object> removal(Site site) throws Exception {
    Namespaces names = site.names();
    NsHandle space = site.space();
    site.createAll(
        space,
        IntStream.range(0, REMOVED)
            .mapToObj(i -> "n8/%s/%d-%s".formatted(site.self(), i, i % 2 == 0 ? "even" : "odd"))
            .toList());
    site.meet();
    NamePattern odd = NamePattern.of("n8/" + site.next(1) + "/*-odd");
    assertThat(names.deleteAll(space, odd)).isEqualTo(REMOVED / 2);
    site.meet();
    assertThat(site.listed(space, NamePattern.ALL))
        .hasSize(REMOVED / 2 * site.all().size())
        .allMatch(name -> name.endsWith("-even"));
    site.meet();
    int deleted = names.deleteAll(space, NamePattern.of("*-even"));
    site.meet();
    assertThat(site.listed(space, NamePattern.ALL)).isEmpty();
    return Map.of("deleted", deleted);
  }
}
