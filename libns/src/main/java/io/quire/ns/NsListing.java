package io.quire.ns;

import io.quire.ns.NamePage.Listed;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * The names of a namespace as of one moment, page by page, while they go on to change. The moment
 * costs nothing; each change of a name that was not listed yet costs one note, until the listing
 * ends or is closed. Names are read from the tables as they are then, and from the notes as they
 * were.
 *
 * <p>A listing that falls behind is ended: after {@value #NOTES_MAX} notes, or when a hundred other
 * listings were begun on this node, or when this node took over a snapshot. It then says so; what
 * it gave before was right. One thread at a time.
 */
public final class NsListing implements AutoCloseable {
  static final int NOTES_MAX = 100_000;

  private final Executor loop;
  private final NsIndex index;
  private final NsHandle namespace;
  private final NamePattern pattern;
  private final long position;
  private final Guard guard;

  /** What follows is confined to the loop. Ids by name as they were then; 0 if there was none. */
  private final TreeMap<String, Long> before = new TreeMap<>();

  private String after = "";
  private boolean ended;
  private boolean overtaken;

  NsListing(
      Executor loop,
      NsIndex index,
      NsHandle namespace,
      NamePattern pattern,
      long position,
      Guard guard) {
    this.loop = loop;
    this.index = index;
    this.namespace = namespace;
    this.pattern = pattern;
    this.position = position;
    this.guard = guard;
  }

  NsHandle namespace() {
    return namespace;
  }

  /** In the log: all changes up to there are seen, and none after it. */
  public long position() {
    return position;
  }

  /**
   * The next names. There may be more though a page has fewer than were allowed, even none; after
   * one without {@link NamePage#next} there are none.
   *
   * @param limit 1 to {@link Namespaces#PAGE_MAX}
   * @throws NsException.Overtaken if this listing fell behind
   * @throws NsException.Forbidden if the principal may not read the namespace any more
   */
  public NamePage next(int limit) {
    Checks.limit(limit);
    String doing = "listing: namespace=" + namespace.text() + " pattern=" + pattern;
    CompletableFuture<Optional<NamePage>> page = new CompletableFuture<>();
    loop.execute(() -> page.complete(overtaken ? Optional.empty() : Optional.of(page(limit))));
    return guard.readable(
        namespace,
        Calls.await(doing, page)
            .orElseThrow(() -> new NsException.Overtaken("fell behind: " + doing)));
  }

  private NamePage page(int limit) {
    List<Listed> page = new ArrayList<>();
    TreeMap<String, NameCell> names = index.names(namespace.id());
    String prefix = pattern.prefix();
    String name = ended ? null : following(names, prefix);
    int looked = 0;
    long work = 0;
    while (name != null && name.startsWith(prefix)) {
      Long noted = before.get(name);
      NameCell now = names.get(name);
      long xid = noted != null ? noted : now == null ? 0 : now.xid();
      if (xid != 0 && pattern.matches(name)) {
        page.add(new Listed(name, xid));
      }
      after = name;
      work += pattern.work(name);
      if (page.size() == limit || ++looked == Pages.LOOKED_MAX || work >= Pages.WORK_MAX) {
        before.headMap(after, true).clear();
        return new NamePage(page, Optional.of(after));
      }
      name = following(names, prefix);
    }
    end();
    return new NamePage(page, Optional.empty());
  }

  private @Nullable String following(TreeMap<String, NameCell> names, String prefix) {
    boolean first = after.isEmpty();
    String here = first ? names.ceilingKey(prefix) : names.higherKey(after);
    String there = first ? before.ceilingKey(prefix) : before.higherKey(after);
    return here == null || (there != null && there.compareTo(here) < 0) ? there : here;
  }

  /**
   * A name becomes another's, or nobody's. On the loop.
   *
   * @param was the id it stood for; 0 if for none
   */
  void changing(String name, long was) {
    if (name.compareTo(after) <= 0 || !name.startsWith(pattern.prefix())) {
      return;
    }
    before.putIfAbsent(name, was);
    if (before.size() > NOTES_MAX) {
      overtake();
    }
  }

  /** On the loop. */
  void overtake() {
    overtaken = !ended;
    end();
  }

  private void end() {
    ended = true;
    before.clear();
    index.end(this);
  }

  /** Ends the listing; a second call does nothing. */
  @Override
  public void close() {
    loop.execute(this::end);
  }
}
