package io.quire.datasets;

import io.quire.base.Member;
import io.quire.ns.Lifetime;
import io.quire.ns.Namespaces;
import io.quire.ns.NsException;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes an object of what was loaded, or takes it back. Before the object is created, every member
 * says that it holds its extents; after it, they say so again: only a coordinator that was paused
 * for longer than they keep orphans can find them gone then, and it deletes the object. Confined to
 * the thread of the coordinator.
 */
final class Publication {
  private static final Logger LOG = LoggerFactory.getLogger(Publication.class);

  /** An indeterminate creation is settled by the protocol long before this. */
  private static final Duration SETTLE = Duration.ofSeconds(45);

  private final Members members;
  private final Namespaces namespaces;
  private final Namespaces by;
  private final DatasetsConfig config;
  private final long xid;
  private final Target target;
  private boolean unsettled;

  /** What is to be created. */
  record Target(NsHandle namespace, String name, Lifetime lifetime) {
    boolean durable() {
      return lifetime != Lifetime.SESSION;
    }
  }

  /**
   * @param namespaces those of the node, which takes back what it has to
   * @param by who creates the object
   */
  Publication(
      Members members,
      Namespaces namespaces,
      Namespaces by,
      DatasetsConfig config,
      long xid,
      Target target) {
    this.members = members;
    this.namespaces = namespaces;
    this.by = by;
    this.config = config;
    this.xid = xid;
    this.target = target;
  }

  long xid() {
    return xid;
  }

  Target target() {
    return target;
  }

  /**
   * Who does not hold what it loaded.
   *
   * @param denied members that said so
   * @param silent members that did not answer, or are other incarnations by now
   */
  record Missing(Set<Member> denied, Set<Member> silent) {
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
          asked.put(member, members.call(member, new Call.Hold(xid, crcs), config.callDeadline()));
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

  /** Encodes the descriptor, if it is not too large. */
  byte[] encode(Descriptor descriptor) {
    byte[] value = DescriptorCodec.write(descriptor);
    if (value.length > DescriptorCodec.BYTES_MAX) {
      throw new DatasetsException.TooManyExtents(
          target.name(), descriptor.extents().size(), value.length, DescriptorCodec.BYTES_MAX);
    }
    return value;
  }

  /**
   * Creates the object.
   *
   * @throws RuntimeException there is none then, unless {@link #unsettled}
   */
  NsObject publish(byte[] value, Map<Member, List<ExtentInfo>> held) {
    NsObject object = create(value);
    Set<Member> denied = missing(held).denied;
    if (held.entrySet().stream()
        .anyMatch(entry -> denied.contains(entry.getKey()) && !entry.getValue().isEmpty())) {
      namespaces.delete(object);
      throw new DatasetsException.LoadAborted(
          "members dropped what was loaded, while this node was paused: dataset=" + target.name());
    }
    return object;
  }

  private NsObject create(byte[] value) {
    unsettled = true;
    try {
      NsObject object =
          by.create(xid, target.namespace(), target.name(), Layouts.KIND, target.lifetime(), value);
      unsettled = false;
      return object;
    } catch (NsException.Indeterminate | IllegalStateException e) {
      return settled(e);
    } catch (NsException | IllegalArgumentException e) {
      unsettled = false;
      throw e;
    }
  }

  /** Whether an object may exist although {@link #publish} threw. */
  boolean unsettled() {
    return unsettled;
  }

  /** What became of a creation of which we were not told. */
  private NsObject settled(RuntimeException unknown) {
    Deadline deadline = Deadline.in(SETTLE);
    while (!deadline.passed()) {
      try {
        // Waits while the transaction is undecided; absent after that, it is void for ever.
        NsObject object = namespaces.lookup(xid).orElse(null);
        unsettled = false;
        if (object != null) {
          return object;
        }
        throw new DatasetsException.LoadAborted(
            "the cluster did not take the dataset: name=" + target.name());
      } catch (NsException.NotInView | NsException.Refused e) {
        pause();
      }
    }
    throw unknown;
  }

  private static void pause() {
    CompletableFuture<Void> never = new CompletableFuture<>();
    Await.end(never.completeOnTimeout(null, 100, TimeUnit.MILLISECONDS));
  }

  /**
   * Tells the members to drop what they have of the load; who does not hear finds out by itself.
   */
  void abandon(Collection<Member> touched) {
    List<CompletableFuture<byte[]>> told = new ArrayList<>();
    for (Member member : touched) {
      told.add(members.call(member, new Call.Drop(xid), config.callDeadline()));
    }
    for (CompletableFuture<byte[]> answer : told) {
      answer.whenComplete(
          (_, failure) -> {
            if (failure != null) {
              LOG.debug("not told that a load failed: xid={}", Long.toHexString(xid), failure);
            }
          });
    }
  }
}
