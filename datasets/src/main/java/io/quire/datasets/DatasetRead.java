package io.quire.datasets;

import io.quire.ager.Ager;
import io.quire.ager.AgerException;
import io.quire.ager.Draft;
import io.quire.ager.Extent;
import io.quire.ager.Pin;
import io.quire.base.Checksum;
import io.quire.base.Member;
import io.quire.base.NodeId;
import io.quire.base.WireReader.MalformedException;
import io.quire.fabric.FabricException;
import io.quire.lockserver.View;
import io.quire.ns.NsObject;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Reads extents of a dataset in order, a little ahead: extents that are here by pin, those of other
 * nodes by pulling, those whose holders are gone from the durable store. The sink sees only bytes
 * that were verified. Confined to the thread that called, but for the fetching of the few extents
 * ahead.
 */
final class DatasetRead implements AutoCloseable {
  private static final int AHEAD_MAX = 4;
  private static final long AHEAD_BYTES_MAX = 8 << 20;
  private static final long RETRY_MILLIS = 100;

  private final Members members;
  private final Ager ager;
  private final Registry registry;
  private final ExtentPull pull;
  private final Workers workers;
  private final NsObject object;
  private final Layout layout;
  private final Duration deadlineEach;
  private final Semaphore permits = new Semaphore(ExtentPull.IN_FLIGHT_MAX);
  private final Queue<Ahead> ahead = new ArrayDeque<>();
  private final Iterator<ExtentInfo> rest;
  private @Nullable ExtentInfo upcoming;

  private record Ahead(ExtentInfo info, CompletableFuture<Fetched> fetched) {}

  /** Verified bytes, and how to let go of them. */
  private record Fetched(MemorySegment bytes, Runnable release) {}

  /** An extent that was read; whoever takes it releases it. */
  record Got(ExtentInfo info, MemorySegment bytes, Runnable release) {}

  DatasetRead(
      Members members,
      Ager ager,
      Registry registry,
      ExtentPull pull,
      Workers workers,
      Layouts.Opened dataset,
      List<ExtentInfo> wanted,
      Duration deadlineEach) {
    this.members = members;
    this.ager = ager;
    this.registry = registry;
    this.pull = pull;
    this.workers = workers;
    this.object = dataset.object();
    this.layout = dataset.layout();
    this.deadlineEach = deadlineEach;
    rest = wanted.iterator();
    upcoming = following();
  }

  private @Nullable ExtentInfo following() {
    return rest.hasNext() ? rest.next() : null;
  }

  void run(ByteSink sink) {
    for (Got got = next(); got != null; got = next()) {
      try {
        sink.accept(got.bytes);
      } finally {
        got.release.run();
      }
    }
  }

  /** The next extent, or null at the end. */
  @Nullable Got next() {
    ExtentInfo info = upcoming;
    while (info != null && roomFor(info)) {
      ExtentInfo fetched = info;
      ahead.add(new Ahead(fetched, workers.await(() -> fetch(fetched))));
      info = following();
    }
    upcoming = info;
    Ahead first = ahead.peek();
    if (first == null) {
      return null;
    }
    // It has a deadline of its own for each extent, and others may be fetched before it.
    Deadline patience = Deadline.in(deadlineEach.multipliedBy(AHEAD_MAX));
    Fetched fetched = Await.value("reading " + first.info.place(), first.fetched, patience);
    ahead.remove();
    return new Got(first.info, fetched.bytes, fetched.release);
  }

  /** Lets go of what was read ahead. */
  @Override
  public void close() {
    ahead.forEach(DatasetRead::abandon);
    ahead.clear();
    upcoming = null;
  }

  private boolean roomFor(ExtentInfo next) {
    long bytes = ahead.stream().mapToLong(one -> one.info.bytes()).sum();
    return ahead.isEmpty() || (ahead.size() < AHEAD_MAX && bytes + next.bytes() <= AHEAD_BYTES_MAX);
  }

  private static void abandon(Ahead one) {
    one.fetched.whenComplete(
        (fetched, _) -> {
          if (fetched != null) {
            fetched.release.run();
          }
        });
  }

  private Fetched fetch(ExtentInfo info) {
    Deadline deadline = Deadline.in(deadlineEach);
    Layout.Home home = layout.home(info);
    Set<Member> without = new HashSet<>();
    boolean damaged = false;
    String last = "";
    while (!deadline.passed()) {
      try {
        boolean isHere = !damaged && registry.find(home.load(), home.key()) != null;
        Fetched here = isHere ? pinned(info, deadline) : null;
        if (here != null) {
          return here;
        }
      } catch (AgerException.ExtentLost e) {
        damaged = true;
      }
      View view = members.view();
      List<Member> holders = others(info, view, without);
      for (int i = 0; i < holders.size(); i++) {
        // One that hangs leaves time for the others.
        Deadline share = Deadline.in(deadline.left().dividedBy(holders.size() - i));
        try {
          Fetched pulled = pulled(holders.get(i), info, share);
          if (pulled != null) {
            return pulled;
          }
          without.add(holders.get(i));
        } catch (FabricException | MalformedException | DatasetsException.DeadlinePassed e) {
          last = " reason=" + e.getMessage();
        }
      }
      try {
        Fetched adopted = damaged ? null : pinned(info, deadline);
        if (adopted != null) {
          return adopted;
        }
      } catch (Refusal | AgerException.StoreUnavailable e) {
        last = " reason=" + e.getMessage();
        pause();
        continue;
      } catch (AgerException.ExtentLost e) {
        damaged = true;
      }
      // A view without this node says nothing about who lives.
      if (without.containsAll(holders) && view.has(members.self().incarnation())) {
        throw lost(info);
      }
      pause();
    }
    throw new DatasetsException.DeadlinePassed(
        "cannot read: dataset=" + object.name() + " " + info.place() + last);
  }

  /** Other members that may have it. */
  private List<Member> others(ExtentInfo info, View view, Set<Member> without) {
    List<Member> others = new ArrayList<>();
    for (NodeId node : info.holders()) {
      Member member = view.member(node);
      if (member != null && !members.isSelf(member) && !without.contains(member)) {
        others.add(member);
      }
    }
    return others;
  }

  /** By an extent that is here or can be adopted. */
  private @Nullable Fetched pinned(ExtentInfo info, Deadline deadline) {
    Extent extent = registry.findOrAdopt(layout.home(info), info);
    if (extent == null) {
      return null;
    }
    Pin pin = ager.pin(extent, deadline.left());
    return new Fetched(pin.segment(), pin::close);
  }

  private @Nullable Fetched pulled(Member owner, ExtentInfo info, Deadline deadline) {
    ExtentPull.Source source =
        new ExtentPull.Source(
            owner.address(), owner.incarnation(), object.xid(), info.key(), info.bytes());
    Draft draft = pull.pull(source, permits, deadline);
    if (draft == null) {
      return null;
    }
    int found = Checksum.of(draft.segment().asByteBuffer());
    if (found == info.crc()) {
      return new Fetched(draft.segment().asReadOnly(), draft::close);
    }
    draft.close();
    throw new MalformedException(
        "extent damaged: %s crcFound=%08x crcWanted=%08x"
            .formatted(info.place(), found, info.crc()));
  }

  private DatasetsException.ExtentsLost lost(ExtentInfo example) {
    long extents =
        layout.descriptor().extents().stream()
            .filter(info -> info.holders().equals(example.holders()) && info.durable() == null)
            .count();
    return new DatasetsException.ExtentsLost(object.name(), (int) Math.max(1, extents), example);
  }

  private static void pause() {
    CompletableFuture<Void> never = new CompletableFuture<>();
    Await.end(never.completeOnTimeout(null, RETRY_MILLIS, TimeUnit.MILLISECONDS));
  }
}
