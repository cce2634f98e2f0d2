package io.quire.harness;

import java.io.IOException;
import java.io.InputStream;

/**
 * Ends this JVM when its parent is gone, even by {@code kill -9}: the parent holds the other end of
 * standard input and never closes it while it lives, so the end of that stream is the end of the
 * parent.
 */
public final class ParentWatch {
  /** Exit code of a JVM that outlived its parent: that of a process whose terminal hung up. */
  public static final int EXIT_CODE = 129;

  private ParentWatch() {}

  /**
   * Starts watching, on a daemon thread; what the parent writes is read and dropped. To be called
   * once, first thing, and only in a process whose standard input is a pipe from its parent. The
   * JVM is halted without shutdown hooks, since there is nobody left to be polite to.
   */
  public static void start() {
    Thread.ofPlatform().daemon().name("parent-watch").start(() -> awaitEnd(System.in));
  }

  private static void awaitEnd(InputStream parent) {
    byte[] dropped = new byte[64];
    try {
      while (parent.read(dropped) >= 0) {
        continue;
      }
    } catch (IOException e) {
      // A broken pipe says the same as its end.
    }
    Runtime.getRuntime().halt(EXIT_CODE);
  }
}
