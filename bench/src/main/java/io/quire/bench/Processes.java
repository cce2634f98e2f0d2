package io.quire.bench;

import io.quire.fabric.CertificateAuthority;
import io.quire.harness.ChildProcess;
import io.quire.harness.ChildProcessException;
import io.quire.harness.JavaCommand;
import io.quire.harness.Launch;
import io.quire.harness.Ports;
import io.quire.harness.Reaper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A contender whose members are JVMs of their own, each with one {@link Subject}. Jobs go to the
 * member that leads.
 *
 * @param name of the contender
 * @param system what each process runs
 * @param members how many processes
 * @param ports how many each of them needs
 * @param options of each JVM
 * @param settings for the reader
 * @param properties for the subject
 * @param memoryBytes that each may have in all, heap and page cache and the rest; 0 for no limit
 */
record Processes(
    String name,
    Worker.System system,
    int members,
    int ports,
    List<String> options,
    String settings,
    Map<String, String> properties,
    long memoryBytes)
    implements Contender {
  /** The same for all, so that no garbage collector decides who is faster. */
  static final List<String> JVM = List.of("-Xms2g", "-Xmx2g", "-XX:+UseSerialGC");

  static Processes of(String name, Worker.System system, int members, int ports, String settings) {
    return new Processes(name, system, members, ports, JVM, settings, Map.of(), 0);
  }

  Processes with(String key, String value) {
    Map<String, String> more = new TreeMap<>(properties);
    more.put(key, value);
    return new Processes(
        name, system, members, ports, options, settings, Map.copyOf(more), memoryBytes);
  }

  /** With these options of the JVM in the place of those it has. */
  Processes withOptions(List<String> wanted) {
    return new Processes(name, system, members, ports, wanted, settings, properties, memoryBytes);
  }

  /** With a limit to all memory that each of its processes uses. */
  Processes withMemory(long bytes) {
    return new Processes(name, system, members, ports, options, settings, properties, bytes);
  }

  @Override
  public Running start(Path directory, Reaper reaper) throws Unavailable {
    List<Launch> launches = launches(directory);
    List<Cgroup> limits = new ArrayList<>();
    boolean started = false;
    try {
      if (memoryBytes > 0) {
        for (int i = 0; i < members; i++) {
          Cgroup limit = Cgroup.make(launches.get(i).name(), memoryBytes);
          limits.add(limit);
          launches.set(i, limit.around(launches.get(i)));
        }
      }
      Group group = group(launches, reaper);
      started = true;
      return limits.isEmpty() ? group : new Limited(group, limits);
    } finally {
      if (!started) {
        limits.forEach(Cgroup::close);
      }
    }
  }

  /** Ends the processes before their groups. */
  private record Limited(Group group, List<Cgroup> limits) implements Running {
    @Override
    public Map<String, Double> run(Job job) {
      return group.run(job);
    }

    @Override
    public void close() {
      group.close();
      limits.forEach(Cgroup::close);
    }
  }

  private List<Launch> launches(Path directory) {
    List<String> taken = new ArrayList<>();
    CertificateAuthority authority = CertificateAuthority.create(name);
    for (int i = 0; i < members * ports; i++) {
      taken.add(String.valueOf(Ports.take()));
    }
    List<Launch> launches = new ArrayList<>();
    for (int i = 1; i <= members; i++) {
      Path own = directory.resolve(name + "-" + i);
      Path file = own.resolve("subject.properties");
      write(file, i, taken);
      if (system == Worker.System.QUIRE_LOG) {
        authority.issue(QuireLog.id(i), List.of("127.0.0.1")).save(own.resolve("tls"));
      }
      launches.add(
          JavaCommand.of(Worker.class.getName(), system.name(), file.toString())
              .withOptions(options.toArray(String[]::new))
              .withClassPath(PeerClassPath.entries())
              .deafToInterrupts()
              .launch(name + "-" + i, own));
    }
    return launches;
  }

  private Group group(List<Launch> launches, Reaper reaper) {
    List<@Nullable ChildProcess> started = new ArrayList<>(Collections.nCopies(members, null));
    try {
      return new Group(
          () -> {
            for (int i = 0; i < members; i++) {
              ChildProcess process = started.get(i);
              if (process == null || !process.isAlive()) {
                started.set(i, reaper.start(launches.get(i)));
              }
            }
            return started.stream().map(Objects::requireNonNull).toList();
          });
    } catch (ChildProcessException e) {
      started.stream().filter(Objects::nonNull).forEach(ChildProcess::kill9);
      throw e;
    }
  }

  private void write(Path file, int member, List<String> taken) {
    Properties all = new Properties();
    properties.forEach(all::setProperty);
    all.setProperty("member", String.valueOf(member));
    all.setProperty("members", String.valueOf(members));
    all.setProperty("directory", file.resolveSibling("data").toString());
    all.setProperty("ports", String.join(",", taken));
    try {
      Files.createDirectories(file.resolveSibling("data"));
      try (var out = Files.newBufferedWriter(file)) {
        all.store(out, null);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write: path=" + file, e);
    }
  }
}
