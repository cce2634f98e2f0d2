package io.quire.sim;

import io.quire.base.Address;
import io.quire.base.Clock;
import io.quire.base.Log;
import io.quire.base.LogBook;
import io.quire.base.Loop;
import io.quire.base.Member;
import io.quire.base.Position;
import io.quire.base.Transport;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One incarnation of a node on a {@link Stage}, and the seams that its protocol code stands on. Its
 * loop runs what is ready as part of the step that made it ready.
 */
public final class Actor {
  private static final long WALL_BEGIN_MILLIS = 1_767_225_600_000L;
  private static final byte[] NOTHING = {};

  private final Stage stage;
  private final Member member;
  private final ArrayDeque<Runnable> ready = new ArrayDeque<>();
  private final EnumMap<Transport.Channel, Transport.Receiver> receivers =
      new EnumMap<>(Transport.Channel.class);
  private final TreeMap<Log.Stream, Log.Projection> projections = new TreeMap<>();
  private final LogBook book = new LogBook();
  private final SimTails tails = new SimTails(this::recorded);
  private final EnumMap<Log.Fence.Kind, Log.FenceCheck> checks =
      new EnumMap<>(Log.Fence.Kind.class);
  private final ActorLoop loop = new ActorLoop();
  private final ActorLog log = new ActorLog();
  private boolean here = true;
  private boolean paused;
  private double rate = 1;
  private long clockBase;
  private long clockSince;
  private int next;
  private long position = Position.NONE;
  long believedTerm;

  Actor(Stage stage, Member member) {
    this.stage = stage;
    this.member = member;
    clockSince = stage.nanos();
    clockBase = member.incarnation() * 1_000_000_007L;
    projections.put(book.stream(), book);
  }

  public Member member() {
    return member;
  }

  public Loop loop() {
    return loop;
  }

  public Log log() {
    return log;
  }

  public Clock clock() {
    return new Clock() {
      @Override
      public long nanos() {
        return local();
      }

      @Override
      public long wallMillis() {
        return WALL_BEGIN_MILLIS + stage.nanos() / 1_000_000;
      }
    };
  }

  public Transport transport() {
    return new Transport() {
      @Override
      public void send(Address to, Channel channel, byte[] message) {
        stage.sent(new Letter(Actor.this, to, channel, message));
      }

      @Override
      public void receive(Channel channel, Receiver receiver) {
        if (receivers.putIfAbsent(channel, receiver) != null) {
          throw new IllegalStateException("channel taken twice: channel=" + channel);
        }
      }
    };
  }

  /** Whether it still runs, paused or not. */
  public boolean here() {
    return here;
  }

  /** As by SIGKILL. What it sent and proposed before stays under way. */
  public void exit() {
    here = false;
    ready.clear();
    believedTerm = 0;
  }

  /** As by SIGSTOP: its clock goes on. */
  public void pause() {
    paused = true;
  }

  /** As by SIGCONT. */
  public void resume() {
    paused = false;
    stage.runReady();
  }

  /** From now on its clock runs this many times as fast as the stage's. */
  public void clockRate(double times) {
    clockBase = local();
    clockSince = stage.nanos();
    rate = times;
  }

  /** Whether there is an entry in the log that it has not applied. */
  public boolean behind() {
    return running() && next < stage.entries().size();
  }

  /** Applies the next entry of the log. */
  public void applyNext() {
    Stage.Entered entered = stage.entries().get(next++);
    loop.execute(() -> apply(entered));
    stage.runReady();
  }

  /** Applies all that is in the log. */
  public void applyAll() {
    while (behind()) {
      applyNext();
    }
  }

  /**
   * Takes the state of another node in place of the entries that led to it, as one task.
   *
   * @throws IllegalStateException if what it saves afterwards is not the same byte by byte
   */
  public void install(Actor from) {
    TreeMap<Log.Stream, byte[]> states = from.save();
    loop.execute(
        () -> {
          projections.forEach(
              (stream, projection) -> {
                WireReader in = new WireReader(states.getOrDefault(stream, NOTHING));
                projection.restore(from.position, in);
                in.end();
              });
          next = from.next;
          position = from.position;
          tails.advanced();
          save()
              .forEach(
                  (stream, state) -> {
                    if (!Arrays.equals(state, states.getOrDefault(stream, NOTHING))) {
                      throw new IllegalStateException(
                          "saved state differs after restore: node="
                              + member
                              + " stream="
                              + stream);
                    }
                  });
        });
    stage.runReady();
  }

  /** Lets go of what stands before a position in its log: readers find it trimmed. */
  public void trim(long before) {
    tails.trim(before);
  }

  /** What its projections save. Nodes on a stage need not have the same ones. */
  private TreeMap<Log.Stream, byte[]> save() {
    TreeMap<Log.Stream, byte[]> states = new TreeMap<>();
    projections.forEach(
        (stream, projection) -> {
          WireWriter out = new WireWriter();
          projection.save(out);
          states.put(stream, out.toBytes());
        });
    return states;
  }

  @Override
  public String toString() {
    return member.toString();
  }

  boolean running() {
    return here && !paused;
  }

  void take(Letter letter) {
    Transport.Receiver receiver = receivers.get(letter.channel());
    if (receiver != null) {
      loop.execute(() -> receiver.receive(letter.message()));
    }
  }

  @Nullable Runnable pollReady() {
    return running() ? ready.poll() : null;
  }

  /** When on the stage its clock will say this. */
  long stageNanos(long due) {
    return clockSince + (long) Math.ceil((due - clockBase) / rate);
  }

  long local() {
    return clockBase + (long) ((stage.nanos() - clockSince) * rate);
  }

  private void apply(Stage.Entered entered) {
    Proposal proposal = entered.proposal();
    proposal.checkUnchanged();
    Log.Entry entry = proposal.entry();
    Log.Projection projection = projections.get(entry.stream());
    if (projection == null && entry.stream().projected()) {
      throw new IllegalStateException("stream has no projection: stream=" + entry.stream());
    }
    boolean fenced = !holds(entered, entry.fence());
    byte[] result = new byte[0];
    if (projection != null && fenced) {
      projection.fenced(entered.position(), entry.payload());
    } else if (projection != null) {
      result = projection.apply(entered.position(), entry.payload());
    }
    position = entered.position();
    entered.agree(this, new Log.Applied(entered.position(), fenced, result));
    tails.advanced();
  }

  private Log.@Nullable Recorded recorded(int at) {
    if (at >= next) {
      return null;
    }
    Stage.Entered entered = stage.entries().get(at);
    return new Log.Recorded(entered.position(), entered.term(), entered.proposal().entry());
  }

  private boolean holds(Stage.Entered entered, Log.Fence fence) {
    return switch (fence.kind()) {
      case NONE -> true;
      case TERM -> fence.value() == entered.term();
      case EPOCH, READY, LOCK -> {
        Log.FenceCheck check = checks.get(fence.kind());
        if (check == null) {
          throw new IllegalStateException("nobody knows this fence: kind=" + fence.kind());
        }
        yield check.holds(fence.value());
      }
    };
  }

  private final class ActorLoop implements Loop {
    @Override
    public void execute(Runnable task) {
      if (here) {
        ready.add(task);
        stage.entered();
      }
    }

    @Override
    public Timer after(Duration delay, Runnable task) {
      return stage.timer(Actor.this, local() + Math.max(0, delay.toNanos()), task);
    }

    @Override
    public boolean here() {
      return stage.runs(Actor.this);
    }
  }

  private final class ActorLog implements Log {
    @Override
    public List<CompletableFuture<Applied>> append(List<Entry> entries) {
      loop.confine();
      List<CompletableFuture<Applied>> futures = new ArrayList<>();
      for (Entry entry : entries) {
        Proposal proposal = new Proposal(Actor.this, entry);
        stage.proposed(proposal);
        futures.add(proposal.future);
      }
      return futures;
    }

    @Override
    public long applied() {
      return position;
    }

    @Override
    public @Nullable Address leader() {
      if (believedTerm != 0) {
        return member.address();
      }
      Actor leader = stage.leader();
      return leader == null ? null : leader.member.address();
    }

    @Override
    public long leadingTerm() {
      return believedTerm;
    }

    @Override
    public CompletableFuture<Long> confirmLeadership() {
      loop.confine();
      return stage.asked(Actor.this);
    }

    @Override
    public LogBook book() {
      return book;
    }

    @Override
    public long oldest() {
      return tails.oldest();
    }

    @Override
    public Tail read(long from, long to) {
      return tails.read(from, to);
    }

    @Override
    public CompletableFuture<@Nullable Recorded> entryAt(long wanted) {
      return tails.entryAt(wanted);
    }

    @Override
    public void register(Projection projection) {
      if (projections.putIfAbsent(projection.stream(), projection) != null) {
        throw new IllegalStateException("stream taken twice: stream=" + projection.stream());
      }
    }

    @Override
    public void register(Fence.Kind kind, FenceCheck check) {
      if (checks.putIfAbsent(kind, check) != null) {
        throw new IllegalStateException("fence taken twice: kind=" + kind);
      }
    }
  }
}
