package io.quire.lockserver;

import io.quire.base.Address;
import io.quire.base.Log;
import io.quire.base.Member;
import io.quire.base.NodeId;
import io.quire.base.Rules;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.sim.Stage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The projections of one node, fed with entries by hand. */
final class TreeDriver {
  static final LockLimits SMALL = new LockLimits(8, 6, 64, 5, 7, 4, 16, 8);

  final Sessions sessions;
  final LockTree tree;
  final LockLimits limits;
  final Rules rules;
  final List<LockTable.Hold> granted = new ArrayList<>();
  final List<LockTable.Hold> converted = new ArrayList<>();
  final List<Tenure> ended = new ArrayList<>();
  private final Map<Tenure, Long> sequences = new HashMap<>();
  long position;

  TreeDriver(LockLimits limits, Rules rules) {
    this.limits = limits;
    this.rules = rules;
    Log log = new Stage().enter("x").log();
    sessions = new Sessions(log);
    tree = new LockTree(log, sessions, limits, rules);
    tree.listen(
        new LockTree.Listener() {
          @Override
          public void answered(Tenure tenure, long sequence, LockAnswer answer) {}

          @Override
          public void granted(LockTable.Hold hold) {
            granted.add(hold);
          }

          @Override
          public void converted(LockTable.Hold before, LockTable.Hold after) {
            converted.add(after);
          }

          @Override
          public void ended(Tenure tenure) {
            ended.add(tenure);
          }

          @Override
          public void applied() {}

          @Override
          public void restored() {}
        });
  }

  TreeDriver() {
    this(LockLimits.DEFAULT, Rules.ALL);
  }

  long next() {
    return position += 0x10000;
  }

  Tenure join(String node, long incarnation) {
    Member member = new Member(new NodeId(node), incarnation, new Address("h", 7000));
    long at = next();
    sessions.apply(at, payload(new SessionEntry.Join(member, 0, 0).entry(Log.Fence.NONE)));
    return new Tenure(incarnation, at);
  }

  void expire(Tenure tenure) {
    sessions.apply(
        next(),
        payload(
            new SessionEntry.Expire(tenure.incarnation(), tenure.joined()).entry(Log.Fence.NONE)));
  }

  private static byte[] payload(Log.Entry entry) {
    return entry.payload();
  }

  /** The next request of this node's session. */
  LockAnswer ask(Tenure tenure, LockOperation operation) {
    long sequence = sequences.merge(tenure, 1L, Long::sum);
    return request(tenure, sequence, Math.max(0, sequence - 3), operation);
  }

  long lastSequence(Tenure tenure) {
    return sequences.getOrDefault(tenure, 0L);
  }

  LockAnswer request(Tenure tenure, long sequence, long low, LockOperation operation) {
    return apply(new LockEntry.Request(tenure, sequence, low, operation));
  }

  LockAnswer apply(LockEntry entry) {
    return LockAnswer.read(tree.apply(next(), entry.entry(Log.Fence.NONE).payload()));
  }

  long open(Tenure tenure) {
    return ask(tenure, new LockOperation.Open("s")).number();
  }

  LockAnswer acquire(Tenure tenure, long session, String path, LockMode mode) {
    return acquire(tenure, session, path, mode, true, 0);
  }

  LockAnswer acquire(
      Tenure tenure, long session, String path, LockMode mode, boolean waits, int delayMillis) {
    return ask(
        tenure, new LockOperation.Acquire(session, path, mode, waits, delayMillis, new byte[0]));
  }

  LockAnswer convert(Tenure tenure, long session, long generation, LockMode mode) {
    return ask(tenure, new LockOperation.Convert(session, generation, mode));
  }

  LockAnswer release(Tenure tenure, long session, long generation) {
    return ask(tenure, new LockOperation.Release(session, generation));
  }

  byte[] save() {
    WireWriter out = new WireWriter();
    tree.save(out);
    return out.toBytes();
  }

  /** Another node that was given a snapshot of this one. */
  TreeDriver copy() {
    TreeDriver other = new TreeDriver(limits, rules);
    WireWriter view = new WireWriter();
    sessions.save(view);
    other.sessions.restore(position, new WireReader(view.toBytes()));
    WireReader in = new WireReader(save());
    other.tree.restore(position, in);
    in.end();
    other.position = position;
    other.sequences.putAll(sequences);
    return other;
  }

  List<LockEvent> events() {
    List<LockEvent> all = new ArrayList<>();
    for (LockEvent event = tree.events().after(0, _ -> true);
        event != null;
        event = tree.events().after(event.id(), _ -> true)) {
      all.add(event);
    }
    return all;
  }

  /** As {@code KIND path}, without those of nodes. */
  List<String> happened() {
    return events().stream()
        .filter(event -> !event.path().startsWith(LockPath.SERVERS))
        .map(event -> event.kind() + " " + event.path())
        .toList();
  }
}
