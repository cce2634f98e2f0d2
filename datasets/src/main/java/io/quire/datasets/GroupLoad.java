package io.quire.datasets;

import io.quire.ager.Ager;
import io.quire.ager.Draft;
import io.quire.ager.Extent;
import io.quire.base.Member;
import io.quire.base.NodeId;
import io.quire.datasets.Holding.Held;
import io.quire.fabric.FabricException;
import io.quire.ns.NsObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Coordinates the load of row groups that are made here: fills their extents, and has the members,
 * in turn, pull one group each, and others spares of it. The extents of a group stay here until all
 * that are to hold it do; a member that fails in the midst of it may keep some, which it is told to
 * drop at the end. Confined to the thread that called, but for the placing of the few groups in
 * flight, which waits on threads of its own.
 */
final class GroupLoad {
  private static final int IN_FLIGHT_MAX = 8;

  /** Of one group. */
  private static final int EXTENTS_IN_FLIGHT_MAX = 16;

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
  private final Holding holding;

  private final Queue<CompletableFuture<Placed>> inFlight = new ArrayDeque<>();
  private final List<Placed> placed = new ArrayList<>();
  private final Set<Member> touched = ConcurrentHashMap.newKeySet();
  private long bytes;
  private volatile boolean ending;

  /** An extent that was filled here, and what a member is told to take it. */
  private record Piece(Call.Take call, Extent extent) {}

  /** Where a group is: with its owner, which comes first, and those with spares. */
  private record Placed(List<Member> holders, List<ExtentInfo> infos) {}

  GroupLoad(
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
    holding = registry.holding(publication.xid(), publication.dataset());
    holding.loadedBy(members.self().incarnation());
    touched.add(members.self());
  }

  /**
   * Loads all that is made, unless it was loaded before.
   *
   * @throws UncheckedIOException if making it fails so
   */
  NsObject run(byte[] schema, GroupMaker maker) {
    boolean published = false;
    try {
      Optional<NsObject> earlier = publication.earlier();
      if (earlier.isPresent()) {
        return earlier.get();
      }
      Sink sink = new Sink();
      maker.make(sink);
      sink.handOver();
      while (!inFlight.isEmpty()) {
        settleOldest();
      }
      Map<Member, List<ExtentInfo>> held = held();
      checkHeld(held);
      NsObject object = publication.publish(made(schema), held);
      published = !publication.superseded();
      return object;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot load: dataset=" + publication.name(), e);
    } finally {
      ending = true;
      inFlight.forEach(Await::end);
      if (!published && !publication.unsettled()) {
        publication.abandon(touched);
      }
    }
  }

  /** What the maker fills. Confined to its thread. */
  private final class Sink implements ExtentSink {
    private int group = -1;
    private final Map<Integer, Piece> open = new HashMap<>();

    @Override
    public void extent(
        int number, int column, long rows, long length, Consumer<MemorySegment> fill) {
      if (number > group) {
        handOver();
        group = number;
      }
      ExtentKey key = new ExtentKey(0, number, column);
      if (number < group || column < 0 || rows < 0 || length < 1 || open.containsKey(column)) {
        throw new IllegalArgumentException(
            "not an extent, or made before: %s rows=%d bytes=%d".formatted(key, rows, length));
      }
      Extent extent;
      Duration wait = deadline.within(config.partDeadline()).left();
      try (Draft draft = ager.allocate(length, wait)) {
        fill.accept(draft.segment());
        extent = draft.seal();
      }
      Piece piece = new Piece(call(key, rows, extent), extent);
      if (!holding.put(new Held(extent, piece.call.info(members.self().node(), null)))) {
        registry.drop(extent);
        throw new DatasetsException.LoadAborted("load was given up: " + key);
      }
      open.put(column, piece);
    }

    /** Has the group that is complete taken by a member. */
    private void handOver() {
      if (open.isEmpty()) {
        return;
      }
      while (inFlight.size() >= IN_FLIGHT_MAX) {
        settleOldest();
      }
      int number = group;
      List<Piece> pieces = List.copyOf(open.values());
      open.clear();
      inFlight.add(workers.await(() -> place(number, pieces)));
    }
  }

  private Call.Take call(ExtentKey key, long rows, Extent extent) {
    return new Call.Take(
        publication.xid(),
        publication.dataset(),
        members.self().incarnation(),
        key,
        rows,
        extent.bytes(),
        extent.crc(),
        publication.durable(),
        members.self().address());
  }

  private void settleOldest() {
    Placed done = Await.value("placing row groups", inFlight.element(), deadline);
    inFlight.remove();
    placed.add(done);
    bytes += done.infos.stream().mapToLong(ExtentInfo::bytes).sum();
    progress.made(placed.size(), -1, bytes);
  }

  /** Finds members for a group. Waits, on a thread of its own. */
  private Placed place(int group, List<Piece> pieces) {
    List<Member> holders = new ArrayList<>();
    List<ExtentInfo> infos = List.of();
    String last = "too few members in the view";
    int failures = 0;
    while (holders.size() < publication.replicas()) {
      if (failures == ATTEMPTS_MAX || ending) {
        throw new DatasetsException.LoadAborted(
            "row group cannot be placed: dataset=%s group=%d attempts=%d reason=%s"
                .formatted(publication.name(), group, failures, last));
      }
      Member member = choose(group, failures, holders);
      if (member == null) {
        pause(failures++);
        continue;
      }
      touched.add(member);
      try {
        if (holders.isEmpty()) {
          infos = at(member, pieces);
        } else {
          spareAt(member, infos, pieces);
        }
        holders.add(member);
      } catch (Refusal | FabricException e) {
        last = member + " " + e.getMessage();
        pause(failures++);
      }
    }
    if (holders.stream().noneMatch(members::isSelf)) {
      pieces.forEach(piece -> registry.remove(publication.xid(), piece.call.key()));
    }
    List<NodeId> spares = holders.stream().skip(1).map(Member::node).toList();
    return new Placed(
        holders, infos.stream().map(info -> info.heldBy(info.owner(), spares)).toList());
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
        ? others.get(Math.floorMod(group + failures, others.size()))
        : SpareOrder.of(publication.xid(), group, others).get(failures % others.size());
  }

  private void spareAt(Member member, List<ExtentInfo> infos, List<Piece> pieces) {
    if (members.isSelf(member)) {
      pieces.forEach(piece -> taking.asSpare(piece.extent));
    } else {
      Await.value(
          "placing spares",
          members.call(member, publication.spare(members.self(), infos), config.partDeadline()),
          Deadline.in(config.partDeadline().plusSeconds(5)));
    }
  }

  /** Has a member take all extents of a group, a few at a time. */
  private List<ExtentInfo> at(Member member, List<Piece> pieces) {
    List<ExtentInfo> infos = new ArrayList<>();
    Queue<CompletableFuture<byte[]>> asked = new ArrayDeque<>();
    try {
      for (Piece piece : pieces) {
        if (asked.size() == EXTENTS_IN_FLIGHT_MAX) {
          infos.add(taken(asked));
        }
        asked.add(ask(member, piece));
      }
      while (!asked.isEmpty()) {
        infos.add(taken(asked));
      }
      return infos;
    } finally {
      asked.forEach(Await::end);
    }
  }

  private CompletableFuture<byte[]> ask(Member member, Piece piece) {
    return members.isSelf(member)
        ? workers.await(
            () ->
                taking.keep(
                    holding, piece.extent, piece.call, deadline.within(config.partDeadline())))
        : members.call(member, piece.call, config.partDeadline());
  }

  private ExtentInfo taken(Queue<CompletableFuture<byte[]>> asked) {
    Deadline patience = Deadline.in(config.partDeadline().plusSeconds(5));
    byte[] answer = Await.value("placing an extent", asked.element(), patience);
    asked.remove();
    return DescriptorCodec.read(answer).extents().getFirst();
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
        held.computeIfAbsent(holder, _ -> new ArrayList<>()).addAll(one.infos);
      }
    }
    return held;
  }

  private Descriptor made(byte[] schema) {
    return Descriptor.of(
        schema,
        placed.stream().flatMap(one -> one.infos.stream()).toList(),
        List.of(),
        publication.replicas(),
        List.of());
  }

  /** What is made cannot be made again: what was lost with a member meanwhile ends the load. */
  private void checkHeld(Map<Member, List<ExtentInfo>> held) {
    Publication.Missing missing = publication.missing(held);
    for (Placed one : placed) {
      for (Member holder : one.holders) {
        if (isLost(holder, one, missing)) {
          throw new DatasetsException.LoadAborted(
              "a member lost its extents: dataset=%s member=%s"
                  .formatted(publication.name(), holder));
        }
      }
    }
  }

  private boolean isLost(Member holder, Placed one, Publication.Missing missing) {
    return publication.replicas() > 1
        ? missing.has(holder)
        : one.infos.stream().anyMatch(info -> missing.lost(holder, info));
  }
}
