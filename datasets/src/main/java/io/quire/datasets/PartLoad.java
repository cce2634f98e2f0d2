package io.quire.datasets;

import io.quire.ager.Ager;
import io.quire.ager.AgerException;
import io.quire.ager.Copy;
import io.quire.ager.Draft;
import io.quire.ager.Extent;
import io.quire.base.Member;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * Loads parts on this node: runs the function, keeps its extents, and has them copied if the
 * dataset is durable. An attempt that fails leaves nothing behind.
 */
final class PartLoad {
  private final Member self;
  private final Ager ager;
  private final Registry registry;
  private final Functions functions;
  private final DatasetsConfig config;
  private final Counters counters;

  PartLoad(
      Member self,
      Ager ager,
      Registry registry,
      Functions functions,
      DatasetsConfig config,
      Counters counters) {
    this.self = self;
    this.ager = ager;
    this.registry = registry;
    this.functions = functions;
    this.config = config;
    this.counters = counters;
  }

  /** Loads a part; answers a descriptor of its extents. */
  byte[] load(Call.LoadPart call) {
    LoadFunction function = functions.load(call.function());
    Holding holding = registry.holding(call.xid());
    holding.loadedBy(call.coordinator());
    Sink sink = new Sink(holding, call, Deadline.in(config.partDeadline()));
    boolean kept = false;
    try {
      run(function, call, sink);
      List<ExtentInfo> infos = sink.infos();
      kept = true;
      if (!registry.put(holding, sink.extents)) {
        throw givenUp(call.xid());
      }
      holding.touch();
      counters.partsLoaded.increment();
      return DescriptorCodec.write(Descriptor.of(new byte[0], infos));
    } finally {
      if (!kept) {
        registry.drop(sink.extents.values());
      }
    }
  }

  private static void run(LoadFunction function, Call.LoadPart call, Sink sink) {
    try {
      function.load(call.arguments(), call.part(), call.parts(), sink);
    } catch (AgerException | Refusal | DatasetsException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      throw new Refusal(Refusal.Reason.FAILED, "part=" + call.part() + " " + e);
    }
  }

  private static Refusal givenUp(long xid) {
    return new Refusal(Refusal.Reason.GONE, "load was given up: xid=%x".formatted(xid));
  }

  /** What the function fills. Confined to its thread. */
  private final class Sink implements ExtentSink {
    private final Holding holding;
    private final Call.LoadPart call;
    private final Deadline deadline;
    private final Map<ExtentKey, Extent> extents = new HashMap<>();
    private final List<Made> made = new ArrayList<>();

    /** An extent, and the copy that is being made of it. */
    private record Made(ExtentKey key, long rows, Extent extent, CompletableFuture<Copy> copying) {}

    Sink(Holding holding, Call.LoadPart call, Deadline deadline) {
      this.holding = holding;
      this.call = call;
      this.deadline = deadline;
    }

    @Override
    public void extent(int group, int column, long rows, long bytes, Consumer<MemorySegment> fill) {
      ExtentKey key = new ExtentKey(call.part(), group, column);
      if (group < 0 || column < 0 || rows < 0 || bytes < 1 || extents.containsKey(key)) {
        throw new IllegalArgumentException(
            "not an extent, or made before: %s rows=%d bytes=%d".formatted(key, rows, bytes));
      }
      if (holding.ended()) {
        throw givenUp(call.xid());
      }
      if (deadline.passed()) {
        throw new DatasetsException.DeadlinePassed("loading a part: part=" + call.part());
      }
      Extent extent;
      try (Draft draft = ager.allocate(bytes, deadline.left())) {
        fill.accept(draft.segment());
        extent = draft.seal();
      }
      extents.put(key, extent);
      made.add(new Made(key, rows, extent, copy(extent)));
      holding.touch();
    }

    private CompletableFuture<Copy> copy(Extent extent) {
      return call.durable() ? ager.persist(extent) : CompletableFuture.completedFuture(null);
    }

    /** Waits for the copies. */
    List<ExtentInfo> infos() {
      List<ExtentInfo> infos = new ArrayList<>(made.size());
      for (Made one : made) {
        Copy copy = Await.value("copying: " + one.key, one.copying, deadline);
        ExtentKey key = one.key;
        infos.add(
            new ExtentInfo(
                key.part(),
                key.group(),
                key.column(),
                one.rows,
                one.extent.bytes(),
                one.extent.crc(),
                self.node(),
                copy));
      }
      return infos;
    }
  }
}
