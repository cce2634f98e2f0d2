package io.quire.datasets;

import io.quire.ager.Advice;
import io.quire.ager.Ager;
import io.quire.ager.Copy;
import io.quire.ager.Draft;
import io.quire.ager.Extent;
import io.quire.ager.Origin;
import io.quire.base.Member;
import io.quire.datasets.Holding.Held;
import io.quire.fabric.FabricException;
import java.util.List;
import java.util.concurrent.Semaphore;

/**
 * Takes extents that another member filled: pulls, verifies, copies if durable, keeps. Spares are
 * said not to be needed, so that the ager writes them at once and their memory goes first.
 */
final class ExtentTaking {
  private final Member self;
  private final Ager ager;
  private final Registry registry;
  private final ExtentPull pull;
  private final Origins origins;
  private final DatasetsConfig config;

  ExtentTaking(
      Member self,
      Ager ager,
      Registry registry,
      ExtentPull pull,
      Origins origins,
      DatasetsConfig config) {
    this.self = self;
    this.ager = ager;
    this.registry = registry;
    this.pull = pull;
    this.origins = origins;
    this.config = config;
  }

  /** Takes one; answers a descriptor of it. Waits. */
  byte[] take(Call.Take call) {
    Deadline deadline = Deadline.in(config.partDeadline());
    Holding holding = registry.holding(call.xid(), call.dataset());
    holding.loadedBy(call.coordinator());
    Held earlier = holding.find(call.key());
    if (earlier != null && !earlier.spare() && earlier.extent().crc() == call.crc()) {
      return encoded(earlier.info());
    }
    ExtentPull.Source source =
        new ExtentPull.Source(
            call.from(), call.coordinator(), call.xid(), call.key(), call.bytes());
    Extent extent = pulled(source, call.crc(), deadline);
    boolean kept = false;
    try {
      byte[] answer = keep(holding, extent, call, deadline);
      kept = true;
      return answer;
    } finally {
      if (!kept) {
        registry.drop(extent);
      }
    }
  }

  /** Takes spares of a part. What is here when it fails stays, for the next attempt. Waits. */
  byte[] spare(Call.Spare call) {
    Deadline deadline = Deadline.in(config.partDeadline());
    Holding holding = registry.holding(call.xid(), call.dataset());
    holding.loadedBy(call.coordinator());
    for (ExtentInfo info : call.extents()) {
      Held here = holding.find(info.key());
      if (here == null || !here.isSpareOf(info)) {
        ExtentPull.Source source =
            new ExtentPull.Source(
                call.address(), call.from(), call.xid(), info.key(), info.bytes());
        keepSpare(holding, pulled(source, info.crc(), deadline), info);
      }
    }
    return new byte[0];
  }

  private void keepSpare(Holding holding, Extent extent, ExtentInfo info) {
    asSpare(extent);
    Held spare = new Held(extent, info, true);
    holding.putSpare(spare).ifPresent(gone -> registry.leave(holding, List.of(gone)));
    if (holding.ended()) {
      throw givenUp(holding.xid());
    }
    holding.touch();
  }

  /** An extent that is held here is one. */
  void asSpare(Extent extent) {
    ager.advise(List.of(extent), Advice.DONT_NEED);
  }

  private static Refusal givenUp(long xid) {
    return new Refusal(Refusal.Reason.GONE, "load was given up: xid=%x".formatted(xid));
  }

  private Extent pulled(ExtentPull.Source source, int crc, Deadline deadline) {
    try (Draft draft = pull.pull(source, new Semaphore(ExtentPull.IN_FLIGHT_MAX), deadline)) {
      if (draft == null) {
        throw new Refusal(Refusal.Reason.GONE, "not offered any more: " + source.key());
      }
      Extent extent = draft.seal();
      if (extent.crc() != crc) {
        registry.drop(extent);
        throw new Refusal(
            Refusal.Reason.LATER,
            "extent damaged on its way: %s crcFound=%08x crcWanted=%08x"
                .formatted(source.key(), extent.crc(), crc));
      }
      return extent;
    } catch (FabricException e) {
      throw new Refusal(
          Refusal.Reason.LATER, "cannot pull: " + source.key() + " " + e.getMessage());
    }
  }

  /**
   * Keeps an extent that is here, with a copy if the dataset is durable. Waits for the copy. If it
   * throws, the extent is the caller's still.
   */
  byte[] keep(Holding holding, Extent extent, Call.Take call, Deadline deadline) {
    Copy copy = call.durable() ? copied(extent, call, deadline) : null;
    ExtentInfo info = call.info(self.node(), copy);
    if (!holding.put(new Held(extent, info))) {
      if (copy != null) {
        ager.deleteCopy(copy);
      }
      throw givenUp(call.xid());
    }
    return encoded(info);
  }

  private Copy copied(Extent extent, Call.Take call, Deadline deadline) {
    Origin origin = origins.of(call.xid(), call.dataset());
    return Await.value("copying: " + call.key(), ager.persist(extent, origin), deadline);
  }

  private static byte[] encoded(ExtentInfo info) {
    return DescriptorCodec.write(Descriptor.of(new byte[0], List.of(info)));
  }
}
