package io.quire.datasets;

import io.quire.ager.Ager;
import io.quire.ager.Draft;
import io.quire.ager.Extent;
import io.quire.base.Member;
import io.quire.datasets.Holding.Held;
import io.quire.fabric.FabricException;
import io.quire.ns.NsObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Coordinates the load of a stream of lines: fills extents here, and has the members, in turn, pull
 * one each, and others spares of it. An extent stays here until all that are to hold it do.
 * Confined to the thread that called, but for the placing of the few extents in flight, which waits
 * on threads of its own.
 */
final class LineLoad {
  private static final int IN_FLIGHT_MAX = 8;
  private static final int ATTEMPTS_MAX = 8;
  private static final Duration RETRY = Duration.ofMillis(200);

  private final Members members;
  private final Publication publication;
  private final Ager ager;
  private final Registry registry;
  private final ExtentTaking taking;
  private final Workers workers;
  private final DatasetsConfig config;
  private final Progress progress;
  private final Deadline deadline;

  private final Queue<CompletableFuture<Placed>> inFlight = new ArrayDeque<>();
  private final List<Placed> placed = new ArrayList<>();
  private final Set<Member> touched = ConcurrentHashMap.newKeySet();
  private long bytes;
  private volatile boolean ending;

  /** Where an extent is: with its owner, which comes first, and those with spares. */
  private record Placed(List<Member> holders, ExtentInfo info) {}

  LineLoad(
      Members members,
      Publication publication,
      Ager ager,
      Registry registry,
      ExtentTaking taking,
      Workers workers,
      DatasetsConfig config,
      Progress progress) {
    this.members = members;
    this.publication = publication;
    this.ager = ager;
    this.registry = registry;
    this.taking = taking;
    this.workers = workers;
    this.config = config;
    this.progress = progress;
    deadline = Deadline.in(config.loadDeadline());
  }

  /**
   * Loads all that the stream gives.
   *
   * @throws UncheckedIOException if it fails
   */
  NsObject run(InputStream in) {
    registry
        .holding(publication.xid(), publication.dataset())
        .loadedBy(members.self().incarnation());
    touched.add(members.self());
    boolean published = false;
    try {
      place(in);
      Map<Member, List<ExtentInfo>> held = held();
      checkHeld(held);
      NsObject object = publication.publish(made(), held);
      published = true;
      return object;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the lines of dataset " + publication.name(), e);
    } finally {
      ending = true;
      inFlight.forEach(Await::end);
      if (!published && !publication.unsettled()) {
        publication.abandon(touched);
      }
    }
  }

  private void place(InputStream in) throws IOException {
    LineCutter cutter = new LineCutter(in, config.extentBytes());
    for (int group = 0; cutter.next(); group++) {
      LineCutter.Piece piece = cutter.piece();
      ExtentKey key = new ExtentKey(0, group, 0);
      Extent extent = fill(piece.bytes());
      while (inFlight.size() >= IN_FLIGHT_MAX) {
        settleOldest();
      }
      Call.Take call =
          new Call.Take(
              publication.xid(),
              publication.dataset(),
              members.self().incarnation(),
              key,
              piece.lines(),
              extent.bytes(),
              extent.crc(),
              publication.durable(),
              members.self().address());
      inFlight.add(workers.await(() -> place(call, extent)));
    }
    while (!inFlight.isEmpty()) {
      settleOldest();
    }
  }

  private Extent fill(byte[] piece) {
    try (Draft draft = ager.allocate(piece.length, deadline.within(config.partDeadline()).left())) {
      draft.segment().copyFrom(MemorySegment.ofArray(piece));
      return draft.seal();
    }
  }

  private void settleOldest() {
    Placed done = Await.value("placing lines", inFlight.element(), deadline);
    inFlight.remove();
    placed.add(done);
    bytes += done.info.bytes();
    progress.made(placed.size(), -1, bytes);
  }

  /** Finds a member for an extent. Waits, on a thread of its own. */
  private Placed place(Call.Take call, Extent extent) {
    Holding holding = registry.holding(call.xid(), call.dataset());
    if (!holding.put(new Held(extent, call.info(members.self().node(), null)))) {
      registry.drop(extent);
      throw new DatasetsException.LoadAborted("load was given up: " + call.key());
    }
    List<Member> holders = new ArrayList<>();
    @Nullable ExtentInfo info = null;
    String last = "too few members in the view";
    int failures = 0;
    while (holders.size() < publication.replicas() && failures < ATTEMPTS_MAX && !ending) {
      Member member = choose(call.key().group(), failures, holders);
      if (member == null) {
        pause(failures++);
        continue;
      }
      touched.add(member);
      try {
        if (info == null) {
          info = at(member, call, holding, extent);
        } else {
          spareAt(member, info, extent);
        }
        holders.add(member);
      } catch (Refusal | FabricException e) {
        last = member + " " + e.getMessage();
        pause(failures++);
      }
    }
    if (info == null || holders.size() < publication.replicas()) {
      throw new DatasetsException.LoadAborted(
          "extent cannot be placed: dataset=%s %s attempts=%d reason=%s"
              .formatted(publication.name(), call.key(), ATTEMPTS_MAX, last));
    }
    if (holders.stream().noneMatch(members::isSelf)) {
      registry.remove(call.xid(), call.key());
    }
    return new Placed(
        holders, info.heldBy(info.owner(), holders.stream().skip(1).map(Member::node).toList()));
  }

  /** The owners take turns; spares are where {@link SpareOrder} says. */
  private @Nullable Member choose(int group, int failures, List<Member> holders) {
    members.require(publication.name(), publication.replicas());
    List<Member> others =
        members.view().members().stream()
            .filter(member -> holders.stream().noneMatch(held -> held.node().equals(member.node())))
            .toList();
    if (others.isEmpty()) {
      return null;
    }
    return holders.isEmpty()
        ? others.get((group + failures) % others.size())
        : SpareOrder.of(publication.xid(), group, others).get(failures % others.size());
  }

  private ExtentInfo at(Member member, Call.Take call, Holding holding, Extent extent) {
    byte[] answer =
        members.isSelf(member)
            ? taking.keep(holding, extent, call, deadline.within(config.partDeadline()))
            : asked(member, call, call.key());
    return DescriptorCodec.read(answer).extents().getFirst();
  }

  private void spareAt(Member member, ExtentInfo info, Extent extent) {
    if (members.isSelf(member)) {
      taking.asSpare(extent);
    } else {
      asked(member, publication.spare(members.self(), List.of(info)), info.key());
    }
  }

  private byte[] asked(Member member, Call call, ExtentKey key) {
    return Await.value(
        "placing " + key,
        members.call(member, call, config.partDeadline()),
        Deadline.in(config.partDeadline().plusSeconds(5)));
  }

  private static void pause(int attempt) {
    CompletableFuture<Void> never = new CompletableFuture<>();
    Await.end(
        never.completeOnTimeout(null, RETRY.toMillis() << attempt / 2, TimeUnit.MILLISECONDS));
  }

  private Map<Member, List<ExtentInfo>> held() {
    Map<Member, List<ExtentInfo>> held = new HashMap<>();
    touched.forEach(member -> held.put(member, new ArrayList<>()));
    for (Placed one : placed) {
      for (Member holder : one.holders) {
        held.computeIfAbsent(holder, _ -> new ArrayList<>()).add(one.info);
      }
    }
    return held;
  }

  private Descriptor made() {
    return Descriptor.of(
        new byte[0], placed.stream().map(Placed::info).toList(), List.of(), publication.replicas());
  }

  /** The stream cannot be read again: what was lost with a member meanwhile ends the load. */
  private void checkHeld(Map<Member, List<ExtentInfo>> held) {
    Publication.Missing missing = publication.missing(held);
    for (Placed one : placed) {
      for (Member holder : one.holders) {
        boolean lost =
            publication.replicas() > 1 ? missing.has(holder) : missing.lost(holder, one.info);
        if (lost) {
          throw new DatasetsException.LoadAborted(
              "a member lost its extents: dataset=%s member=%s"
                  .formatted(publication.name(), holder));
        }
      }
    }
  }
}
