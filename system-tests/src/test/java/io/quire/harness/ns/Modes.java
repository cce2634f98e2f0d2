package io.quire.harness.ns;

import static io.quire.ns.OpenMode.READ;
import static io.quire.ns.OpenMode.READ_BESIDE;
import static io.quire.ns.OpenMode.WRITE;
import static io.quire.ns.OpenMode.WRITE_BESIDE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.ns.Lifetime;
import io.quire.ns.Namespaces;
import io.quire.ns.NsEvent;
import io.quire.ns.NsException;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.ns.NsOpen;
import io.quire.ns.NsWatch;
import io.quire.ns.OpenMode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Objects that are open in modes, and deleted while they are, by all nodes at once. */
final class Modes {
  private static final Duration TRY = Duration.ZERO;
  private static final int READERS = 16;

  /** Which modes go with which. */
  private static final Map<OpenMode, Set<OpenMode>> BESIDE =
      Map.of(
          READ, Set.of(READ),
          WRITE, Set.of(),
          READ_BESIDE, Set.of(READ_BESIDE, WRITE_BESIDE),
          WRITE_BESIDE, Set.of(READ_BESIDE));

  private Modes() {}

  private static NsOpen open(
      Site site, NsHandle space, String name, OpenMode mode, Duration deadline) {
    return site.names().open(space, name, mode, deadline).orElseThrow();
  }

  private static NsObject create(Site site, NsHandle space, String name, Lifetime lifetime) {
    return site.names().create(space, name, "test", lifetime, new byte[1]);
  }

  /** An object for each who holds, how, how it is wanted, and by whom: tries do not meet. */
  private static String pair(String holder, OpenMode held, OpenMode wanted, String by) {
    return "%s/%s-%s-%s".formatted(holder, held, wanted, by);
  }

  /** N1. */
  static Map<String, Object> pairs(Site site) throws Exception {
    NsHandle space = site.space();
    List<NsOpen> held = new ArrayList<>();
    for (OpenMode mode : OpenMode.values()) {
      for (OpenMode wanted : OpenMode.values()) {
        List<String> names =
            site.all().stream().map(by -> pair(site.self(), mode, wanted, by)).toList();
        site.createAll(space, names);
        names.forEach(name -> held.add(open(site, space, name, mode, Site.SOON)));
      }
    }
    site.meet();
    int admitted = 0;
    int denied = 0;
    for (String holder : site.all()) {
      for (OpenMode mode : OpenMode.values()) {
        for (OpenMode wanted : OpenMode.values()) {
          String name = pair(holder, mode, wanted, site.self());
          if (BESIDE.getOrDefault(mode, Set.of()).contains(wanted)) {
            try (NsOpen second = open(site, space, name, wanted, TRY)) {
              assertThat(second.isHeld()).isTrue();
              assertThat(second.mode()).isEqualTo(wanted);
            }
            admitted++;
          } else {
            assertThatThrownBy(() -> open(site, space, name, wanted, TRY))
                .as("held=%s wanted=%s", mode, wanted)
                .isInstanceOf(NsException.Denied.class);
            denied++;
          }
        }
      }
    }
    site.meet();
    held.forEach(NsOpen::close);
    readers(site, space);
    handles(site, space);
    return Map.of("admitted", admitted, "denied", denied);
  }

  /** Many read at once on all nodes; then each writes alone, one after the other. */
  private static void readers(Site site, NsHandle space) throws Exception {
    create(site, space, "readers/" + site.self(), Lifetime.DURABLE);
    site.meet();
    List<String> names = site.all().stream().map(holder -> "readers/" + holder).toList();
    List<NsOpen> readers = new ArrayList<>();
    for (String name : names) {
      for (int i = 0; i < READERS; i++) {
        readers.add(open(site, space, name, READ, Site.SOON));
      }
    }
    assertThat(site.names().stats().opens()).isEqualTo(readers.size());
    site.meet();
    for (String name : names) {
      for (OpenMode mode : List.of(WRITE, READ_BESIDE, WRITE_BESIDE)) {
        assertThatThrownBy(() -> open(site, space, name, mode, TRY))
            .isInstanceOf(NsException.Denied.class);
      }
    }
    NsOpen reader = readers.getFirst();
    NsObject seen = reader.object();
    assertThatThrownBy(() -> reader.update(seen, new byte[2]))
        .isInstanceOf(NsException.Denied.class)
        .hasMessageStartingWith("open for reading only: updating");
    assertThatThrownBy(() -> reader.delete(seen)).isInstanceOf(NsException.Denied.class);
    site.meet();
    readers.forEach(NsOpen::close);
    site.onThreads(
        _ -> {
          for (String name : names) {
            try (NsOpen writer = open(site, space, name, WRITE, Site.SOON)) {
              NsObject before = writer.object();
              writer.update(before, new byte[] {(byte) (before.value()[0] + 1)});
            }
          }
          return true;
        });
    site.meet();
    for (String name : names) {
      assertThat(site.found(space, name).value()).containsExactly(site.allThreads());
    }
    assertThat(site.names().stats().opens()).isZero();
  }

  private static void handles(Site site, NsHandle space) {
    String name = "handles/" + site.self();
    create(site, space, name, Lifetime.DURABLE);
    NsOpen open = open(site, space, name, WRITE, TRY);
    assertThat(site.names().opened(open.number())).isSameAs(open);
    open.close();
    open.close();
    NsObject seen = site.found(space, name);
    assertThatThrownBy(open::object).isInstanceOf(NsException.StaleHandle.class);
    assertThatThrownBy(() -> open.update(seen, new byte[2]))
        .isInstanceOf(NsException.StaleHandle.class);
    assertThatThrownBy(() -> site.names().opened(open.number()))
        .isInstanceOf(NsException.StaleHandle.class);
    for (long number : new long[] {0, -1, open.number() + 1}) {
      assertThatThrownBy(() -> site.names().opened(number))
          .isInstanceOf(NsException.UnknownHandle.class);
    }
  }

  /** N3: one node has it open, the next deletes it, and the one after looks at what is left. */
  static Map<String, Object> pending(Site site) throws Exception {
    NsHandle space = site.space();
    create(site, space, "x/" + site.self(), Lifetime.DURABLE);
    site.meet();
    List<NsObject> before = new ArrayList<>();
    List<NsWatch> watches = new ArrayList<>();
    for (String holder : site.all()) {
      NsObject x = site.found(space, "x/" + holder);
      before.add(x);
      watches.add(site.names().watch(x.xid()));
    }
    NsOpen writer = open(site, space, "x/" + site.self(), WRITE, Site.SOON);
    site.meet();
    String deleted = "x/" + site.next(1);
    site.names().delete(space, deleted);
    assertThatThrownBy(() -> site.names().delete(space, deleted))
        .isInstanceOf(NsException.NotFound.class);
    site.meet();
    lookAtPending(site, space, before.get((site.index() + 2) % before.size()));
    NsObject draining = writer.object();
    assertThat(draining.draining()).isTrue();
    NsObject updated = writer.update(draining, new byte[] {9});
    assertThatThrownBy(() -> writer.delete(updated)).isInstanceOf(NsException.Draining.class);
    assertThatThrownBy(() -> site.names().delete(updated)).isInstanceOf(NsException.Draining.class);
    assertThatThrownBy(() -> site.names().rename(updated, "y/" + site.self()))
        .isInstanceOf(NsException.Draining.class);
    site.meet();
    for (NsObject x : before) {
      NsObject now = site.names().lookup(x.xid()).orElseThrow();
      assertThat(now.draining()).isTrue();
      assertThat(now.value()).containsExactly(9);
      NsObject second = site.found(space, x.name());
      assertThat(second.xid()).isNotEqualTo(x.xid());
      assertThat(second.value()).containsExactly(2);
    }
    assertThat(site.names().stats().draining()).isGreaterThanOrEqualTo(site.all().size());
    site.meet();
    writer.close();
    writer.close();
    assertThatThrownBy(writer::object).isInstanceOf(NsException.StaleHandle.class);
    for (NsWatch watch : watches) {
      for (Class<?> kind :
          List.of(NsEvent.Deleted.class, NsEvent.Updated.class, NsEvent.Freed.class)) {
        assertThat(watch.next(Site.SOON)).containsInstanceOf(kind);
      }
      watch.close();
    }
    for (NsObject x : before) {
      assertThat(site.names().lookup(x.xid())).isEmpty();
      assertThat(site.names().open(x.xid())).isEmpty();
    }
    untilClosed(site, space);
    return Map.of();
  }

  /** What is refused of an object that was deleted and is open, and that its name is free. */
  private static void lookAtPending(Site site, NsHandle space, NsObject x) {
    Namespaces names = site.names();
    assertThat(names.lookup(space, x.name())).isEmpty();
    assertThat(names.xidOf(space, x.name())).isEmpty();
    assertThat(names.nameOf(x.xid())).isEmpty();
    assertThat(names.open(space, x.name())).isEmpty();
    assertThat(names.open(space, x.name(), READ, TRY)).isEmpty();
    assertThatThrownBy(() -> names.open(x.xid())).isInstanceOf(NsException.Draining.class);
    assertThatThrownBy(() -> names.open(x.xid(), READ, TRY))
        .isInstanceOf(NsException.Draining.class);
    assertThat(site.listed(space, x.name())).isEmpty();
    NsObject second = names.create(space, x.name(), "test", Lifetime.DURABLE, new byte[] {2});
    assertThat(second.xid()).isNotEqualTo(x.xid());
  }

  /** Objects that go with their last close, whether they were deleted before or not. */
  private static void untilClosed(Site site, NsHandle space) throws Exception {
    String self = site.self();
    String next = site.next(1);
    for (String kind : List.of("auto/", "deleted/", "never/")) {
      create(site, space, kind + self, Lifetime.UNTIL_CLOSED);
    }
    site.meet();
    try (NsWatch auto = site.names().watch(site.found(space, "auto/" + next).xid());
        NsWatch gone = site.names().watch(site.found(space, "deleted/" + self).xid())) {
      NsOpen first = open(site, space, "auto/" + self, READ_BESIDE, Site.SOON);
      NsOpen second = open(site, space, "auto/" + next, WRITE_BESIDE, Site.SOON);
      NsOpen deleted = open(site, space, "deleted/" + self, READ, Site.SOON);
      site.meet();
      first.close();
      second.update(second.object(), new byte[] {2});
      site.names().delete(space, "deleted/" + next);
      site.meet();
      for (String holder : site.all()) {
        assertThat(site.found(space, "auto/" + holder).value()).containsExactly(2);
        assertThat(site.names().lookup(space, "deleted/" + holder)).isEmpty();
      }
      site.meet();
      second.close();
      deleted.close();
      Site.awaitFreed(auto);
      Site.awaitFreed(gone);
      assertThatThrownBy(second::object).isInstanceOf(NsException.StaleHandle.class);
    }
    site.meet();
    assertThat(site.listed(space, "auto/*")).isEmpty();
    assertThat(site.listed(space, "never/*")).hasSize(site.all().size());
  }
}
