package io.quire.ns;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The names of a namespace, the bytes of the objects that they lead to, and the listings that are
 * under way. Confined to the loop.
 */
final class Space {
  final TreeMap<String, NameCell> names = new TreeMap<>();
  private final List<NsListing> listings = new ArrayList<>();
  private long bytes;

  Usage usage() {
    return new Usage(names.size(), bytes);
  }

  /** Whether nobody had the name. */
  boolean give(String name, NameCell cell) {
    NameCell before = names.put(name, cell);
    if (before != cell) {
      bytes -= bytes(before);
      note(name, before);
    }
    return before == null;
  }

  /** Whether somebody had the name. */
  boolean take(String name) {
    NameCell before = names.remove(name);
    bytes -= bytes(before);
    note(name, before);
    return before != null;
  }

  /** The object of a name that is there, as it is now. */
  void lead(NameCell name, ObjectCell object) {
    bytes -= bytes(name);
    name.leadTo(object);
    bytes += bytes(name);
  }

  private static int bytes(@Nullable NameCell name) {
    ObjectCell object = name == null ? null : name.object();
    return object == null ? 0 : object.object().held().length;
  }

  /** Whether it holds nothing that would be missed. */
  boolean idle() {
    return names.isEmpty() && listings.isEmpty();
  }

  /** The last objects by name; one, if there is any, and no more than so many bytes of others. */
  List<NsObject> last(int most, long bytesMost) {
    List<NsObject> last = new ArrayList<>();
    long sum = 0;
    for (NameCell name : names.descendingMap().values()) {
      ObjectCell object = name.object();
      sum += bytes(name);
      if (object != null && !last.isEmpty() && (last.size() == most || sum > bytesMost)) {
        break;
      }
      if (object != null) {
        last.add(object.object());
      }
    }
    return last;
  }

  void begin(NsListing listing) {
    listings.add(listing);
  }

  void end(NsListing listing) {
    listings.remove(listing);
  }

  /** All that it knew is replaced. */
  void overtake() {
    List.copyOf(listings).forEach(NsListing::overtake);
  }

  private void note(String name, @Nullable NameCell before) {
    if (!listings.isEmpty()) {
      List.copyOf(listings)
          .forEach(listing -> listing.changing(name, before == null ? 0 : before.xid()));
    }
  }
}
