package io.quire.bench;

import io.quire.base.Address;
import io.quire.base.EventLoop;
import io.quire.base.Log;
import io.quire.base.NodeId;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.fabric.Fabric;
import io.quire.fabric.FabricConfig;
import io.quire.fabric.Tls;
import io.quire.log.LogConfig;
import io.quire.log.Peers;
import io.quire.log.RatisLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Our log alone: fabric, loop and log of a node, with a projection that counts. */
final class QuireLog implements Subject {
  private static final Duration START = Duration.ofSeconds(60);

  private final EventLoop loop;
  private final Fabric fabric;
  private final RatisLog log;

  private QuireLog(EventLoop loop, Fabric fabric, RatisLog log) {
    this.loop = loop;
    this.fabric = fabric;
    this.log = log;
  }

  static QuireLog open(Worker.Setup setup) {
    NodeId self = id(setup.member());
    EventLoop loop = new EventLoop(self + "-loop", QuireLog::fatal);
    Fabric fabric =
        Fabric.open(
            FabricConfig.of(address(setup, setup.member())),
            Tls.load(setup.directory().resolveSibling("tls")));
    List<NodeId> voters = IntStream.rangeClosed(1, setup.members()).mapToObj(QuireLog::id).toList();
    LogConfig config =
        LogConfig.of("bench", self, setup.directory().resolve("log"), voters)
            .withSnapshotEntries(Integer.MAX_VALUE);
    RatisLog log = RatisLog.open(config, fabric, loop, new Known(setup));
    for (Log.Stream stream : Log.Stream.own()) {
      if (!stream.equals(Log.Stream.LOG)) {
        log.register(new Counting(stream));
      }
    }
    log.start(START);
    return new QuireLog(loop, fabric, log);
  }

  static NodeId id(int member) {
    return new NodeId("n" + member);
  }

  private static Address address(Worker.Setup setup, int member) {
    return new Address("127.0.0.1", setup.ports(member).getFirst());
  }

  private static void fatal(Throwable e) {
    e.printStackTrace();
    Runtime.getRuntime().halt(70);
  }

  @Override
  public boolean leads() throws Exception {
    CompletableFuture<Boolean> leading = new CompletableFuture<>();
    loop.execute(() -> leading.complete(log.leadingTerm() != 0));
    return leading.get(10, TimeUnit.SECONDS);
  }

  @Override
  public Map<String, Double> run(Job job) throws Exception {
    if (job.kind() == Job.Kind.APPEND_LATENCY) {
      Log.Entry entry = entry(job);
      return ClosedLoop.latency(job, _ -> append(entry).get(1, TimeUnit.MINUTES));
    }
    Run run = new Run(job);
    loop.execute(run::begin);
    run.done.get(job.warmUpMillis() + job.millis() + 60_000, TimeUnit.MILLISECONDS);
    double rate = run.counted / (job.millis() / 1e3);
    return Map.of(job.row(), job.kind() == Job.Kind.APPEND_BYTES ? rate * job.bytes() / 1e6 : rate);
  }

  private static Log.Entry entry(Job job) {
    return new Log.Entry(Log.Stream.TRANSACTIONS, Log.Fence.NONE, new byte[job.bytes()]);
  }

  private CompletableFuture<Log.Applied> append(Log.Entry entry) {
    CompletableFuture<Log.Applied> done = new CompletableFuture<>();
    loop.execute(
        () ->
            log.append(entry)
                .whenComplete(
                    (applied, failure) -> {
                      if (failure == null) {
                        done.complete(applied);
                      } else {
                        done.completeExceptionally(failure);
                      }
                    }));
    return done;
  }

  @Override
  public void close() {
    log.close();
    fabric.close();
    loop.close();
  }

  /** One measurement, on the loop as its user is: what has ended is begun again in one call. */
  private final class Run {
    final CompletableFuture<Void> done = new CompletableFuture<>();
    private final Job job;
    private final Log.Entry entry;
    private final long begin;
    private final long end;
    private int free;
    private int underWay;
    private boolean refilling;
    long counted;

    Run(Job job) {
      this.job = job;
      entry = entry(job);
      begin = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(job.warmUpMillis());
      end = begin + TimeUnit.MILLISECONDS.toNanos(job.millis());
    }

    void begin() {
      free = job.outstanding();
      refill();
    }

    private void refill() {
      refilling = false;
      if (System.nanoTime() - end >= 0 || done.isCompletedExceptionally()) {
        if (underWay == 0) {
          done.complete(null);
        }
        return;
      }
      List<Log.Entry> entries = new ArrayList<>(free);
      for (; free > 0; free--) {
        entries.add(entry);
        underWay++;
      }
      for (CompletableFuture<Log.Applied> result : log.append(entries)) {
        result.whenComplete(this::ended);
      }
    }

    private void ended(Log.@Nullable Applied applied, @Nullable Throwable failure) {
      underWay--;
      free++;
      long now = System.nanoTime();
      if (failure != null) {
        done.completeExceptionally(failure);
      } else if (now - begin >= 0 && now - end < 0) {
        counted++;
      }
      if (!refilling) {
        refilling = true;
        loop.execute(this::refill);
      }
    }
  }

  /** Keeps how many entries there were. */
  private static final class Counting implements Log.Projection {
    private static final byte[] NOTHING = {};
    private final Log.Stream stream;
    private long count;

    Counting(Log.Stream stream) {
      this.stream = stream;
    }

    @Override
    public Log.Stream stream() {
      return stream;
    }

    @Override
    public byte[] apply(long position, byte[] payload) {
      count++;
      return NOTHING;
    }

    @Override
    public void save(WireWriter out) {
      out.int64(count);
    }

    @Override
    public void restore(long position, WireReader in) {
      count = in.int64();
    }
  }

  /** Everybody is where the setup says. */
  private record Known(Worker.Setup setup) implements Peers {
    @Override
    public @Nullable Address addressOf(NodeId node) {
      return address(setup, Integer.parseInt(node.toString().substring(1)));
    }

    @Override
    public List<Address> all() {
      return IntStream.rangeClosed(1, setup.members())
          .mapToObj(member -> address(setup, member))
          .toList();
    }
  }
}
