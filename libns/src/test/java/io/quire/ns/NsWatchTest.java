package io.quire.ns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.sim.Stage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Watches of objects, patterns and namespaces. */
@Timeout(60)
class NsWatchTest {
  private static final NsHandle ROOT = NsHandle.ROOT;
  private static final Duration SOON = Duration.ofMillis(50);

  private final Stage stage = new Stage();
  private final List<NsPeer> peers = NsPeer.inView(stage, "a", "b", "c");
  private final NsPeer a = peers.get(0);
  private final NsPeer b = peers.get(1);

  private NsObject create(NsHandle namespace, String name) {
    return a.namespaces.create(namespace, name, "k", Lifetime.DURABLE, new byte[] {1});
  }

  private static List<NsEvent> events(NsWatch watch) throws InterruptedException {
    List<NsEvent> events = new ArrayList<>();
    for (Optional<NsEvent> next = watch.next(SOON); next.isPresent(); next = watch.next(SOON)) {
      events.add(next.get());
    }
    return events;
  }

  @Test
  void watch_ofANamespace_tellsEachChangeInOrder() throws InterruptedException {
    NsHandle red = a.namespaces.createNamespace();
    try (NsWatch watch = b.namespaces.watch(red, NamePattern.ALL)) {
      NsObject made = create(red, "x");
      create(ROOT, "x");
      NsObject updated = a.namespaces.update(made, new byte[] {2});
      NsObject renamed = a.namespaces.rename(updated, "y");
      NsObject moved = a.namespaces.transaction().move(renamed, ROOT, "z").commit().getFirst();
      NsObject back = a.namespaces.transaction().move(moved, red, "z").commit().getFirst();
      NsObject deleted = a.namespaces.transaction().delete(back).commit().getFirst();
      stage.play(Duration.ofSeconds(1));
      List<NsEvent> events = events(watch);
      assertThat(events.subList(0, 6))
          .containsExactly(
              new NsEvent.Created(made),
              new NsEvent.Updated(made, updated),
              new NsEvent.Renamed(updated, renamed),
              new NsEvent.Renamed(renamed, moved),
              new NsEvent.Renamed(moved, back),
              new NsEvent.Deleted(back, deleted));
      assertThat(events).hasSize(7);
      assertThat(events.getLast()).isInstanceOf(NsEvent.Freed.class);
      assertThat(events.getLast().object()).isEqualTo(deleted);
      assertThat(events).extracting(NsEvent::position).isSorted();
    }
  }

  @Test
  void watch_byPattern_tellsWhatMatchesBeforeOrAfter() throws InterruptedException {
    try (NsWatch watch = b.namespaces.watch(ROOT, NamePattern.of("in/*"))) {
      NsObject out = create(ROOT, "out/x");
      NsObject in = a.namespaces.rename(out, "in/x");
      NsObject again = a.namespaces.rename(in, "out/x");
      a.namespaces.update(again, new byte[] {2});
      assertThat(events(watch))
          .containsExactly(new NsEvent.Renamed(out, in), new NsEvent.Renamed(in, again));
    }
  }

  @Test
  void watch_ofOneObject_tellsOnlyItsChanges() throws InterruptedException {
    NsObject x = create(ROOT, "x");
    try (NsWatch watch = b.namespaces.watch(x.xid())) {
      create(ROOT, "y");
      NsObject updated = a.namespaces.update(x, new byte[] {2});
      assertThat(events(watch)).containsExactly(new NsEvent.Updated(x, updated));
    }
  }

  @Test
  void watch_goesOnFromABookmarkOrAListing_onAnotherNode() throws InterruptedException {
    create(ROOT, "x");
    long position;
    try (NsListing listing = a.namespaces.listing(ROOT, NamePattern.ALL)) {
      position = listing.position();
    }
    NsObject y = create(ROOT, "y");
    NsObject z = create(ROOT, "z");
    long bookmark;
    try (NsWatch watch = b.namespaces.watch(ROOT, NamePattern.ALL, position)) {
      assertThat(watch.next(SOON)).contains(new NsEvent.Created(y));
      bookmark = watch.bookmark();
    }
    try (NsWatch watch = peers.get(2).namespaces.watch(ROOT, NamePattern.ALL, bookmark)) {
      assertThat(events(watch)).containsExactly(new NsEvent.Created(z));
    }
  }

  @Test
  void watch_fromBeforeWhatIsRemembered_isRefused() {
    NsPeer d = new NsPeer(stage, "d");
    create(ROOT, "x");
    d.actor.install(a.actor);
    stage.play(Duration.ofSeconds(1));
    assertThatThrownBy(() -> d.namespaces.watch(ROOT, NamePattern.ALL, 1))
        .isInstanceOf(NsException.Overtaken.class)
        .hasMessageContaining("too old");
  }
}
