package io.quire.datasets;

import io.quire.ager.Ager;
import io.quire.ager.Extent;
import io.quire.ager.Pin;
import io.quire.base.Member;
import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import io.quire.fabric.Loan;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Gives other nodes the bytes of extents that are here, straight from where they are pinned. A
 * request names a slice of one extent; the answer is the slice, or nothing at all if this node does
 * not have the extent. Who asks more slowly is served more slowly: there is no other flow control.
 */
final class ExtentServer {
  static final int READ = 1;

  private final Member self;
  private final Ager ager;
  private final Registry registry;
  private final Layouts layouts;
  private final Workers workers;
  private final DatasetsConfig config;
  private final Counters counters;

  /** A slice of an extent. */
  record Slice(long target, long xid, ExtentKey key, long offset, int length) {
    byte[] toBytes() {
      WireWriter out = new WireWriter(64).int8(READ).int64(target).int64(xid);
      key.write(out);
      return out.int64(offset).int32(length).toBytes();
    }

    static Slice read(ByteBuffer body) {
      WireReader in = new WireReader(body);
      int operation = in.int8();
      if (operation != READ) {
        throw new MalformedException("not an operation: found=" + operation);
      }
      Slice slice = new Slice(in.int64(), in.int64(), ExtentKey.read(in), in.int64(), in.int32());
      in.end();
      return slice;
    }

    void checkWithin(long bytes, int lengthMax) {
      if (length < 1 || length > lengthMax || offset < 0 || offset > bytes - length) {
        throw new IllegalArgumentException(
            "slice out of range: offset=%d length=%d bytes=%d lengthMax=%d"
                .formatted(offset, length, bytes, lengthMax));
      }
    }
  }

  ExtentServer(
      Member self,
      Ager ager,
      Registry registry,
      Layouts layouts,
      Workers workers,
      DatasetsConfig config,
      Counters counters) {
    this.self = self;
    this.ager = ager;
    this.registry = registry;
    this.layouts = layouts;
    this.workers = workers;
    this.config = config;
    this.counters = counters;
  }

  /** Answers a request of another node. On an I/O thread. */
  CompletionStage<Loan> serve(ByteBuffer body) {
    Slice slice;
    try {
      slice = Slice.read(body);
    } catch (MalformedException e) {
      return CompletableFuture.failedStage(e);
    }
    if (slice.target() != self.incarnation()) {
      return CompletableFuture.completedStage(nothing());
    }
    return workers.await(() -> lend(slice));
  }

  private static Loan nothing() {
    return new Loan(ByteBuffer.allocate(0), () -> {});
  }

  private Loan lend(Slice slice) {
    Extent extent = find(slice.xid(), slice.key());
    if (extent == null) {
      return nothing();
    }
    slice.checkWithin(extent.bytes(), config.sliceBytes());
    Pin pin = ager.pin(extent, config.callDeadline());
    ByteBuffer bytes = pin.segment().asSlice(slice.offset(), slice.length()).asByteBuffer();
    counters.bytesServed.add(slice.length());
    return new Loan(bytes, pin::close);
  }

  private @Nullable Extent find(long xid, ExtentKey key) {
    Extent here = registry.find(xid, key);
    if (here != null) {
      return here;
    }
    try (Layouts.Opened opened = layouts.serve(xid)) {
      if (opened == null) {
        return null;
      }
      Layout layout = opened.layout();
      ExtentInfo info = layout.find(key);
      return info == null ? null : registry.findOrAdopt(layout.home(info), info);
    }
  }
}
