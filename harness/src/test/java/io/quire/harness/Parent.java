package io.quire.harness;

import java.nio.file.Path;
import java.time.Duration;

/** A main class for tests: a parent of two JVMs, one of them paused, in a workspace. */
final class Parent {
  private Parent() {}

  public static void main(String[] arguments) throws InterruptedException {
    Workspace workspace = Workspace.open("parent");
    Reaper reaper = Reaper.open();
    Path directory = workspace.path();
    JavaCommand waiter = JavaCommand.of(Waiter.class.getName());
    ChildProcess running = reaper.start(waiter.launch("running", directory));
    ChildProcess paused = reaper.start(waiter.launch("paused", directory));
    running.awaitLine("waiting", Duration.ofSeconds(30));
    paused.awaitLine("waiting", Duration.ofSeconds(30));
    paused.pause();
    Waiter.out("ready %d %d %s".formatted(running.pid(), paused.pid(), directory));
    Waiter.main(arguments);
  }
}
