package io.quire.harness;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * Starts processes and sees that none outlives it: it kills them when it is closed and when this
 * JVM goes down. Child JVMs also end by themselves if this one is killed with {@code kill -9}, see
 * {@link ParentWatch}. Safe for use by many threads.
 */
public final class Reaper implements AutoCloseable {
  private final Set<ChildProcess> alive = ConcurrentHashMap.newKeySet();
  private final Runnable atExit = this::close;
  private boolean closed;

  private Reaper() {}

  /** A reaper without children. */
  public static Reaper open() {
    Reaper made = new Reaper();
    AtExit.push(made.atExit);
    return made;
  }

  /**
   * Starts a process.
   *
   * @throws ChildProcessException if the system refuses to start it
   * @throws IllegalStateException if the reaper is closed
   */
  public synchronized ChildProcess start(Launch launch) {
    if (closed) {
      throw new IllegalStateException("reaper is closed: name=" + launch.name());
    }
    ChildProcess child = new ChildProcess(launch);
    alive.add(child);
    child.onExit().thenAccept(alive::remove);
    return child;
  }

  /** Those of its children that run. */
  public Set<ChildProcess> alive() {
    return alive.stream().filter(ChildProcess::isAlive).collect(Collectors.toUnmodifiableSet());
  }

  /** Kills all children with SIGKILL and returns when they are gone. */
  @Override
  public synchronized void close() {
    closed = true;
    AtExit.remove(atExit);
    for (ChildProcess child : alive()) {
      child.kill9();
    }
  }
}
