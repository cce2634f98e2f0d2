package io.quire.harness.ns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.harness.CheckFailed;
import io.quire.harness.Deadline;
import io.quire.ns.Lifetime;
import io.quire.ns.NamePattern;
import io.quire.ns.Namespaces;
import io.quire.ns.NsException;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.ns.NsOpen;
import io.quire.ns.OpenMode;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * N4: every thread of every node creates objects, updates each while it has it alone, deletes one
 * of four, looks all of them up and lists them; and all of them count together in one object.
 */
final class MixedWork {
  private static final int LOOPS = 2;
  private static final int OBJECTS = 256;
  private static final int DELETED_OF = 4;
  private static final int COUNTED_OF = 32;
  private static final String COUNTER = "counter";

  private MixedWork() {}

  static Map<String, Object> run(Site site) throws Exception {
    NsHandle space = site.space();
    try {
      site.names().create(space, COUNTER, "test", Lifetime.DURABLE, new byte[Long.BYTES]);
    } catch (NsException.NameTaken e) {
      // It is for all, whoever made it.
    }
    int again = 0;
    for (int loop = 1; loop <= LOOPS; loop++) {
      site.meet();
      int seed = loop;
      for (int tries : site.onThreads(thread -> new OnThread(site, space, thread, seed).run())) {
        again += tries;
      }
      site.meet();
      int left = OBJECTS - OBJECTS / DELETED_OF;
      assertThat(site.listed(space, "n4/*")).hasSize(left * site.allThreads());
      long counted = (long) loop * OBJECTS / COUNTED_OF * site.allThreads();
      assertThat(number(site.found(space, COUNTER))).isEqualTo(counted);
      site.meet();
      NamePattern own = NamePattern.of("n4/" + site.self() + "/*");
      assertThat(site.names().deleteAll(space, own)).isEqualTo(left * site.threads());
      site.meet();
      assertThat(site.listed(space, "n4/*")).isEmpty();
    }
    return Map.of("objects", LOOPS * OBJECTS * site.threads(), "countedAgain", again);
  }

  private static long number(NsObject object) {
    return ByteBuffer.wrap(object.value()).getLong();
  }

  /** What one thread does in one loop. */
  private static final class OnThread {
    private final Site site;
    private final Namespaces names;
    private final NsHandle space;
    private final String prefix;
    private final SplittableRandom random;
    private final List<NsObject> objects = new ArrayList<>();
    private final Set<NsObject> deleted = new HashSet<>();
    private int countedAgain;

    OnThread(Site site, NsHandle space, int thread, int loop) {
      this.site = site;
      this.space = space;
      names = site.names();
      prefix = "n4/%s/%d/".formatted(site.self(), thread);
      random = new SplittableRandom(1_000L * loop + 31L * site.index() + thread);
    }

    int run() {
      for (int i = 0; i < OBJECTS; i++) {
        objects.add(made(prefix + i));
        if (i % DELETED_OF == DELETED_OF - 1) {
          NsObject one = objects.get(objects.size() - 1 - random.nextInt(DELETED_OF));
          names.delete(one);
          deleted.add(one);
        }
        if (i % COUNTED_OF == 0) {
          count();
        }
      }
      objects.forEach(this::look);
      assertThat(site.listed(space, prefix + "*"))
          .containsExactlyInAnyOrderElementsOf(
              objects.stream()
                  .filter(object -> !deleted.contains(object))
                  .map(NsObject::name)
                  .toList());
      return countedAgain;
    }

    private NsObject made(String name) {
      NsObject made = names.create(space, name, "test", Lifetime.DURABLE, new byte[1]);
      try (NsOpen writer = names.open(space, name, OpenMode.WRITE, Site.SOON).orElseThrow()) {
        NsObject updated = writer.update(made, new byte[] {1, 2});
        assertThat(updated.version()).isGreaterThan(made.version());
        return updated;
      }
    }

    /** Adds one to what all threads of all nodes add to. */
    private void count() {
      Deadline deadline = Deadline.in(Site.SOON);
      boolean counted = false;
      while (!counted) {
        NsObject seen = site.found(space, COUNTER);
        try {
          names.update(seen, ByteBuffer.allocate(Long.BYTES).putLong(number(seen) + 1).array());
          counted = true;
        } catch (NsException.Stale e) {
          countedAgain++;
          CheckFailed.unless(!deadline.left().isZero(), "counts in time", "seen=%s", seen);
        }
      }
    }

    private void look(NsObject object) {
      if (deleted.contains(object)) {
        assertThat(names.lookup(space, object.name())).isEmpty();
        assertThat(names.nameOf(object.xid())).isEmpty();
        assertThatThrownBy(() -> names.delete(space, object.name()))
            .isInstanceOf(NsException.NotFound.class);
      } else {
        assertThat(site.found(space, object.name())).isEqualTo(object);
        assertThat(names.lookup(object.xid())).contains(object);
        assertThat(names.nameOf(object.xid())).contains(object.name());
      }
    }
  }
}
