package io.quire.sim;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Whether lists of names were each of one moment. A name is created at most once and deleted at
 * most once, at positions; a list shows the names there were at one position, with the positions at
 * which they were created. That position is not before anything that was known when the list began:
 * what was acknowledged, and what earlier lists showed. Safe from any thread.
 */
public final class Listings {
  private static final class Name {
    long createdAt;
    long createAcknowledged = Long.MAX_VALUE;
    boolean neverCreated;
    long deleteBegun = Long.MAX_VALUE;
    long deleteAcknowledged = Long.MAX_VALUE;
    long deletedAt;
  }

  private record Listing(long begin, long end, Map<String, Long> found) {}

  private final Map<String, Name> names = new HashMap<>();
  private final List<Listing> listings = new ArrayList<>();
  private long order;

  /** Before anything of it is sent. */
  public synchronized void creating(String name) {
    if (names.putIfAbsent(name, new Name()) != null) {
      throw new IllegalArgumentException("name used twice: name=" + name);
    }
  }

  public synchronized void created(String name, long position) {
    Name known = known(name);
    known.createdAt = position;
    known.createAcknowledged = order++;
  }

  /** It was not created and never will be. */
  public synchronized void notCreated(String name) {
    known(name).neverCreated = true;
  }

  /** Before anything of it is sent. */
  public synchronized void deleting(String name) {
    known(name).deleteBegun = order++;
  }

  public synchronized void deleted(String name, long position) {
    Name known = known(name);
    known.deletedAt = position;
    known.deleteAcknowledged = order++;
  }

  /** It was not deleted and never will be. */
  public synchronized void notDeleted(String name) {
    known(name).deleteBegun = Long.MAX_VALUE;
  }

  /** Before a list; gives a number for its end. */
  public synchronized long beginList() {
    return order++;
  }

  /** What was found, with the positions at which it was created. */
  public synchronized void endList(long begin, Map<String, Long> found) {
    listings.add(new Listing(begin, order++, Map.copyOf(found)));
  }

  public synchronized Verdict check() {
    for (Listing listing : listings) {
      for (Map.Entry<String, Long> each : listing.found.entrySet()) {
        Name name = names.get(each.getKey());
        if (name == null || name.neverCreated) {
          return new Verdict.Bad("name from nowhere: name=" + each.getKey() + " " + listing);
        }
        if (name.createdAt != 0 && name.createdAt != each.getValue()) {
          return new Verdict.Bad("created twice: name=" + each.getKey() + " " + listing);
        }
        name.createdAt = each.getValue();
      }
    }
    long[] least = new long[listings.size()];
    for (int i = 0; i < least.length; i++) {
      Listing listing = listings.get(i);
      least[i] = least(listing);
      for (int j = 0; j < i; j++) {
        if (listings.get(j).end < listing.begin) {
          least[i] = Math.max(least[i], least[j]);
        }
      }
      Verdict verdict = check(listing, least[i]);
      if (verdict instanceof Verdict.Bad) {
        return verdict;
      }
    }
    return new Verdict.Good();
  }

  /** The last position that must be in the list. */
  private long least(Listing listing) {
    long least = 0;
    for (long position : listing.found.values()) {
      least = Math.max(least, position);
    }
    for (Name name : names.values()) {
      if (name.createAcknowledged < listing.begin) {
        least = Math.max(least, name.createdAt);
      }
      if (name.deleteAcknowledged < listing.begin) {
        least = Math.max(least, name.deletedAt);
      }
    }
    return least;
  }

  private Verdict check(Listing listing, long least) {
    for (Map.Entry<String, Name> each : names.entrySet()) {
      Name name = each.getValue();
      boolean shown = listing.found.containsKey(each.getKey());
      boolean missing =
          !shown
              && name.createdAt != 0
              && name.createdAt <= least
              && name.deleteBegun > listing.end;
      boolean stale = shown && name.deletedAt != 0 && name.deletedAt <= least;
      if (missing || stale) {
        return new Verdict.Bad(
            (missing ? "name missing in a list: name=" : "deleted name in a list: name=")
                + each.getKey()
                + " createdAt="
                + name.createdAt
                + " deletedAt="
                + name.deletedAt
                + " listedAtLeastAt="
                + least
                + " "
                + listing);
      }
    }
    return new Verdict.Good();
  }

  private Name known(String name) {
    Name known = names.get(name);
    if (known == null) {
      throw new IllegalArgumentException("no such name: name=" + name);
    }
    return known;
  }
}
