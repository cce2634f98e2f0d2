package io.quire.harness;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * What is left to do if the JVM goes down (Ctrl-C, SIGTERM, {@code System.exit}) before its owner
 * has closed it. One hook runs it all, latest first, because hooks of their own would run at the
 * same time: processes must be gone before their directory is deleted.
 */
public final class AtExit {
  private static final Deque<Runnable> PENDING = new ArrayDeque<>();
  private static volatile boolean begun;

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(AtExit::run, "at-exit"));
  }

  private AtExit() {}

  /** Adds what is to be done first. */
  public static void push(Runnable action) {
    synchronized (PENDING) {
      PENDING.push(action);
    }
  }

  /** Takes out what its owner has done. */
  public static void remove(Runnable action) {
    synchronized (PENDING) {
      PENDING.remove(action);
    }
  }

  /** Whether the JVM goes down: what fails from here on may fail because of that. */
  static boolean begun() {
    return begun;
  }

  private static void run() {
    begun = true;
    for (Runnable next = pop(); next != null; next = pop()) {
      try {
        next.run();
      } catch (RuntimeException e) {
        Thread me = Thread.currentThread();
        me.getUncaughtExceptionHandler().uncaughtException(me, e);
      }
    }
  }

  private static @Nullable Runnable pop() {
    synchronized (PENDING) {
      return PENDING.poll();
    }
  }
}
