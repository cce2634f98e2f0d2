package io.quire.harness;

import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;

/** Runs the main class named by the first argument under {@link ParentWatch}. */
public final class Guarded {
  private Guarded() {}

  /** Watches the parent, then calls {@code main} of the named class with the other arguments. */
  public static void main(String[] arguments) throws Throwable {
    ParentWatch.start();
    String[] rest = Arrays.copyOfRange(arguments, 1, arguments.length);
    try {
      Class.forName(arguments[0]).getMethod("main", String[].class).invoke(null, (Object) rest);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }
}
