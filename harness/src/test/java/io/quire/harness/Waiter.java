package io.quire.harness;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A main class for tests: says that it is there, with what it was given, and waits. */
final class Waiter {
  private Waiter() {}

  public static void main(String[] arguments) throws InterruptedException {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> out("ended in order")));
    out("waiting arguments=" + String.join(",", arguments));
    out("marker=" + System.getProperty("marker", "none"));
    boolean ended = new CountDownLatch(1).await(5, TimeUnit.MINUTES);
    out("ended=" + ended);
  }

  /** Standard output is how these processes speak to the test. */
  static void out(String line) {
    System.out.println(line);
  }
}
