package io.quire.harness.chaos;

import io.quire.harness.Deadline;
import io.quire.harness.HdfsProcesses;
import io.quire.sim.Dice;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Does harm to an ager's process and stores as a seed says: one fault at a time to each of them, so
 * up to three at once. Every few faults all is left alone until the process works, so that clients
 * get something done.
 */
final class AgerNemesis {
  private static final int FAULTS_BETWEEN_CALMS = 6;
  private static final long BETWEEN_MILLIS_MAX = 6_000;
  private static final int FLIPS_MAX = 4;
  private static final Duration FAULT_MAX = Duration.ofMinutes(4);
  private static final Duration CALM_MAX = Duration.ofSeconds(90);
  private static final long CALM_MILLIS = 5_000;

  private final AgerProcess process;
  private final HdfsProcesses hdfs;
  private final @Nullable Disks disks;
  private final List<Path> flash;
  private final List<AgerFault.What> possible;
  private final Dice dice;
  private final Map<AgerFault.Whom, Thread> busy = new EnumMap<>(AgerFault.Whom.class);
  private final Map<String, Integer> counts = new TreeMap<>();
  private final Map<AgerFault, String> under = new ConcurrentHashMap<>();
  private volatile @Nullable Throwable failure;

  /**
   * @param disks null if they cannot be filled, nor calls made to fail
   */
  AgerNemesis(
      AgerProcess process,
      HdfsProcesses hdfs,
      @Nullable Disks disks,
      List<Path> flash,
      List<AgerFault.What> possible,
      Dice dice) {
    this.process = process;
    this.hdfs = hdfs;
    this.disks = disks;
    this.flash = List.copyOf(flash);
    this.possible = List.copyOf(possible);
    this.dice = dice;
  }

  /** Does harm until the time is over, then lets all that is under way end. */
  void rage(long until) throws InterruptedException {
    for (int drawn = 1; System.nanoTime() - until < 0; drawn++) {
      AgerFault fault = AgerFault.draw(possible, dice);
      long gap = dice.between(0, BETWEEN_MILLIS_MAX);
      sleep(Math.min(gap, (until - System.nanoTime()) / 1_000_000));
      await(fault.what().whom);
      Dice own = new Dice(dice.nextLong());
      busy.put(fault.what().whom, Thread.ofPlatform().start(() -> guarded(fault, own)));
      if (drawn % FAULTS_BETWEEN_CALMS == 0) {
        calm();
      }
    }
    calm();
  }

  private void calm() throws InterruptedException {
    for (AgerFault.Whom each : AgerFault.Whom.values()) {
      await(each);
    }
    Deadline deadline = Deadline.in(CALM_MAX);
    while (!process.works() && !deadline.left().isZero()) {
      process.start();
      sleep(200);
    }
    sleep(CALM_MILLIS);
  }

  private void await(AgerFault.Whom whom) throws InterruptedException {
    Thread thread = busy.remove(whom);
    if (thread != null) {
      Deadline.in(FAULT_MAX).join(List.of(thread), "faults end: under=" + current());
    }
    Throwable why = failure;
    if (why != null) {
      throw new IllegalStateException("a fault could not be done or ended", why);
    }
  }

  /** What goes on now, for people. */
  String current() {
    return under.isEmpty() ? "calm" : String.join(" + ", under.values());
  }

  synchronized int count() {
    return counts.values().stream().mapToInt(Integer::intValue).sum();
  }

  synchronized Map<String, Integer> counts() {
    return new TreeMap<>(counts);
  }

  private void guarded(AgerFault fault, Dice own) {
    under.put(fault, fault.what().text());
    try {
      if (inflict(fault, own)) {
        synchronized (this) {
          counts.merge(fault.what().text(), 1, Integer::sum);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Exception e) {
      failure = e;
    } finally {
      under.remove(fault);
    }
  }

  /** False if there was nobody to do it to. */
  private boolean inflict(AgerFault fault, Dice own) throws Exception {
    Disks harmed = disks;
    switch (fault.what()) {
      case KILL_PROCESS -> {
        process.kill();
        sleep(fault.millis());
        process.start();
      }
      case PAUSE_PROCESS -> {
        if (!process.pause()) {
          return false;
        }
        sleep(fault.millis());
        process.resume();
      }
      case KILL_DATA_NODE -> {
        hdfs.killDataNode();
        sleep(fault.millis());
        hdfs.restartDataNode();
      }
      case KILL_NAME_NODE -> {
        hdfs.nameNode().kill9();
        sleep(fault.millis());
        hdfs.restartNameNode();
      }
      case PAUSE_DATA_NODE -> {
        hdfs.pauseDataNode();
        sleep(fault.millis());
        hdfs.resumeDataNode();
      }
      case SLOW_DATA_NODE -> {
        hdfs.slowDataNode();
        sleep(fault.millis());
        hdfs.resumeDataNode();
      }
      case PAUSE_NAME_NODE -> {
        hdfs.nameNode().pause();
        sleep(fault.millis());
        hdfs.nameNode().resume();
      }
      case FLIP_BITS -> {
        int places = (int) own.between(1, FLIPS_MAX);
        return process.damage(places, () -> flip(places, own));
      }
      case FILL_FLASH -> {
        if (harmed == null) {
          return false;
        }
        boolean all = own.nextBoolean();
        for (int i = all ? 0 : 1; i < flash.size(); i++) {
          harmed.fill(i);
        }
        sleep(fault.millis());
        for (int i = all ? 0 : 1; i < flash.size(); i++) {
          harmed.empty(i);
        }
      }
      case FAIL_IO -> {
        long pid = process.pid();
        List<Path> files = files();
        if (harmed == null || pid < 0 || files.isEmpty()) {
          return false;
        }
        try (AutoCloseable _ = harmed.failReadsAndWrites(pid, files)) {
          sleep(fault.millis());
        }
      }
    }
    return true;
  }

  /** One bit in each of so many places of files on flash. */
  private void flip(int places, Dice own) throws IOException {
    List<Path> files = files();
    for (int i = 0; i < places && !files.isEmpty(); i++) {
      try (FileChannel file =
          FileChannel.open(own.pick(files), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        long at = own.between(0, Math.max(0, file.size() - 1));
        ByteBuffer one = ByteBuffer.allocate(1);
        if (file.read(one, at) == 1) {
          one.put(0, (byte) (one.get(0) ^ 1 << own.between(0, 7))).rewind();
          file.write(one, at);
        }
      }
    }
  }

  /** Those that extents are in. */
  private List<Path> files() {
    List<Path> files = new ArrayList<>();
    for (Path directory : flash) {
      try (Stream<Path> all = Files.walk(directory)) {
        all.filter(file -> file.getFileName().toString().endsWith(".quire")).forEach(files::add);
      } catch (IOException e) {
        throw new UncheckedIOException("cannot list: path=" + directory, e);
      }
    }
    return files;
  }

  private static void sleep(long millis) throws InterruptedException {
    TimeUnit.MILLISECONDS.sleep(Math.max(0, millis));
  }
}
