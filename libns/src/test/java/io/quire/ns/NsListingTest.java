package io.quire.ns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.ns.NamePage.Listed;
import io.quire.sim.Seeds;
import io.quire.sim.Stage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Listings as of one moment, while names change. */
@Timeout(60)
class NsListingTest {
  private static final NsHandle ROOT = NsHandle.ROOT;

  private final Stage stage = new Stage();
  private final List<NsPeer> peers = NsPeer.inView(stage, "a", "b", "c");
  private final NsPeer a = peers.get(0);
  private final NsPeer b = peers.get(1);

  private NsObject create(String name) {
    return a.namespaces.create(ROOT, name, "k", Lifetime.DURABLE, new byte[0]);
  }

  @Test
  void listing_givesWhatWasThereWhenItBegan_whateverHappens() {
    Seeds.fresh(20, this::listWhileNamesChange);
  }

  private void listWhileNamesChange(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    NamePattern pattern = NamePattern.of(random.nextBoolean() ? "*" : "n1*");
    for (int i = 0; i < 40; i++) {
      change(random);
    }
    List<Listed> then = b.namespaces.listAll(ROOT, pattern);
    try (NsListing listing = b.namespaces.listing(ROOT, pattern)) {
      List<Listed> listed = new ArrayList<>();
      Optional<String> next = Optional.of("");
      while (next.isPresent()) {
        for (int i = random.nextInt(8); i > 0; i--) {
          change(random);
        }
        NamePage page = listing.next(random.nextInt(1, 4));
        listed.addAll(page.names());
        next = page.next();
      }
      assertThat(listed).as("seed=%d", seed).isEqualTo(then);
      assertThat(listing.next(5)).isEqualTo(new NamePage(List.of(), Optional.empty()));
    }
  }

  private void change(SplittableRandom random) {
    String name = "n" + random.nextInt(30);
    Optional<NsObject> found = a.namespaces.lookup(ROOT, name);
    String other = "n" + random.nextInt(30);
    if (found.isEmpty()) {
      create(name);
    } else if (random.nextInt(3) == 0 && a.namespaces.lookup(ROOT, other).isEmpty()) {
      a.namespaces.rename(found.get(), other);
    } else if (random.nextBoolean()) {
      a.namespaces.delete(found.get());
    } else {
      a.namespaces.update(found.get(), new byte[] {1});
    }
  }

  @Test
  void listing_saysWhereItStands() {
    NsObject x = create("x");
    try (NsListing listing = b.namespaces.listing(ROOT, NamePattern.ALL)) {
      NsObject y = create("y");
      assertThat(listing.position()).isBetween(x.version(), y.version() - 1);
      assertThat(listing.next(9).names()).containsExactly(new Listed("x", x.xid()));
    }
  }

  @Test
  void listing_ofANamespaceThatIsEmptiedMeanwhile_hasItsNames() {
    NsHandle made = a.namespaces.createNamespace();
    a.namespaces.create(made, "x", "k", Lifetime.DURABLE, new byte[0]);
    try (NsListing listing = b.namespaces.listing(made, NamePattern.ALL)) {
      a.namespaces.destroyNamespace(made);
      assertThat(listing.next(9).names()).extracting(Listed::name).containsExactly("x");
    }
  }

  @Test
  void listing_thatIsLeftOpenWhileAHundredOthersBegin_saysThatItFellBehind() {
    create("x");
    try (NsListing listing = b.namespaces.listing(ROOT, NamePattern.ALL)) {
      List<NsListing> others = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        others.add(b.namespaces.listing(ROOT, NamePattern.ALL));
      }
      assertThatThrownBy(() -> listing.next(9))
          .isInstanceOf(NsException.Overtaken.class)
          .hasMessage("fell behind: listing: namespace=0 pattern=*");
      assertThat(others.getFirst().next(9).names()).hasSize(1);
      others.forEach(NsListing::close);
    }
    try (NsListing again = b.namespaces.listing(ROOT, NamePattern.ALL)) {
      assertThat(again.next(9).names()).hasSize(1);
    }
  }

  /** Nothing but the listing keeps a namespace without names in mind. */
  @Test
  void listing_ofAnEmptyNamespace_overASnapshot_saysThatItFellBehind() {
    NsHandle empty = a.namespaces.createNamespace();
    NsPeer c = peers.get(2);
    try (NsListing listing = c.namespaces.listing(empty, NamePattern.ALL);
        NsListing _ = c.namespaces.listing(a.namespaces.createNamespace(), NamePattern.ALL)) {
      c.actor.pause();
      stage.play(Duration.ofSeconds(5));
      create("y");
      c.actor.install(a.actor);
      c.actor.resume();
      stage.play(Duration.ofSeconds(1));
      assertThatThrownBy(() -> listing.next(9)).isInstanceOf(NsException.Overtaken.class);
      assertThat(c.found("y")).isNotNull();
    }
  }

  @Test
  void listing_behindTooManyChanges_saysThatItFellBehind() {
    create("x");
    try (NsListing listing = b.namespaces.listing(ROOT, NamePattern.ALL)) {
      IntStream.rangeClosed(0, NsListing.NOTES_MAX).forEach(i -> listing.changing("y" + i, 0));
      assertThatThrownBy(() -> listing.next(9)).isInstanceOf(NsException.Overtaken.class);
    }
  }

  @Test
  void listing_overASnapshot_saysThatItFellBehind() {
    create("x");
    NsPeer c = peers.get(2);
    try (NsListing listing = c.namespaces.listing(ROOT, NamePattern.ALL)) {
      c.actor.pause();
      stage.play(Duration.ofSeconds(5));
      create("y");
      c.actor.install(a.actor);
      c.actor.resume();
      stage.play(Duration.ofSeconds(1));
      assertThatThrownBy(() -> listing.next(9)).isInstanceOf(NsException.Overtaken.class);
    }
  }
}
