package io.quire.datasets;

import io.quire.ager.Ager;
import io.quire.ager.AgerException;
import io.quire.ager.Copy;
import io.quire.base.Member;
import io.quire.datasets.Holding.Held;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Takes over parts that an attempt before had finished, by their durable copies: of each copy it
 * looks whether it is there. A part of which one is not is left out. Waits for stores.
 */
final class PartKeeping {
  private final Member self;
  private final Ager ager;
  private final Registry registry;

  PartKeeping(Member self, Ager ager, Registry registry) {
    this.self = self;
    this.ager = ager;
    this.registry = registry;
  }

  /** Answers a descriptor of the extents of those parts that are held now. */
  byte[] keep(Call.Keep call) {
    Holding holding = registry.holding(call.xid(), call.dataset());
    holding.loadedBy(call.coordinator());
    Map<Integer, List<ExtentInfo>> parts = new TreeMap<>();
    for (ExtentInfo info : DescriptorCodec.read(call.extents()).extents()) {
      parts.computeIfAbsent(info.part(), _ -> new ArrayList<>()).add(info);
    }
    List<ExtentInfo> kept = new ArrayList<>();
    parts.forEach((part, infos) -> kept.addAll(keep(holding, part, infos)));
    holding.touch();
    return DescriptorCodec.write(Descriptor.of(new byte[0], kept));
  }

  private List<ExtentInfo> keep(Holding holding, int part, List<ExtentInfo> infos) {
    List<Held> before = holding.ofPart(part);
    List<Held> adopted = new ArrayList<>();
    boolean put = false;
    try {
      for (ExtentInfo info : infos) {
        Copy copy = info.durable();
        if (copy == null || !ager.reaches(copy)) {
          return List.of();
        }
        ager.check(copy);
        adopted.add(new Held(ager.adopt(copy), info.heldBy(self.node())));
      }
      Holding.Put done = holding.putPart(part, adopted, before);
      if (done == null) {
        return List.of();
      }
      put = done.held() == adopted;
      if (put) {
        registry.leave(holding, done.gone());
      }
      return done.held().stream().map(Held::info).toList();
    } catch (AgerException.StoreUnavailable | IllegalArgumentException e) {
      return List.of();
    } finally {
      if (!put) {
        // The copies stay: they are what is to be kept, here or elsewhere.
        adopted.forEach(each -> registry.drop(each.extent()));
      }
    }
  }
}
