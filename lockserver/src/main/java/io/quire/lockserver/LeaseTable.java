package io.quire.lockserver;

import io.quire.base.Clock;
import io.quire.base.Log;
import io.quire.base.Loop;
import io.quire.base.Rules;
import io.quire.base.Transport;
import io.quire.lockserver.LeaseMessage.Grant;
import io.quire.lockserver.LeaseMessage.KeepAlive;
import io.quire.lockserver.SessionEntry.Expire;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The leases of all sessions, as the log's leader keeps them. On other nodes it is idle.
 *
 * <p>A keep-alive is granted only after a majority of voters, asked after it came, said that this
 * node's term is the newest they know: a leader that was deposed grants nothing. The expiry of a
 * session is an entry of the log, fenced by the term in which it was judged; from its submission
 * until its outcome is known the session's keep-alives are refused. A new leader, or one that finds
 * that it was paused, starts every lease anew. A node that answers no probe, or lags in applying,
 * is not renewed: see {@link Usefulness}.
 */
public final class LeaseTable {
  /** A keep-alive that waits for the voters' word and for the answer of its sender. */
  private static final class Asked {
    final KeepAlive keepAlive;
    final long received;
    boolean confirmed;
    boolean useful;

    Asked(KeepAlive keepAlive, long received) {
      this.keepAlive = keepAlive;
      this.received = received;
    }
  }

  private static final int WAITING_MAX = 10_000;

  private final LeaseTerms terms;
  private final Session own;
  private final Sessions sessions;
  private final Log log;
  private final Transport transport;
  private final Loop loop;
  private final Clock clock;
  private final Usefulness usefulness;

  private final Map<Tenure, Long> deadlines = new HashMap<>();
  private final Set<Tenure> expiring = new HashSet<>();
  private List<Asked> waiting = new ArrayList<>();
  private boolean confirming;
  private long term;
  private long looked;

  /**
   * Makes the table; {@link #open} begins.
   *
   * @param prober asks whether a node is of use, before its lease goes on
   */
  public LeaseTable(
      LeaseTerms terms,
      Session own,
      Sessions sessions,
      Prober prober,
      Log log,
      Transport transport,
      Loop loop,
      Clock clock) {
    this.terms = terms;
    this.own = own;
    this.sessions = sessions;
    this.log = log;
    this.transport = transport;
    this.loop = loop;
    this.clock = clock;
    usefulness = new Usefulness(terms, own.self(), prober, log, clock);
    transport.receive(Transport.Channel.LEASE, this::receive);
  }

  /** Begins to watch, for as long as the loop runs. On the loop, once. */
  public void open() {
    loop.confine();
    looked = clock.nanos();
    watch();
  }

  private void receive(byte[] message) {
    switch (LeaseMessage.read(message)) {
      case Grant grant -> own.granted(grant);
      case KeepAlive keepAlive -> {
        if (log.leadingTerm() != 0 && waiting.size() < WAITING_MAX) {
          Asked asked = new Asked(keepAlive, clock.nanos());
          waiting.add(asked);
          probe(asked);
          confirm();
        }
      }
    }
  }

  private void probe(Asked asked) {
    KeepAlive keepAlive = asked.keepAlive;
    if (usefulness.lags(keepAlive)) {
      return;
    }
    asked.useful = usefulness.unheard() && keepAlive.incarnation() != own.self().incarnation();
    usefulness.probe(
        keepAlive,
        () -> {
          asked.useful = true;
          grant(asked);
        });
  }

  /** One question to the voters at a time; keep-alives that come meanwhile wait for the next. */
  private void confirm() {
    if (confirming || waiting.isEmpty()) {
      return;
    }
    confirming = true;
    List<Asked> asked = waiting;
    waiting = new ArrayList<>();
    log.confirmLeadership()
        .whenComplete(
            (confirmed, failure) -> {
              confirming = false;
              if (failure == null && confirmed == log.leadingTerm()) {
                lead();
                asked.forEach(
                    each -> {
                      each.confirmed = true;
                      grant(each);
                    });
              }
              confirm();
            });
  }

  private void grant(Asked asked) {
    if (!asked.confirmed || !asked.useful) {
      return;
    }
    KeepAlive keepAlive = asked.keepAlive;
    Tenure tenure = new Tenure(keepAlive.incarnation(), keepAlive.joined());
    boolean refused = expiring.contains(tenure) && own.rules.keep(Rules.Rule.EXPIRING_IS_REFUSED);
    if (!deadlines.containsKey(tenure) || refused) {
      return;
    }
    deadlines.merge(
        tenure,
        asked.received + leaderNanos(),
        (before, after) -> after - before > 0 ? after : before);
    Grant grant = new Grant(tenure.incarnation(), tenure.joined(), keepAlive.sent());
    transport.send(keepAlive.from(), Transport.Channel.LEASE, grant.toBytes());
  }

  private void watch() {
    Duration every = terms.keepAliveEvery().dividedBy(2);
    long now = clock.nanos();
    if (now - looked > terms.lease().toNanos() / 2) {
      // Paused. Who is being expired stays so: in this term the entry may yet be applied.
      deadlines.clear();
      usefulness.forget();
    }
    looked = now;
    lead();
    if (term != 0) {
      usefulness.look();
      if (usefulness.unheard()) {
        own.stepOut();
      }
      expireOverdue(now);
    }
    loop.after(every, this::watch);
  }

  /** Takes up or lays down the office, and follows the sessions that came and went. */
  private void lead() {
    long leading = log.leadingTerm();
    if (leading != term) {
      if (own.rules.keep(Rules.Rule.LEASES_ANEW)) {
        deadlines.clear();
      }
      expiring.clear();
      usefulness.forget();
      term = leading;
    }
    if (term == 0) {
      return;
    }
    Set<Tenure> live = new HashSet<>();
    for (LockFile file : sessions.files()) {
      live.add(new Tenure(file.owner().incarnation(), file.made()));
    }
    deadlines.keySet().retainAll(live);
    expiring.retainAll(live);
    long full = clock.nanos() + leaderNanos();
    live.forEach(tenure -> deadlines.putIfAbsent(tenure, full));
  }

  private long leaderNanos() {
    return own.rules.keep(Rules.Rule.LEASE_MARGIN) ? terms.leaderNanos() : terms.lease().toNanos();
  }

  private void expireOverdue(long now) {
    deadlines.forEach(
        (tenure, deadline) -> {
          if (now - deadline >= 0 && expiring.add(tenure)) {
            expire(tenure, term);
          }
        });
  }

  private void expire(Tenure tenure, long judgedIn) {
    boolean fenced = own.rules.keep(Rules.Rule.EXPIRE_IN_TERM);
    Log.Fence fence = fenced ? Log.Fence.term(judgedIn) : Log.Fence.NONE;
    log.append(new Expire(tenure.incarnation(), tenure.joined()).entry(fence))
        .whenComplete(
            (applied, failure) -> {
              if (term != judgedIn) {
                return;
              }
              if (failure instanceof Log.NotAppendedException) {
                expiring.remove(tenure);
              } else if (failure != null) {
                loop.after(terms.keepAliveEvery(), () -> expireAgain(tenure, judgedIn));
              }
            });
  }

  /** The first entry may or may not be there; the session stays refused until one of them is. */
  private void expireAgain(Tenure tenure, long judgedIn) {
    if (term == judgedIn && expiring.contains(tenure)) {
      expire(tenure, judgedIn);
    }
  }
}
