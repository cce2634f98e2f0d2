package io.quire.harness.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import io.quire.harness.ChildProcess;
import io.quire.harness.JavaCommand;
import io.quire.harness.Reaper;
import io.quire.harness.chaos.AgerNode.Orders;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The process of an {@link AgerNode}, one after the other on the same stores. Any thread. */
final class AgerProcess {
  private static final Duration ASK = Duration.ofSeconds(2);
  private static final Duration LEAVE_MAX = Duration.ofSeconds(30);

  /** Each thread has its own store of freed memory otherwise. */
  private static final Map<String, String> FEW_ARENAS = Map.of("MALLOC_ARENA_MAX", "2");

  private final Reaper reaper;
  private final Path directory;
  private final long seed;
  private final String flash;
  private final String hdfs;
  private final List<String> ended = new ArrayList<>();
  private @Nullable ChildProcess process;
  private boolean killed;
  private int run;
  private long operations;
  private long refused;
  private long excused;
  private long peakResident;
  private @Nullable JsonNode last;

  AgerProcess(Reaper reaper, Path directory, long seed, String flash, String hdfs) {
    this.reaper = reaper;
    this.directory = directory;
    this.seed = seed;
    this.flash = flash;
    this.hdfs = hdfs;
  }

  private Orders orders() {
    return new Orders(directory, run, seed, flash, hdfs);
  }

  /** Starts it unless it runs; one that ended by itself is remembered. */
  synchronized void start() {
    ChildProcess before = process;
    if (before != null) {
      if (before.isAlive()) {
        return;
      }
      if (!killed && !AgerNode.couldNotStart(before.exitCode().orElseThrow())) {
        ended.add(
            "a process stopped by itself: run=%d exitCode=%d last=%s"
                .formatted(run, before.exitCode().orElseThrow(), before.logTail(2)));
      }
      countOn();
    }
    run++;
    killed = false;
    process =
        reaper.start(
            JavaCommand.of(AgerNode.class.getName(), orders().words())
                .deafToInterrupts()
                .withOptions(
                    "-Xms" + AgerNode.HEAP_BYTES,
                    "-Xmx" + AgerNode.HEAP_BYTES,
                    "-XX:+AlwaysPreTouch",
                    "-XX:+UseSerialGC",
                    "-XX:TieredStopAtLevel=1")
                .launch("pager-" + run, directory)
                .withEnvironment(FEW_ARENAS));
  }

  synchronized void kill() {
    ChildProcess now = process;
    if (now != null && now.isAlive()) {
      look();
      killed = true;
      now.kill9();
    }
  }

  private synchronized @Nullable ChildProcess running() {
    return process != null && process.isAlive() ? process : null;
  }

  /** False if it does not run. */
  boolean pause() {
    ChildProcess now = running();
    if (now == null) {
      return false;
    }
    now.pause();
    return true;
  }

  void resume() {
    ChildProcess now = running();
    if (now != null) {
      now.resume();
    }
  }

  /** Of the process; -1 if there is none. */
  long pid() {
    ChildProcess now = running();
    return now == null ? -1 : now.pid();
  }

  /** What is done while it is neither killed nor started. */
  interface Harm {
    void run() throws IOException;
  }

  /** Tells it that bytes are about to be destroyed, and does it; false if it does not listen. */
  synchronized boolean damage(int places, Harm harm) throws IOException {
    try {
      ask("damage " + places, ASK);
    } catch (IOException e) {
      return false;
    }
    harm.run();
    return true;
  }

  JsonNode ask(String request, Duration limit) throws IOException {
    return Control.ask(orders().socket(), request, limit);
  }

  /** Whether it has opened its stores and works. */
  synchronized boolean works() {
    return running() != null && look();
  }

  /** Reads its counters; false if it does not answer. */
  synchronized boolean look() {
    try {
      JsonNode status = ask("status", ASK);
      if (status.path("run").asInt() == run) {
        last = status;
        peakResident = Math.max(peakResident, status.path("peakResident").asLong());
        return true;
      }
      return false;
    } catch (IOException e) {
      return false;
    }
  }

  private void countOn() {
    operations = operations();
    refused = refused();
    excused = excused();
    last = null;
  }

  private long counted(String name) {
    return last == null ? 0 : last.path(name).asLong();
  }

  synchronized long operations() {
    return operations + counted("operations");
  }

  synchronized long refused() {
    return refused + counted("refused");
  }

  synchronized long excused() {
    return excused + counted("excused");
  }

  synchronized long peakResident() {
    return peakResident;
  }

  synchronized List<String> ended() {
    return List.copyOf(ended);
  }

  /** Ends it in good order; false if it had to be killed. */
  synchronized boolean stop() {
    ChildProcess now = process;
    killed = true;
    return now == null || !now.isAlive() || now.stop(LEAVE_MAX);
  }

  Path journal() {
    return orders().journal();
  }

  Path problems() {
    return orders().problems();
  }
}
