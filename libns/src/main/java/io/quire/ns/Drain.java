package io.quire.ns;

import io.quire.base.Address;
import io.quire.base.Log;
import io.quire.base.Loop;
import io.quire.base.Member;
import io.quire.base.Rules;
import io.quire.base.Transport;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.gvm.Cells;
import io.quire.lockserver.Locks;
import io.quire.lockserver.Sessions;
import io.quire.lockserver.View;
import io.quire.twopc.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Ends objects whose time has come. The first member of the view asks all members which of the
 * deleted objects they hold no reference to any more, having applied the delete; an object that
 * nobody holds is freed by a transaction that is good only in the epoch in which all were asked. It
 * also deletes the objects of sessions and of namespaces that ended, and those that were closed for
 * the last time. Any other member can take over at any time. Confined to the loop.
 *
 * <p>It looks from time to time; while there is more than it does at once, and some of it gets
 * done, it goes on without a pause.
 */
final class Drain {
  private static final Duration EVERY = Duration.ofMillis(200);
  private static final Duration SOON = Duration.ofMillis(5);
  private static final Duration DEADLINE = Duration.ofSeconds(5);
  private static final int AT_ONCE = 500;
  private static final int LOOKED_AT_ONCE = 10_000;
  private static final int OF_NAMESPACE = 100;
  private static final long OF_NAMESPACE_BYTES = 1 << 20;

  private final Member self;
  private final Sessions sessions;
  private final Locks locks;
  private final Cells cells;
  private final Log log;
  private final Transport transport;
  private final Loop loop;
  private final NsIndex index;
  private final RefTable references;
  private final Lookups lookups;
  private final Census census;
  private final Rules rules;

  private long epoch;
  private long askedLast;
  private long closedLast;
  private Map<Long, Set<Long>> free = new TreeMap<>();
  private final Set<Long> ending = new HashSet<>();

  /** Whether the last question left some out that are deleted. */
  private boolean more;

  /** Members that answered it. */
  private final Set<Long> answered = new HashSet<>();

  /** Objects that were freed since, and how many are being freed. */
  private int freed;

  private int freeing;

  Drain(
      Member self,
      Sessions sessions,
      Locks locks,
      Cells cells,
      Log log,
      Transport transport,
      Loop loop,
      NsIndex index,
      RefTable references,
      Lookups lookups,
      Census census,
      Rules rules) {
    this.self = self;
    this.sessions = sessions;
    this.locks = locks;
    this.cells = cells;
    this.log = log;
    this.transport = transport;
    this.loop = loop;
    this.index = index;
    this.references = references;
    this.lookups = lookups;
    this.census = census;
    this.rules = rules;
    transport.receive(Transport.Channel.REFERENCES, this::receive);
  }

  void open() {
    View view = sessions.view();
    if (isFirst(view)) {
      ask(view);
      endSessionObjects(view);
      endClosed();
      index.ended().stream().limit(AT_ONCE).toList().forEach(this::emptyNamespace);
    }
    loop.after(EVERY, this::open);
  }

  private boolean isFirst(View view) {
    return !view.members().isEmpty()
        && view.members().getFirst().incarnation() == self.incarnation();
  }

  private void ask(View view) {
    epoch = view.epoch();
    free = new TreeMap<>();
    answered.clear();
    freed = 0;
    // On from where the last question ended: what is held open is not to keep others from their
    // turn.
    var draining = index.draining();
    List<Map.Entry<Long, Long>> asked =
        Stream.of(draining.tailMap(askedLast, false), draining.headMap(askedLast, true))
            .flatMap(part -> part.entrySet().stream())
            .filter(entry -> !ending.contains(entry.getKey()))
            .limit(AT_ONCE)
            .toList();
    more = asked.size() == AT_ONCE;
    if (asked.isEmpty()) {
      return;
    }
    askedLast = asked.getLast().getKey();
    WireWriter out = new WireWriter().int8(1).int64(epoch);
    out.string(self.address().host()).uint16(self.address().port()).int32(asked.size());
    asked.forEach(entry -> out.int64(entry.getKey()).int64(entry.getValue()));
    for (Member member : view.members()) {
      transport.send(member.address(), Transport.Channel.REFERENCES, out.toBytes());
    }
  }

  private void receive(byte[] message) {
    WireReader in = new WireReader(message);
    int type = in.int8();
    switch (type) {
      case 1 -> answer(in);
      case 2 -> answered(in);
      case Census.QUESTION -> census.asked(in);
      case Census.ANSWER -> census.answered(in);
      default ->
          throw new WireReader.MalformedException("not a message about references: type=" + type);
    }
  }

  private void answer(WireReader in) {
    long askedIn = in.int64();
    Address asker = new Address(in.string(), in.uint16());
    List<Long> unused = new ArrayList<>();
    for (int left = in.count(16); left > 0; left--) {
      long xid = in.int64();
      long deleted = in.int64();
      if (log.applied() >= deleted && references.count(xid) == 0) {
        unused.add(xid);
      }
    }
    WireWriter out = new WireWriter().int8(2).int64(askedIn).int64(self.incarnation());
    out.int32(unused.size());
    unused.forEach(out::int64);
    transport.send(asker, Transport.Channel.REFERENCES, out.toBytes());
  }

  private void answered(WireReader in) {
    long askedIn = in.int64();
    long member = in.int64();
    View view = sessions.view();
    if (askedIn != epoch || view.epoch() != epoch) {
      return;
    }
    for (int left = in.count(8); left > 0; left--) {
      long xid = in.int64();
      Set<Long> by = free.computeIfAbsent(xid, _ -> new HashSet<>());
      by.add(member);
      boolean all = view.members().stream().allMatch(m -> by.contains(m.incarnation()));
      if (all || !rules.keep(Rules.Rule.HOLDERS_ASKED)) {
        free(xid);
      }
    }
    answered.add(member);
    goOn(view);
  }

  /** With the next question, when all is done that came of the last. */
  private void goOn(View view) {
    if (more
        && freed > 0
        && freeing == 0
        && view.epoch() == epoch
        && view.members().stream().allMatch(m -> answered.contains(m.incarnation()))) {
      ask(view);
    }
  }

  private void free(long xid) {
    Long deleted = index.draining().get(xid);
    if (deleted == null || !ending.add(xid)) {
      return;
    }
    freeing++;
    cells
        .commitIn(epoch, ObjectChanges.end(xid, deleted), DEADLINE)
        .whenComplete(
            (outcome, _) -> loop.execute(() -> whenShown(outcome, () -> freed(xid, outcome))));
  }

  private void freed(long xid, Outcome outcome) {
    ending.remove(xid);
    freeing--;
    if (outcome instanceof Outcome.Committed) {
      freed++;
    }
    goOn(sessions.view());
  }

  /** When this node shows what a transaction did; at once, if it did nothing. */
  private void whenShown(Outcome outcome, Runnable then) {
    if (outcome instanceof Outcome.Committed(long position, _) && log.applied() < position) {
      loop.after(SOON, () -> whenShown(outcome, then));
    } else {
      then.run();
    }
  }

  private void endSessionObjects(View view) {
    index.sessionObjects().entrySet().stream()
        .filter(entry -> !view.has(entry.getValue()))
        .filter(entry -> !index.draining().containsKey(entry.getKey()))
        .filter(entry -> !ending.contains(entry.getKey()))
        .limit(AT_ONCE)
        .map(Map.Entry::getKey)
        .toList()
        .forEach(this::endSessionObject);
  }

  private void endSessionObject(long xid) {
    Optional<NsObject> object = lookups.peek(xid).filter(found -> !found.draining());
    if (object.isPresent() && ending.add(xid)) {
      delete(xid, List.of(object.get()), _ -> {});
    }
  }

  /** Deletes objects that live until they are closed, and are. */
  private void endClosed() {
    var closing = index.closing();
    Stream.of(closing.tailSet(closedLast, false), closing.headSet(closedLast, true))
        .flatMap(Collection::stream)
        .limit(LOOKED_AT_ONCE)
        .toList()
        .forEach(this::endClosed);
  }

  private void endClosed(long xid) {
    closedLast = xid;
    if (!locks.free(Opens.path(xid))) {
      return;
    }
    lookups
        .peek(xid)
        .filter(object -> !object.draining() && ending.add(xid))
        .ifPresent(
            object -> commit(xid, new ObjectChanges().delete(object).notOpen(object), _ -> {}));
  }

  /** Deletes some objects of a namespace that ended, each time anew until there are none. */
  private void emptyNamespace(long namespace) {
    if (!ending.add(namespace)) {
      return;
    }
    // From the end: whoever destroys it deletes from the beginning.
    List<NsObject> last = index.last(namespace, OF_NAMESPACE, OF_NAMESPACE_BYTES);
    if (last.isEmpty()) {
      ending.remove(namespace); // Names that lead to no object were not made here.
    } else {
      delete(
          namespace,
          last,
          outcome -> {
            boolean mine = isFirst(sessions.view()) && index.ended().contains(namespace);
            if (mine && outcome instanceof Outcome.Committed) {
              emptyNamespace(namespace);
            }
          });
    }
  }

  /**
   * @param number under which it is not begun again before this ends
   */
  private void delete(long number, List<NsObject> objects, Consumer<Outcome> then) {
    ObjectChanges changes = new ObjectChanges();
    objects.forEach(changes::delete);
    commit(number, changes, then);
  }

  private void commit(long number, ObjectChanges changes, Consumer<Outcome> then) {
    cells
        .commit(changes.build(), DEADLINE)
        .whenComplete(
            (outcome, _) ->
                loop.execute(
                    () ->
                        whenShown(
                            outcome,
                            () -> {
                              ending.remove(number);
                              then.accept(outcome);
                            })));
  }
}
