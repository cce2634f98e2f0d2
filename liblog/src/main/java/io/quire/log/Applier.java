package io.quire.log;

import io.quire.base.Log;
import io.quire.base.Log.Applied;
import io.quire.base.Log.Entry;
import io.quire.base.Log.Fence;
import io.quire.base.Log.FenceCheck;
import io.quire.base.Log.Projection;
import io.quire.base.Log.Stream;
import io.quire.base.Position;
import io.quire.base.WireReader;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Folds the log into the projections. Confined to the loop, except for {@link #applied}.
 *
 * <p>Once a call threw, the state may be half of an entry, and every later call throws too.
 */
final class Applier {
  private static final byte[] NOTHING = {};

  private final Map<Stream, Projection> projections = new TreeMap<>();
  private final Map<Fence.Kind, FenceCheck> checks = new EnumMap<>(Fence.Kind.class);
  private volatile long applied = Position.NONE;
  private volatile long index = -1;
  private volatile long whole = -1;
  private long term;
  private int chain;
  private boolean broken;

  void register(Projection projection) {
    if (!projection.stream().projected()) {
      throw new IllegalArgumentException(
          "a user's stream takes no projection: stream=" + projection.stream());
    }
    if (projections.putIfAbsent(projection.stream(), projection) != null) {
      throw new IllegalStateException(
          "stream has a projection already: stream=" + projection.stream());
    }
  }

  void register(Fence.Kind kind, FenceCheck check) {
    if (kind == Fence.Kind.NONE
        || kind == Fence.Kind.TERM
        || checks.putIfAbsent(kind, check) != null) {
      throw new IllegalStateException("fence has a check already: kind=" + kind);
    }
  }

  /** Whether entries of the stream can be applied here. After the start, any thread. */
  boolean knows(Stream stream) {
    return !stream.projected() || projections.containsKey(stream);
  }

  /** The position of the last entry applied, readable from any thread. */
  long applied() {
    return applied;
  }

  /** The index of the last Raft entry applied, readable from any thread. */
  long index() {
    return index;
  }

  /** The index of the last Raft entry that is applied as a whole, readable from any thread. */
  long whole() {
    return whole;
  }

  /** What the next frame must carry as the checksum of the one before it. */
  int chain() {
    return chain;
  }

  /** Applies all records of a frame, and says what came of each. */
  List<Applied> apply(long term, long index, Frame frame) {
    step(term, index);
    if (frame.previous() != chain) {
      throw new LogException.CorruptEntryException(
          Position.of(index, 0),
          "frame does not follow the one before it: wanted="
              + Integer.toHexString(chain)
              + " found="
              + Integer.toHexString(frame.previous()));
    }
    List<Applied> outcomes = new ArrayList<>(frame.records().size());
    for (LogRecord record : frame.records()) {
      outcomes.add(apply(term, Position.of(index, outcomes.size()), record.entry()));
    }
    chain = frame.chain();
    whole = index;
    broken = false;
    return outcomes;
  }

  /** Notes a Raft entry that is not a frame. */
  void advance(long term, long index) {
    step(term, index);
    applied = Position.of(index, 0);
    whole = index;
    broken = false;
  }

  /** The state after the last entry applied, to be written elsewhere. */
  Capture capture() {
    Map<Stream, Log.Capture> states = new TreeMap<>();
    projections.forEach((stream, projection) -> states.put(stream, projection.capture()));
    return new Capture(term, index, applied, chain, states);
  }

  /** Replaces the state. */
  void restore(Snapshot snapshot) {
    if (snapshot.index() < index) {
      throw new IllegalStateException(
          "snapshot is older than the state: index=" + snapshot.index() + " applied=" + index);
    }
    broken = true;
    snapshot
        .states()
        .forEach(
            (stream, state) -> {
              WireReader in = new WireReader(state);
              projection(stream, snapshot.applied()).restore(snapshot.applied(), in);
              in.end();
            });
    term = snapshot.term();
    index = snapshot.index();
    chain = snapshot.chain();
    applied = snapshot.applied();
    whole = index;
    broken = false;
  }

  private void step(long nextTerm, long nextIndex) {
    if (broken) {
      throw new IllegalStateException("cannot apply after a failure: index=" + nextIndex);
    }
    if (nextIndex <= index || nextTerm < term) {
      throw new IllegalStateException(
          "entries out of order: index="
              + nextIndex
              + " after="
              + index
              + " term="
              + nextTerm
              + " after="
              + term);
    }
    broken = true;
    term = nextTerm;
    index = nextIndex;
  }

  private Applied apply(long term, long position, Entry entry) {
    boolean fenced = !holds(entry.fence(), term);
    byte[] result = NOTHING;
    if (entry.stream().projected()) {
      Projection projection = projection(entry.stream(), position);
      if (fenced) {
        projection.fenced(position, entry.payload());
      } else {
        result = projection.apply(position, entry.payload());
      }
    }
    applied = position;
    return new Applied(position, fenced, result);
  }

  private Projection projection(Stream stream, long position) {
    Projection projection = projections.get(stream);
    if (projection == null) {
      throw new IllegalStateException(
          "stream has no projection on this node: stream="
              + stream
              + " number="
              + stream.number()
              + " position="
              + Position.text(position)
              + " known="
              + projections.keySet());
    }
    return projection;
  }

  private boolean holds(Fence fence, long term) {
    return switch (fence.kind()) {
      case NONE -> true;
      case TERM -> fence.value() == term;
      case EPOCH, READY, LOCK -> {
        FenceCheck check = checks.get(fence.kind());
        if (check == null) {
          throw new IllegalStateException("fence has no check: kind=" + fence.kind());
        }
        yield check.holds(fence.value());
      }
    };
  }
}
