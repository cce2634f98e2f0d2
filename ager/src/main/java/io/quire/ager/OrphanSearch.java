package io.quire.ager;

import io.quire.ager.ContainerMedium.Listed;
import io.quire.ager.ContainerMedium.ReadFile;
import io.quire.ager.Orphans.Found;
import io.quire.ager.Orphans.Verdict;
import io.quire.ager.StoreScan.End;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks through the durable containers of an ager's stores, whoever wrote them, for copies that
 * nobody needs, and removes the files in which there is nothing else. What is needed says whoever
 * asks; what he once said is not needed must never be needed again. Under that condition no copy
 * goes that counts:
 *
 * <ul>
 *   <li>Nothing is appended to a file that has an end. If none of its copies is needed, it may go.
 *   <li>The writer of a file without an end may live, although it seems dead. So the file is first
 *       set aside, under another name, and looked into again from where the first look ended. A
 *       writer counts a copy only if it finds that the file still has its name after the copy was
 *       synced; such a copy was there before the file was set aside, and the second look finds it.
 *       Then the file gets its name back, as it does after an error.
 *   <li>Each search sets aside under a name of its own, and removes under that name only. One that
 *       stood still amid that, and goes on when others have taken over what it left, finds no such
 *       file.
 *   <li>A file in which something does not verify stays.
 * </ul>
 *
 * <p>A file is looked through up to the first copy that is needed, and next time from there on: so
 * each header is read once, and one of each file each time. Any thread; one search at a time.
 */
public final class OrphanSearch {
  /** Whether a copy is needed. */
  public enum Need {
    /** Somebody needs it, or may come to need it. */
    NEEDED,
    /** Nobody needs it, and nobody ever will. */
    NOT_NEEDED,
    /** It was made for others, or nobody knows for whom. */
    UNKNOWN
  }

  /** Who knows what is needed. What it throws ends the search; no more is removed then. */
  public interface Needs {
    /** Is asked of a copy that was found in a store just now. */
    Need of(Copy copy, Origin origin);

    /** Whether an owner is known to live, and may write. */
    boolean lives(String owner);
  }

  /** Where. */
  public enum Stores {
    /** Each that the ager has. */
    ALL,
    /** Those that other nodes can read. */
    SHARED,
    /** Those that only this one can. */
    OWN
  }

  /** How much is wanted. */
  public enum Mode {
    /** Looks at all copies, and removes nothing. */
    COUNT,
    /** Looks no further than to what is needed, and removes what has nothing of that. */
    REMOVE
  }

  private static final Logger log = LoggerFactory.getLogger(OrphanSearch.class);
  private static final Pattern CONTAINER = Pattern.compile("durable/(.+)-[0-9]{6,}\\.quire");
  private static final Pattern SET_ASIDE =
      Pattern.compile("(durable/.+\\.quire)\\.(.+)-[0-9]+\\.aside");

  private final String self;
  private final List<Searched> places;
  private final ReentrantLock lock = new ReentrantLock();
  private int nextAside = 1;

  /** A store, and how far its files were looked through. */
  private static final class Searched {
    final Store store;
    final Map<String, Long> lookedUpTo = new HashMap<>();

    /** The last file that was looked at, if that was not the last that there was. */
    String brokeOffAt = "";

    Searched(Store store) {
      this.store = store;
    }

    ContainerMedium medium() {
      return store.durable().medium();
    }
  }

  OrphanSearch(String self, List<Store> stores) {
    this.self = self;
    places = stores.stream().map(Searched::new).toList();
  }

  /** Searches. Ends soon after the deadline; the next search goes on where this one ended. */
  public Orphans run(Stores stores, Mode mode, Needs needs, Duration deadline) {
    Deadline until = Deadline.in(deadline);
    List<Found> found = new ArrayList<>();
    boolean complete = true;
    if (!entered(until)) {
      return new Orphans(found, false);
    }
    try {
      for (Searched place : places) {
        if (stores == Stores.ALL || place.store.isRemote() == (stores == Stores.SHARED)) {
          complete &= new Look(place, mode, needs, until, found).run();
        }
      }
    } finally {
      lock.unlock();
    }
    found.sort(Comparator.comparing(Found::store).thenComparing(Found::file));
    return new Orphans(found, complete);
  }

  private boolean entered(Deadline until) {
    try {
      return lock.tryLock(until.remainingNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private String asideName(String file) {
    return "%s.%s-%d%s".formatted(file, self, nextAside++, ContainerMedium.ASIDE);
  }

  /** One look through a store. Confined to its thread. */
  private final class Look {
    private final Searched place;
    private final ContainerMedium medium;
    private final String uri;
    private final Mode mode;
    private final Needs needs;
    private final Deadline until;
    private final List<Found> found;
    private boolean complete = true;

    Look(Searched place, Mode mode, Needs needs, Deadline until, List<Found> found) {
      this.place = place;
      this.mode = mode;
      this.needs = needs;
      this.until = until;
      this.found = found;
      medium = place.medium();
      uri = place.store.uri();
    }

    /** Whether all could be looked at. */
    boolean run() {
      try {
        if (mode == Mode.REMOVE) {
          takeOver();
        }
        List<Listed> files = medium.containers();
        Set<String> names = files.stream().map(Listed::file).collect(Collectors.toSet());
        place.lookedUpTo.keySet().retainAll(names);
        look(fromWhereItBrokeOff(files));
      } catch (IOException e) {
        log.warn("store not searched for orphans: store={}", uri, e);
        complete = false;
      }
      return complete;
    }

    private List<Listed> fromWhereItBrokeOff(List<Listed> files) {
      List<Listed> ordered = new ArrayList<>(files);
      ordered.sort(
          Comparator.comparing((Listed file) -> file.file().compareTo(place.brokeOffAt) <= 0)
              .thenComparing(Listed::file));
      return ordered;
    }

    private void look(List<Listed> files) {
      for (Listed file : files) {
        if (until.passed() || Thread.currentThread().isInterrupted()) {
          complete = false;
          return;
        }
        found.add(look(file));
        place.brokeOffAt = file.file();
      }
      place.brokeOffAt = "";
    }

    private Found look(Listed file) {
      Matcher name = CONTAINER.matcher(file.file());
      if (!name.matches() || name.group(1).equals(StoreMove.MOVED)) {
        return found(file, Verdict.OF_OTHERS, 0, "made by hand");
      }
      if (lives(name.group(1))) {
        return found(file, Verdict.LIVING, 0, "");
      }
      long from = mode == Mode.COUNT ? 0 : place.lookedUpTo.getOrDefault(file.file(), 0L);
      try {
        Walk walk = walk(file, file.file(), from);
        if (walk.verdict() == Verdict.ORPHAN && mode == Mode.REMOVE) {
          return remove(file, walk);
        }
        return found(file, walk.verdict(), walk.unneededBytes, walk.why);
      } catch (IOException e) {
        complete = false;
        return found(file, Verdict.UNREADABLE, 0, String.valueOf(e).lines().findFirst().orElse(""));
      }
    }

    private Found found(Listed file, Verdict verdict, long unneededBytes, String why) {
      return new Found(uri, file.file(), file.bytes(), verdict, unneededBytes, why);
    }

    /**
     * Looks through a file.
     *
     * @param name under which its copies are known
     */
    private Walk walk(Listed file, String name, long from) throws IOException {
      Walk walk = new Walk(this, name, from);
      try (ReadFile in = medium.open(file.file());
          Arena arena = Arena.ofConfined()) {
        MemorySegment buffer = arena.allocate(ContainerWalk.bufferBytes(), StoreHeader.BYTES);
        walk.ending = ContainerWalk.from(from, file, in, buffer, walk);
      }
      if (walk.late) {
        complete = false;
      }
      if (mode == Mode.REMOVE) {
        place.lookedUpTo.put(name, walk.upTo);
      }
      return walk;
    }

    private Found remove(Listed file, Walk walk) throws IOException {
      ContainerWalk.Ending ending = walk.ending;
      if (ending != null && ending.end() == End.FINISHED) {
        return gone(file, file.file());
      }
      String aside = asideName(file.file());
      if (!medium.rename(file.file(), aside)) {
        return found(file, Verdict.ORPHAN, file.bytes(), "removed by others");
      }
      return decide(aside, file.file(), walk.upTo);
    }

    /** Of a file that was set aside: removes it, or gives it its name back. */
    private Found decide(String aside, String name, long from) throws IOException {
      boolean decided = false;
      try {
        for (Listed file : medium.aside()) {
          if (file.file().equals(aside)) {
            Walk again = walk(file, name, from);
            if (again.verdict() == Verdict.ORPHAN) {
              Found gone = gone(new Listed(name, file.bytes()), aside);
              decided = true;
              return gone;
            }
            return found(
                new Listed(name, file.bytes()), again.verdict(), again.unneededBytes, again.why);
          }
        }
        decided = true;
        return found(new Listed(name, 0), Verdict.ORPHAN, 0, "removed by others");
      } finally {
        if (!decided) {
          medium.rename(aside, name);
        }
      }
    }

    private Found gone(Listed file, String under) throws IOException {
      place.store.durable().deleteOrphan(under, file.file(), file.bytes());
      place.lookedUpTo.remove(file.file());
      log.info(
          "removed a container of which nothing is needed: store={} file={} bytes={}",
          uri,
          file.file(),
          file.bytes());
      return found(file, Verdict.ORPHAN, file.bytes(), "");
    }

    /** What searches left that ended amid it, under a name of this one. */
    private void takeOver() throws IOException {
      for (Listed left : medium.aside()) {
        Matcher name = SET_ASIDE.matcher(left.file());
        if (name.matches() && (name.group(2).equals(self) || !lives(name.group(2)))) {
          String aside = asideName(name.group(1));
          if (medium.rename(left.file(), aside)) {
            found.add(decide(aside, name.group(1), 0));
          }
        }
      }
    }

    private boolean lives(String owner) {
      return owner.equals(self) || needs.lives(owner);
    }

    boolean late() {
      return until.passed() || Thread.currentThread().isInterrupted();
    }
  }

  /** What is in one file, from an offset on. */
  private static final class Walk implements ContainerWalk.Visitor {
    private final Look look;
    private final String file;
    private ContainerWalk.@Nullable Ending ending;
    private long upTo;
    private long unneededBytes;
    private boolean needed;
    private boolean unknown;
    private boolean damaged;
    private boolean late;
    private String why = "";

    Walk(Look look, String file, long from) {
      this.look = look;
      this.file = file;
      upTo = from;
    }

    private Need need(long offset, StoreHeader header) {
      Copy copy =
          new Copy(
              look.uri,
              file,
              offset,
              header.bytes(),
              header.crc(),
              header.extent(),
              header.owner());
      return look.needs.of(copy, header.origin());
    }

    @Override
    public void copy(long offset, StoreHeader header) {
      switch (need(offset, header)) {
        case NEEDED -> needed = true;
        case UNKNOWN -> unknown = true;
        case NOT_NEEDED -> {
          unneededBytes += header.footprint();
          if (!needed && !unknown && !damaged) {
            upTo = offset + header.footprint();
          }
        }
      }
      late = look.late();
    }

    /** Usually nobody was told of such a copy. */
    @Override
    public void torn(long offset, StoreHeader header) {
      if (need(offset, header) != Need.NOT_NEEDED) {
        damage(offset, "the file ends amid a copy");
      }
    }

    @Override
    public void damage(long offset, String reason) {
      damaged = true;
      why = "offset=%d reason=%s".formatted(offset, reason);
    }

    @Override
    public boolean enough() {
      return late || (look.mode == Mode.REMOVE && (needed || unknown));
    }

    Verdict verdict() {
      if (damaged) {
        return Verdict.DAMAGED;
      } else if (needed) {
        return Verdict.NEEDED;
      } else if (unknown) {
        return Verdict.OF_OTHERS;
      } else {
        return late ? Verdict.UNREADABLE : Verdict.ORPHAN;
      }
    }
  }
}
