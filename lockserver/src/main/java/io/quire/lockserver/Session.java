package io.quire.lockserver;

import io.quire.base.Clock;
import io.quire.base.Log;
import io.quire.base.Loop;
import io.quire.base.Member;
import io.quire.base.Rules;
import io.quire.base.Transport;
import io.quire.lockserver.LeaseMessage.Grant;
import io.quire.lockserver.LeaseMessage.KeepAlive;
import io.quire.lockserver.SessionEntry.Join;
import io.quire.lockserver.SessionEntry.Leave;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * This node's own session: it joins the view, keeps the lease alive, joins again when it was
 * expired, and guards linearizable reads.
 *
 * <p>A read takes the {@link #token()} first and asks {@link #valid} last. Between the two it may
 * have been paused for any time: the clock is read at the end, and a session that was lost and won
 * again is another token, so a value read under the old one is not answered.
 */
public final class Session {
  private static final Duration RETRY = Duration.ofMillis(50);

  private final Member self;
  private final LongSupplier storage;
  private final LeaseTerms terms;
  private final Log log;
  private final Transport transport;
  private final Loop loop;
  private final Clock clock;
  private final Sessions sessions;
  final Rules rules;

  private volatile @Nullable Token token;
  private boolean joining;
  private boolean leaving;
  private long predecessor;
  private long steppedOut;
  private long outUntil;
  private Entrance entrance = Entrance.OPEN;

  /** One tenure in the view. Its identity is what counts. */
  public static final class Token {
    private final long joined;
    private volatile long deadline;

    private Token(long joined, long deadline) {
      this.joined = joined;
      this.deadline = deadline;
    }

    /** Position of the entry by which it joined. */
    public long joined() {
      return joined;
    }
  }

  /**
   * Makes the session; {@link #open} joins.
   *
   * @param self this incarnation
   * @param storage names the data directory whose process lock is held, so that this incarnation
   *     may replace a dead one at once; 0 if there is none
   */
  public Session(
      Member self,
      LongSupplier storage,
      LeaseTerms terms,
      Sessions sessions,
      Log log,
      Transport transport,
      Loop loop,
      Clock clock,
      Rules rules) {
    this.self = self;
    this.storage = storage;
    this.terms = terms;
    this.sessions = sessions;
    this.log = log;
    this.transport = transport;
    this.loop = loop;
    this.clock = clock;
    this.rules = rules;
    sessions.listen(new Views());
  }

  /** This incarnation of this node, in the view or not. */
  public Member self() {
    return self;
  }

  /** Names who says when this node may enter the view; before {@link #open}. */
  public void enterThrough(Entrance chosen) {
    entrance = chosen;
  }

  /** Begins to join and to keep alive, for as long as the loop runs. On the loop, once. */
  public void open() {
    loop.confine();
    join();
    keepAlive();
  }

  /**
   * Leaves the view: reads are refused from here on, and the other members need not wait for the
   * lease to end. On the loop.
   */
  public void leave() {
    loop.confine();
    leaving = true;
    Token last = token;
    if (last == null) {
      return;
    }
    last.deadline = clock.nanos() - 1;
    token = null;
    log.append(new Leave(self.incarnation(), last.joined).entry(Log.Fence.NONE));
  }

  /**
   * Leaves the view as {@link #leave} does, and joins again after a lease: this node leads the log,
   * and what it sends does not get through. Called again while that is so. On the loop.
   */
  void stepOut() {
    loop.confine();
    outUntil = clock.nanos() + terms.lease().toNanos();
    Token last = token;
    if (last == null || leaving) {
      return;
    }
    last.deadline = clock.nanos() - 1;
    token = null;
    steppedOut = last.joined;
    log.append(new Leave(self.incarnation(), last.joined).entry(Log.Fence.NONE))
        .whenComplete((_, _) -> loop.after(terms.lease(), this::join));
  }

  /**
   * What a read must hold from its beginning, or null if this node is not in the view. Any thread.
   */
  public @Nullable Token token() {
    return token;
  }

  /**
   * Whether what was read since the token was taken may be answered: the lease has not run out by a
   * clock read now, and the session is still that one. Any thread.
   */
  public boolean valid(Token begun) {
    long now = clock.nanos();
    Token held = rules.keep(Rules.Rule.SAME_SESSION) ? begun : token;
    if (held == null || (rules.keep(Rules.Rule.SAME_SESSION) && token != begun)) {
      return false;
    }
    return now - held.deadline < 0 || !rules.keep(Rules.Rule.LEASE_CHECK);
  }

  /** Takes a grant from the leader. */
  void granted(Grant grant) {
    Token held = token;
    if (held != null
        && grant.incarnation() == self.incarnation()
        && grant.joined() == held.joined) {
      long until = grant.sent() + terms.lease().toNanos();
      if (until - held.deadline > 0) {
        held.deadline = until;
      }
    }
  }

  private final class Views implements Sessions.ViewListener {
    @Override
    public void changed(View view) {
      viewChanged();
    }

    /**
     * What is read is still to be replaced, so a reader must not take up a new session before that.
     */
    @Override
    public void restored(View view) {
      Token held = token;
      LockFile file = sessions.session(self.node());
      boolean lost = held != null && (file == null || held.joined != file.made());
      if (lost) {
        token = null;
      }
      loop.execute(
          () -> {
            viewChanged();
            if (lost) {
              join();
            }
          });
    }
  }

  private void viewChanged() {
    LockFile file = sessions.session(self.node());
    Token held = token;
    boolean given = leaving || (file != null && file.made() == steppedOut);
    if (file != null && file.owner().incarnation() == self.incarnation() && !given) {
      if (held == null || held.joined != file.made()) {
        token = new Token(file.made(), clock.nanos() - 1);
        sendKeepAlive();
      }
    } else if (held != null) {
      token = null;
      join();
    }
  }

  private void join() {
    if (joining || leaving || token != null) {
      return;
    }
    long out = outUntil - clock.nanos();
    if (steppedOut != 0 && out > 0) {
      loop.after(Duration.ofNanos(out), this::join);
      return;
    }
    joining = true;
    entrance
        .ask()
        .whenComplete(
            (fence, refusal) -> {
              if (refusal == null && !leaving && token == null) {
                append(new Join(self, storage.getAsLong(), predecessor).entry(fence));
              } else {
                joining = false;
                loop.after(RETRY, this::join);
              }
            });
  }

  private void append(Log.Entry join) {
    log.append(join)
        .whenComplete(
            (applied, failure) -> {
              joining = false;
              if (failure == null && !applied.fenced()) {
                long holder = Sessions.holder(applied.result());
                predecessor = holder == self.incarnation() ? 0 : holder;
              }
              loop.after(RETRY, this::join);
            });
  }

  private void keepAlive() {
    sendKeepAlive();
    loop.after(terms.keepAliveEvery(), this::keepAlive);
  }

  private void sendKeepAlive() {
    Token held = token;
    var leader = log.leader();
    if (held == null || leader == null) {
      return;
    }
    KeepAlive message =
        new KeepAlive(
            self.incarnation(), held.joined, clock.nanos(), log.applied(), self.address());
    transport.send(leader, Transport.Channel.LEASE, message.toBytes());
  }
}
