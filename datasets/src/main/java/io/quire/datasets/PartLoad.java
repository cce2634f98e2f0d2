package io.quire.datasets;

import io.quire.ager.Ager;
import io.quire.ager.AgerException;
import io.quire.ager.Copy;
import io.quire.ager.Draft;
import io.quire.ager.Extent;
import io.quire.ager.Origin;
import io.quire.base.Member;
import io.quire.datasets.Holding.Held;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Loads parts on this node: runs the function, keeps its extents, and has them copied if the
 * dataset is durable. An attempt that fails leaves nothing behind.
 */
final class PartLoad {
  private final Member self;
  private final Ager ager;
  private final Registry registry;
  private final Functions functions;
  private final Origins origins;
  private final DatasetsConfig config;
  private final Counters counters;

  PartLoad(
      Member self,
      Ager ager,
      Registry registry,
      Functions functions,
      Origins origins,
      DatasetsConfig config,
      Counters counters) {
    this.self = self;
    this.ager = ager;
    this.registry = registry;
    this.functions = functions;
    this.origins = origins;
    this.config = config;
    this.counters = counters;
  }

  /** Loads a part; answers a descriptor of its extents. */
  byte[] load(Call.LoadPart call) {
    LoadFunction function = functions.load(call.function());
    Holding holding = registry.holding(call.xid(), call.dataset());
    holding.loadedBy(call.coordinator());
    Origin origin = call.durable() ? origins.of(call.xid(), call.dataset()) : null;
    List<Held> before = holding.ofPart(call.part());
    Sink sink = new Sink(holding, call, origin, Deadline.in(config.partDeadline()));
    List<Held> made;
    boolean whole = false;
    try {
      run(function, call, sink);
      made = sink.held();
      whole = true;
    } finally {
      if (!whole) {
        sink.drop();
      }
    }
    return keep(holding, call, made, before);
  }

  private byte[] keep(Holding holding, Call.LoadPart call, List<Held> made, List<Held> before) {
    Holding.Put put = holding.putPart(call.part(), made, before);
    if (put == null) {
      registry.drop(made);
      throw holding.ended()
          ? givenUp(call.xid())
          : new Refusal(Refusal.Reason.LATER, "part was loaded by another: part=" + call.part());
    }
    if (put.held() == made) {
      registry.leave(holding, put.gone());
    } else {
      registry.drop(made); // Nobody was told of them.
    }
    holding.touch();
    counters.partsLoaded.increment();
    return DescriptorCodec.write(
        Descriptor.of(new byte[0], put.held().stream().map(Held::info).toList()));
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
    private final @Nullable Origin origin;
    private final Deadline deadline;
    private final Map<ExtentKey, Made> made = new LinkedHashMap<>();

    /** An extent, and the copy that is being made of it, if it is to have one. */
    private record Made(
        ExtentKey key, long rows, Extent extent, @Nullable CompletableFuture<Copy> copying) {}

    /**
     * @param origin of the copies; null if there are to be none
     */
    Sink(Holding holding, Call.LoadPart call, @Nullable Origin origin, Deadline deadline) {
      this.holding = holding;
      this.call = call;
      this.origin = origin;
      this.deadline = deadline;
    }

    @Override
    public void extent(int group, int column, long rows, long bytes, Consumer<MemorySegment> fill) {
      ExtentKey key = new ExtentKey(call.part(), group, column);
      if (group < 0 || column < 0 || rows < 0 || bytes < 1 || made.containsKey(key)) {
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
      CompletableFuture<Copy> copying = origin == null ? null : ager.persist(extent, origin);
      made.put(key, new Made(key, rows, extent, copying));
      holding.touch();
    }

    /** Waits for the copies. */
    List<Held> held() {
      List<Held> held = new ArrayList<>(made.size());
      for (Made one : made.values()) {
        ExtentKey key = one.key;
        Copy copy =
            one.copying == null ? null : Await.value("copying: " + key, one.copying, deadline);
        ExtentInfo info =
            new ExtentInfo(
                key.part(),
                key.group(),
                key.column(),
                one.rows,
                one.extent.bytes(),
                one.extent.crc(),
                self.node(),
                copy);
        held.add(new Held(one.extent, info));
      }
      return held;
    }

    /** Drops all, also the copies, when they are made. */
    void drop() {
      for (Made one : made.values()) {
        registry.drop(one.extent);
        if (one.copying != null) {
          one.copying.thenAccept(ager::deleteCopy);
        }
      }
    }
  }
}
