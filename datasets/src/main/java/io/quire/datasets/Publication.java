package io.quire.datasets;

import io.quire.base.Member;
import io.quire.base.RequestId;
import io.quire.ns.Lifetime;
import io.quire.ns.Namespaces;
import io.quire.ns.NsException;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.ns.NsTransaction;
import io.quire.ns.RequestOutcome;
import io.quire.ns.Reservation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes an object of what was loaded, or a version of one, or takes it back. Before that, every
 * member says that it holds its extents; after it, they say so again: only a coordinator that was
 * paused for longer than they keep orphans can find them gone then, and it takes back what it
 * published. Confined to the thread of the coordinator.
 */
final class Publication {
  private static final Logger LOG = LoggerFactory.getLogger(Publication.class);

  /** An indeterminate creation is settled by the protocol long before this. */
  private static final Duration SETTLE = Duration.ofSeconds(45);

  private final Members members;
  private final Namespaces namespaces;
  private final Namespaces by;
  private final DatasetsConfig config;
  private final Layouts layouts;
  private final Claim claim;
  private final Target target;
  private final Optional<UUID> mark;
  private boolean unsettled;
  private boolean superseded;

  /** What is to be published. */
  sealed interface Target {
    NsHandle namespace();

    String name();

    Lifetime lifetime();

    /** By how many members each extent is to be held. */
    int replicas();
  }

  /** An object, under the id of the load. */
  record NewObject(NsHandle namespace, String name, Lifetime lifetime, int replicas)
      implements Target {}

  /** Another version of an object, which has all that the one before has, and what was loaded. */
  record NewVersion(NsObject seen, int replicas) implements Target {
    @Override
    public NsHandle namespace() {
      return seen.namespace();
    }

    @Override
    public String name() {
      return seen.name();
    }

    @Override
    public Lifetime lifetime() {
      return seen.lifetime();
    }
  }

  /**
   * @param namespaces those of the node, which takes back what it has to
   * @param by who creates the object, or its next version
   * @param claim which ends with what is published
   * @param mark of several publications that have it one takes effect
   */
  Publication(
      Members members,
      Namespaces namespaces,
      Namespaces by,
      DatasetsConfig config,
      Layouts layouts,
      Claim claim,
      Target target,
      Optional<UUID> mark) {
    this.members = members;
    this.namespaces = namespaces;
    this.by = by;
    this.config = config;
    this.layouts = layouts;
    this.claim = claim;
    this.target = target;
    this.mark = mark;
  }

  /** The id of the load. */
  long xid() {
    return claim.xid();
  }

  /** The hold on the load. */
  Claim claim() {
    return claim;
  }

  /** The id of the object. */
  long dataset() {
    return target instanceof NewVersion(NsObject seen, _) ? seen.xid() : xid();
  }

  String name() {
    return target.name();
  }

  boolean durable() {
    return target.lifetime() != Lifetime.SESSION;
  }

  int replicas() {
    return target.replicas();
  }

  /** What a member is told that is to hold spares of extents, which it pulls from another. */
  Call.Spare spare(Member from, List<ExtentInfo> extents) {
    return new Call.Spare(
        xid(),
        dataset(),
        members.self().incarnation(),
        from.incarnation(),
        from.address(),
        extents);
  }

  /**
   * Who does not hold what it loaded, or pulled.
   *
   * @param denied members that said so
   * @param silent members that did not answer, or are other incarnations by now
   */
  record Missing(Set<Member> denied, Set<Member> silent) {
    /** Whether it may not hold what it should. */
    boolean has(Member member) {
      return denied.contains(member) || silent.contains(member);
    }

    /** Whether an extent of this member is lost; a copy outlives its writer, but not a denial. */
    boolean lost(Member member, ExtentInfo info) {
      return denied.contains(member) || (silent.contains(member) && info.durable() == null);
    }
  }

  /** Asks all at once whether they hold their extents; they drop whatever else they have. */
  Missing missing(Map<Member, List<ExtentInfo>> held) {
    Map<Member, CompletableFuture<byte[]>> asked = new LinkedHashMap<>();
    held.forEach(
        (member, infos) -> {
          Map<ExtentKey, Integer> crcs = new TreeMap<>();
          infos.forEach(info -> crcs.put(info.key(), info.crc()));
          asked.put(
              member, members.call(member, new Call.Hold(xid(), crcs), config.callDeadline()));
        });
    Missing missing = new Missing(new HashSet<>(), new HashSet<>());
    asked.forEach(
        (member, answer) -> {
          Await.end(answer);
          if (answer.state() != CompletableFuture.State.SUCCESS) {
            (gone(answer.exceptionNow()) ? missing.denied : missing.silent).add(member);
          }
        });
    return missing;
  }

  private static boolean gone(Throwable failure) {
    return failure instanceof Refusal refusal && refusal.reason() == Refusal.Reason.GONE;
  }

  /** What was published with the same mark before, if that is so: its object, as it is now. */
  Optional<NsObject> earlier() {
    return mark.flatMap(
        name ->
            switch (target) {
              case NewObject wanted ->
                  by.lookup(wanted.namespace, wanted.name)
                      .filter(object -> !object.draining() && object.kind().equals(Layouts.KIND))
                      .filter(object -> layouts.of(object).descriptor().has(name));
              case NewVersion _ ->
                  Optional.of(current())
                      .filter(object -> layouts.of(object).descriptor().has(name));
            });
  }

  /** Whether what {@link #publish} answered is what was published before, and nothing was now. */
  boolean superseded() {
    return superseded;
  }

  /** Encodes the descriptor, if it is not too large. */
  private byte[] encode(Descriptor descriptor) {
    byte[] value = DescriptorCodec.write(descriptor);
    if (value.length > DescriptorCodec.BYTES_MAX) {
      throw new DatasetsException.TooManyExtents(
          name(), descriptor.extents().size(), value.length, DescriptorCodec.BYTES_MAX);
    }
    return value;
  }

  /**
   * Creates the object, or its next version.
   *
   * @throws RuntimeException there is none then, unless {@link #unsettled}
   */
  NsObject publish(Descriptor made, Map<Member, List<ExtentInfo>> held) {
    NsObject object =
        switch (target) {
          case NewObject wanted ->
              create(wanted, encode(mark.map(name -> made.marked(xid(), name)).orElse(made)));
          case NewVersion _ -> append(made);
        };
    if (superseded) {
      return object;
    }
    Set<Member> denied = missing(held).denied;
    if (held.entrySet().stream()
        .anyMatch(entry -> denied.contains(entry.getKey()) && !entry.getValue().isEmpty())) {
      unsettled = true; // As long as it may be there, the members keep what they have.
      boolean taken = takeBack();
      unsettled = false;
      if (taken) {
        throw new DatasetsException.TakenBack(
            "members dropped what was loaded, while this node was paused: dataset=" + name());
      }
    }
    return object;
  }

  private NsObject create(NewObject wanted, byte[] value) {
    Optional<Reservation> reserved = claim.reservation();
    try {
      NsTransaction creation = by.transaction();
      reserved.ifPresentOrElse(
          held ->
              creation.create(
                  held, wanted.namespace, wanted.name, Layouts.KIND, wanted.lifetime, value),
          () ->
              creation.create(
                  xid(), wanted.namespace, wanted.name, Layouts.KIND, wanted.lifetime, value));
      return settled(creation);
    } catch (NsException.NameTaken e) {
      NsObject object = earlier().orElseThrow(() -> e);
      superseded = true;
      return object;
    }
  }

  /** Others may append meanwhile: what was loaded then goes behind that. */
  private NsObject append(Descriptor made) {
    Deadline deadline = Deadline.in(config.loadDeadline());
    while (true) {
      NsObject now = current();
      Descriptor before = layouts.of(now).descriptor();
      superseded = mark.map(before::has).orElse(false);
      if (superseded || made.extents().isEmpty()) {
        return now;
      }
      Descriptor after = with(before, made);
      byte[] value = encode(mark.map(name -> after.marked(xid(), name)).orElse(after));
      try {
        Optional<Reservation> reserved = claim.reservation();
        NsTransaction update = by.transaction();
        reserved.ifPresentOrElse(
            held -> update.update(held, now, value), () -> update.update(now, value));
        return settled(update);
      } catch (NsException.Stale e) {
        if (deadline.passed()) {
          throw e;
        }
      }
    }
  }

  private NsObject current() {
    return namespaces
        .lookup(dataset())
        .filter(object -> !object.draining())
        .orElseThrow(
            () ->
                new DatasetsException.Gone(
                    "dataset was deleted: name=%s xid=%x".formatted(name(), dataset())));
  }

  private Descriptor with(Descriptor before, Descriptor made) {
    try {
      return before.with(xid(), made);
    } catch (ArithmeticException e) {
      throw new DatasetsException.LoadAborted(
          "no numbers left for parts: dataset=%s appends=%d max=%d"
              .formatted(name(), before.appends().size(), Integer.MAX_VALUE));
    }
  }

  /**
   * Readers of later versions than the one that is taken back are told that theirs is gone.
   *
   * @return false if it was deleted meanwhile: then that is why members have dropped it
   */
  private boolean takeBack() {
    Deadline deadline = Deadline.in(config.loadDeadline());
    boolean perhaps = false;
    while (true) {
      try {
        NsObject now = namespaces.lookup(dataset()).filter(each -> !each.draining()).orElse(null);
        if (now == null) {
          return perhaps;
        }
        if (target instanceof NewObject) {
          namespaces.delete(now);
        } else {
          namespaces.update(now, encode(layouts.of(now).descriptor().without(xid())));
        }
        return true;
      } catch (NsException.Stale | NsException.NotFound | NsException.Draining e) {
        if (deadline.passed()) {
          throw e;
        }
      } catch (NsException.NotInView | NsException.Refused | NsException.Indeterminate e) {
        if (deadline.passed()) {
          throw e;
        }
        perhaps |= e instanceof NsException.Indeterminate;
        pause();
      }
    }
  }

  /** Commits the change, and finds out what became of it if that is not said. */
  private NsObject settled(NsTransaction change) {
    RequestId request = namespaces.newRequest();
    unsettled = true;
    try {
      NsObject object = change.as(request).commit().getFirst();
      unsettled = false;
      claim.published();
      return object;
    } catch (NsException.Indeterminate | IllegalStateException e) {
      return settled(request, e);
    } catch (NsException.StaleHandle e) {
      unsettled = false;
      throw claim.lost();
    } catch (NsException | IllegalArgumentException e) {
      unsettled = false;
      throw e;
    }
  }

  /** What became of a change of which we were not told; whoever is interrupted asks once. */
  private NsObject settled(RequestId request, RuntimeException unknown) {
    boolean interrupted = Thread.interrupted();
    Deadline deadline = Deadline.in(interrupted ? Duration.ZERO : SETTLE);
    try {
      do {
        Optional<NsObject> made = askFor(request);
        if (made.isPresent()) {
          return made.get();
        }
        pause();
      } while (!deadline.passed());
      throw unknown;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** What was published under the name; empty if nobody can tell now. */
  private Optional<NsObject> askFor(RequestId request) {
    try {
      RequestOutcome outcome = namespaces.giveUp(request);
      if (outcome instanceof RequestOutcome.Never(String why)) {
        unsettled = false;
        throw new DatasetsException.LoadAborted(
            "the cluster did not take what was loaded: dataset=%s reason=[%s]"
                .formatted(name(), why));
      }
      if (outcome instanceof RequestOutcome.Happened) {
        claim.published();
        NsObject object = current();
        unsettled = false;
        return Optional.of(object);
      }
    } catch (DatasetsException.Gone e) {
      unsettled = false; // It was there, and was deleted since.
      throw e;
    } catch (NsException.Indeterminate
        | NsException.NotInView
        | NsException.Refused
        | IllegalStateException e) {
      LOG.debug("not known what became of a publication: dataset={}", name(), e);
    }
    return Optional.empty();
  }

  /** Whether it may be published although {@link #publish} threw. */
  boolean unsettled() {
    return unsettled;
  }

  private static void pause() {
    CompletableFuture<Void> never = new CompletableFuture<>();
    Await.end(never.completeOnTimeout(null, 100, TimeUnit.MILLISECONDS));
  }

  /**
   * Tells the members to drop what they have of the load; who does not hear finds out by itself.
   */
  void abandon(Collection<Member> touched) {
    if (!claim.end()) {
      return; // Somebody else goes on with it, or it is found broken off.
    }
    List<CompletableFuture<byte[]>> told = new ArrayList<>();
    for (Member member : touched) {
      told.add(members.call(member, new Call.Drop(xid()), config.callDeadline()));
    }
    for (CompletableFuture<byte[]> answer : told) {
      answer.whenComplete(
          (_, failure) -> {
            if (failure != null) {
              LOG.debug("not told that a load failed: xid={}", Long.toHexString(xid()), failure);
            }
          });
    }
  }
}
