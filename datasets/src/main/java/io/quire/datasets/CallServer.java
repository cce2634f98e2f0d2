package io.quire.datasets;

import io.quire.ager.AgerException;
import io.quire.base.Member;
import io.quire.base.WireReader.MalformedException;
import io.quire.ns.NsException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.LongPredicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the control requests of other members and of this node itself. Any thread; waits for none.
 */
final class CallServer {
  private static final Logger LOG = LoggerFactory.getLogger(CallServer.class);

  private final Member self;
  private final Workers workers;
  private final Registry registry;
  private final LongPredicate loading;
  private final PartLoad partLoad;
  private final ExtentTaking taking;
  private final PartKeeping keeping;
  private final FragmentScan fragmentScan;
  private final Courses courses;
  private final Counters counters;
  private final Runs runs;

  /**
   * @param loading whether this node coordinates the load of an xid
   */
  CallServer(
      Member self,
      Workers workers,
      Registry registry,
      LongPredicate loading,
      PartLoad partLoad,
      ExtentTaking taking,
      PartKeeping keeping,
      FragmentScan fragmentScan,
      Courses courses,
      Runs runs,
      Counters counters) {
    this.self = self;
    this.workers = workers;
    this.registry = registry;
    this.loading = loading;
    this.partLoad = partLoad;
    this.taking = taking;
    this.keeping = keeping;
    this.fragmentScan = fragmentScan;
    this.courses = courses;
    this.runs = runs;
    this.counters = counters;
  }

  /** Answers a request of another node. On an I/O thread. */
  CompletionStage<ByteBuffer> serve(ByteBuffer body) {
    Call.Addressed request;
    try {
      request = Call.read(body);
    } catch (MalformedException | IllegalArgumentException e) {
      return answered(new Refusal(Refusal.Reason.FAILED, "malformed: " + e.getMessage()));
    }
    if (request.target() != self.incarnation()) {
      return answered(new Refusal(Refusal.Reason.NOT_ME, "self=" + self));
    }
    return handle(request.call())
        .handle(
            (result, failure) ->
                ByteBuffer.wrap(
                    failure == null ? Refusal.done(result) : refusal(failure).toBytes()));
  }

  private static CompletionStage<ByteBuffer> answered(Refusal refusal) {
    return CompletableFuture.completedStage(ByteBuffer.wrap(refusal.toBytes()));
  }

  /**
   * Does what is asked. The future fails with a {@link Refusal} or with what is translated to one.
   */
  CompletableFuture<byte[]> handle(Call call) {
    return switch (call) {
      case Call.LoadPart part -> workers.load(() -> partLoad.load(part));
      case Call.Hold hold -> workers.await(() -> hold(hold));
      case Call.Drop drop -> workers.await(() -> drop(drop));
      case Call.Active active -> active(active);
      case Call.Take take -> workers.await(() -> taking.take(take));
      case Call.Spare spare -> workers.await(() -> taking.spare(spare));
      case Call.Keep keep -> workers.await(() -> keeping.keep(keep));
      case Call.Scan scan -> workers.await(() -> fragmentScan.scan(scan));
      case Call.Begin begin -> workers.await(() -> courses.begin(begin));
      case Call.Next next -> workers.await(() -> courses.next(next));
      case Call.End end -> workers.await(() -> end(end));
    };
  }

  private byte[] hold(Call.Hold hold) {
    Holding holding = registry.find(hold.xid());
    if (holding == null || !holding.hasAll(hold.crcs())) {
      throw new Refusal(
          Refusal.Reason.GONE,
          "not held: xid=%x extents=%d".formatted(hold.xid(), hold.crcs().size()));
    }
    holding.touch();
    registry.leave(holding, holding.retain(hold.crcs()));
    return new byte[0];
  }

  private byte[] drop(Call.Drop drop) {
    registry.end(drop.xid());
    return new byte[0];
  }

  private byte[] end(Call.End end) {
    Runs.Key key = new Runs.Key(end.caller(), end.run());
    runs.end(key);
    counters.ended.increment();
    courses.end(key);
    return new byte[0];
  }

  private CompletableFuture<byte[]> active(Call.Active active) {
    return loading.test(active.xid())
        ? CompletableFuture.completedFuture(new byte[0])
        : CompletableFuture.failedFuture(
            new Refusal(Refusal.Reason.GONE, "not loading: xid=%x".formatted(active.xid())));
  }

  /** What a failure here means to the one who asked. */
  static Refusal refusal(Throwable failure) {
    Throwable cause = failure;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    String text = cause.getClass().getSimpleName() + ": " + cause.getMessage();
    return switch (cause) {
      case Refusal refusal -> refusal;
      case AgerException.ExtentLost _ -> new Refusal(Refusal.Reason.GONE, text);
      case AgerException.StoreUnavailable _ -> new Refusal(Refusal.Reason.ELSEWHERE, text);
      case AgerException e when e.retryable() -> new Refusal(Refusal.Reason.LATER, text);
      case AgerException _ -> new Refusal(Refusal.Reason.ELSEWHERE, text);
      case NsException.NotInView _ -> new Refusal(Refusal.Reason.LATER, text);
      case NsException.Refused _ -> new Refusal(Refusal.Reason.LATER, text);
      case DatasetsException.DeadlinePassed _ -> new Refusal(Refusal.Reason.LATER, text);
      case DatasetsException.Interrupted _ -> new Refusal(Refusal.Reason.LATER, text);
      default -> {
        LOG.warn("request failed: reason={}", text, cause);
        yield new Refusal(Refusal.Reason.FAILED, text);
      }
    };
  }
}
