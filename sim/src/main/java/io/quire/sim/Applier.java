package io.quire.sim;

import io.quire.base.Log;
import io.quire.base.LogBook;
import io.quire.base.Position;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Applies committed frames to the projections of one incarnation, at its own pace. */
final class Applier {
  private static final byte[] EMPTY = {};
  private static final long LAG_NANOS_MAX = 300_000;
  private static final long LONG_LAG_NANOS_MAX = 9_000_000;
  private static final long STALL_NANOS_MAX = 3_000_000_000L;
  private static final double LONG_LAGS = 1 / 16.0;

  private final SimLog log;
  private final World world;
  private final SimReplica replica;
  private final Disk disk;
  private final Dice dice;
  private final TreeMap<Log.Stream, Log.Projection> projections = new TreeMap<>();
  private final LogBook book = new LogBook();
  private final SimTails tails = new SimTails(this::recorded);
  private final List<Integer> recordsBefore = new ArrayList<>(List.of(0));
  private final Map<Log.Fence.Kind, Log.FenceCheck> checks = new EnumMap<>(Log.Fence.Kind.class);
  private final List<Log.Capture> captures = new ArrayList<>();
  private @Nullable Snapshot captured;
  private boolean ready;
  private boolean scheduled;
  private int index;
  private int slot;
  private long position = Position.NONE;
  private boolean @Nullable [] judged;
  private long stalledUntil;

  Applier(SimLog log, SimReplica replica, Dice dice) {
    this.log = log;
    this.replica = replica;
    this.dice = dice;
    world = log.world();
    disk = replica.disk();
    projections.put(book.stream(), book);
  }

  void register(Log.Projection projection) {
    unlessStarted();
    if (projections.putIfAbsent(projection.stream(), projection) != null) {
      throw new IllegalStateException("stream taken twice: stream=" + projection.stream());
    }
  }

  void register(Log.Fence.Kind kind, Log.FenceCheck check) {
    unlessStarted();
    if (checks.putIfAbsent(kind, check) != null) {
      throw new IllegalStateException("fence taken twice: kind=" + kind);
    }
  }

  /** The last frame applied as a whole. */
  long index() {
    return index;
  }

  /** The last record applied. */
  long position() {
    return position;
  }

  /** Starts from what is on the disk, or from what another node gave, or from nothing. */
  void begin() {
    Snapshot from =
        switch ((int) dice.between(0, 3)) {
          case 0 -> null;
          case 1 -> log.newestSnapshot();
          default -> disk.snapshot;
        };
    replica
        .node()
        .loop()
        .execute(
            () -> {
              ready = true;
              if (from != null) {
                world.probes().reached("started-from-snapshot");
                restore(from);
              }
              wake();
            });
  }

  /** Learns that so many frames of its disk are committed. */
  void committed(int upTo) {
    if (upTo > disk.committed) {
      disk.committed = upTo;
      wake();
    }
  }

  /** Takes another's state if it is ahead. */
  void install(Snapshot snapshot) {
    replica
        .node()
        .loop()
        .execute(
            () -> {
              if (ready && snapshot.index() > index) {
                world.probes().reached("snapshot-installed");
                if (slot > 0) {
                  world.probes().reached("snapshot-installed-within-frame");
                }
                restore(snapshot);
                wake();
              }
            });
  }

  /** The state between two frames; null within one. Called on the loop. */
  @Nullable Snapshot save() {
    if (slot > 0) {
      return null;
    }
    List<byte[]> states = new ArrayList<>();
    for (Log.Projection projection : projections.values()) {
      WireWriter out = new WireWriter();
      projection.save(out);
      states.add(out.toBytes());
    }
    return new Snapshot(index, position, states.toArray(new byte[0][]));
  }

  private void restore(Snapshot snapshot) {
    world.note(() -> replica.node() + " restores a snapshot, index=" + snapshot.index());
    captures.forEach(Log.Capture::close);
    captures.clear();
    captured = null;
    List<Frame> prefix = log.committedFrames(snapshot.index());
    if (!prefix.isEmpty()) {
      replica.newer(prefix.getLast().term);
    }
    disk.put(0, prefix);
    disk.committed = Math.max(disk.committed, (int) snapshot.index());
    index = (int) snapshot.index();
    slot = 0;
    position = snapshot.position();
    int at = 0;
    for (Log.Projection projection : projections.values()) {
      projection.restore(position, new WireReader(snapshot.states()[at++]));
    }
    tails.advanced();
    Snapshot again = save();
    if (again == null || !again.sameStates(snapshot)) {
      throw world.failure(
          "saved state differs after restore: node="
              + replica.node()
              + " position="
              + Position.text(position));
    }
  }

  private void wake() {
    if (!ready || scheduled || index >= disk.committed) {
      return;
    }
    scheduled = true;
    if (dice.nextBoolean()) {
      replica.node().loop().execute(this::step);
    } else {
      replica.node().step(lag(), index, () -> replica.node().loop().execute(this::step));
    }
  }

  private long lag() {
    if (slot == 0 && dice.chance(log.faults().stalls())) {
      world.probes().reached("applier-stalled");
      return dice.between(LONG_LAG_NANOS_MAX, STALL_NANOS_MAX);
    }
    return dice.between(0, dice.chance(LONG_LAGS) ? LONG_LAG_NANOS_MAX : LAG_NANOS_MAX);
  }

  void stall(long nanos) {
    stalledUntil = Math.max(stalledUntil, world.nanos() + nanos);
  }

  private void step() {
    scheduled = false;
    if (index >= disk.committed) {
      return;
    }
    long left = stalledUntil - world.nanos();
    if (left > 0) {
      scheduled = true;
      replica.node().step(left, index, () -> replica.node().loop().execute(this::step));
      return;
    }
    Frame frame = disk.frames.get(index);
    boolean whole = dice.nextBoolean();
    do {
      if (slot < frame.records.size()) {
        apply(frame, slot);
        slot++;
      }
    } while (whole && slot < frame.records.size());
    if (slot == frame.records.size()) {
      slot = 0;
      index++;
      tails.advanced();
      finished();
    }
    wake();
  }

  private void finished() {
    checkCapture();
    if (dice.chance(log.faults().snapshots())) {
      Snapshot saved = save();
      if (saved != null) {
        disk.snapshot = saved;
        log.saved(replica, saved);
        captured = saved;
        projections.values().forEach(projection -> captures.add(projection.capture()));
      }
    }
  }

  /** What was captured after an earlier frame must still be what was saved there. */
  private void checkCapture() {
    Snapshot wanted = captured;
    if (wanted == null) {
      return;
    }
    int at = 0;
    for (Log.Capture capture : captures) {
      WireWriter out = new WireWriter();
      capture.write(out);
      capture.close();
      if (!Arrays.equals(out.toBytes(), wanted.states()[at++])) {
        throw world.failure(
            "capture differs from what was saved: node="
                + replica.node()
                + " position="
                + Position.text(wanted.position()));
      }
    }
    world.probes().reached("captured-and-written-later");
    captured = null;
    captures.clear();
  }

  private void apply(Frame frame, int at) {
    Submission record = frame.records.get(at);
    Log.Entry entry = record.entry;
    if (World.hashOf(entry.payload()) != record.content) {
      throw world.failure("payload changed after append: origin=" + record.origin.node());
    }
    Log.Projection projection = projections.get(entry.stream());
    if (projection == null && entry.stream().projected()) {
      throw world.failure("stream has no projection: stream=" + entry.stream());
    }
    long here = Position.of(frame.index, at);
    if (log.judgesFrames() && at == 0) {
      judged = judge(frame);
    }
    boolean fenced = !(judged != null ? judged[at] : holds(frame, entry.fence()));
    byte[] result = EMPTY;
    if (fenced) {
      world.probes().reached("entry-fenced-by-" + entry.fence().kind());
    }
    if (projection != null && fenced) {
      projection.fenced(here, entry.payload());
    } else if (projection != null) {
      result = projection.apply(here, entry.payload());
    }
    Log.Applied outcome = new Log.Applied(here, fenced, result);
    position = here;
    world.note(
        () -> replica.node() + " applies " + Position.text(here) + " fenced=" + outcome.fenced());
    log.agree(replica, frame, at, outcome);
    Point.Fate _ = world.pass(Point.Kind.APPLY, replica.node());
    Leadership leads = replica.leadership();
    if (leads != null) {
      leads.applied(record, outcome);
    }
  }

  private boolean[] judge(Frame frame) {
    boolean[] each = new boolean[frame.records.size()];
    for (int i = 0; i < each.length; i++) {
      each[i] = holds(frame, frame.records.get(i).entry.fence());
    }
    return each;
  }

  private boolean holds(Frame frame, Log.Fence fence) {
    return switch (fence.kind()) {
      case NONE -> true;
      case TERM -> fence.value() == frame.term;
      case EPOCH, READY, LOCK -> {
        Log.FenceCheck check = checks.get(fence.kind());
        if (check == null) {
          throw world.failure("nobody knows this fence: kind=" + fence.kind());
        }
        yield check.holds(fence.value());
      }
    };
  }

  LogBook book() {
    return book;
  }

  SimTails tails() {
    return tails;
  }

  /* Only of whole frames. Records are counted over all frames that are applied. */
  private Log.@Nullable Recorded recorded(int at) {
    while (recordsBefore.size() <= index) {
      int last = recordsBefore.size() - 1;
      recordsBefore.add(recordsBefore.get(last) + disk.frames.get(last).records.size());
    }
    if (at >= recordsBefore.get(index)) {
      return null;
    }
    int found = Collections.binarySearch(recordsBefore, at);
    int of = found < 0 ? -found - 2 : found;
    while (disk.frames.get(of).records.isEmpty()) {
      of++;
    }
    Frame frame = disk.frames.get(of);
    int inFrame = at - recordsBefore.get(of);
    return new Log.Recorded(
        Position.of(frame.index, inFrame), frame.term, frame.records.get(inFrame).entry);
  }

  private void unlessStarted() {
    if (replica.started()) {
      throw new IllegalStateException("registered after the start: node=" + replica.node());
    }
  }
}
