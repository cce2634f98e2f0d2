package io.quire.lockserver;

import io.quire.base.Clock;
import io.quire.base.Log;
import io.quire.base.Member;
import io.quire.lockserver.LeaseMessage.KeepAlive;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Set;

/*
 * A session that can be kept alive by a node that does nothing else blocks every publish. So the leader
 * grants a keep-alive only when the node has answered a probe that was sent after the keep-alive came,
 * and only if the node has applied what the leader had applied a lease ago.
 *
 * Nobody is thrown out for being slow: there is no limit of its own on the answer. A node that is loaded
 * answers late and keeps its session as long as one keep-alive and one probe go through in a lease, which
 * is what it took before, when the loop that answers probes only had to send keep-alives. A node that
 * answers no probe from some moment on loses its session when a lease and the margin have gone by from
 * there, no later than if it had died.
 *
 * If nobody but the leader itself answers, though two others or more send keep-alives, then the fault is
 * the leader's. It must not throw them all out: it grants without probes, and leaves the view itself.
 */
final class Usefulness {
  private record Sample(long nanos, long applied) {}

  private static final int OTHERS_MIN = 2;

  private final LeaseTerms terms;
  private final Member self;
  private final Prober prober;
  private final Log log;
  private final Clock clock;
  private final ArrayDeque<Sample> samples = new ArrayDeque<>();
  private final Set<Long> silent = new HashSet<>();
  private long silentSince;

  Usefulness(LeaseTerms terms, Member self, Prober prober, Log log, Clock clock) {
    this.terms = terms;
    this.self = self;
    this.prober = prober;
    this.log = log;
    this.clock = clock;
  }

  /** Another term, or a pause: what was known of the others says nothing any more. */
  void forget() {
    samples.clear();
    silent.clear();
  }

  /** Notes how far the log is applied here now. */
  void look() {
    long now = clock.nanos();
    samples.add(new Sample(now, log.applied()));
    while (samples.size() > 1 && now - second().nanos() >= terms.lease().toNanos()) {
      samples.removeFirst();
    }
  }

  private Sample second() {
    var all = samples.iterator();
    all.next();
    return all.next();
  }

  /** Whether the sender has not applied what was applied here a lease ago. */
  boolean lags(KeepAlive keepAlive) {
    Sample oldest = samples.peekFirst();
    return oldest != null
        && clock.nanos() - oldest.nanos() >= terms.lease().toNanos()
        && keepAlive.applied() < oldest.applied();
  }

  /** Runs the task when the sender has answered a probe sent now. */
  void probe(KeepAlive keepAlive, Runnable answered) {
    boolean own = keepAlive.incarnation() == self.incarnation();
    if (!own) {
      if (silent.isEmpty()) {
        silentSince = clock.nanos();
      }
      silent.add(keepAlive.incarnation());
    }
    prober.probe(
        keepAlive.from(),
        keepAlive.incarnation(),
        () -> {
          if (!own) {
            silent.clear();
          }
          answered.run();
        });
  }

  /**
   * Whether nobody else has answered for half a lease, though at least two were asked: then it is
   * this node that cannot be heard.
   */
  boolean unheard() {
    return silent.size() >= OTHERS_MIN
        && clock.nanos() - silentSince >= terms.lease().toNanos() / 2;
  }
}
