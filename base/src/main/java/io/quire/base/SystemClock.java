package io.quire.base;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * The machine's clock. On Linux it is {@code CLOCK_BOOTTIME}, which goes on while the machine is
 * suspended; elsewhere {@link System#nanoTime()}, which may stand still then. A hypervisor that
 * stops a guest may stop either: a lease is only as good as this clock.
 */
public final class SystemClock implements Clock {
  private static final int CLOCK_BOOTTIME = 7;
  private static final @Nullable MethodHandle CLOCK_GETTIME = clockGettime();

  @Override
  public long nanos() {
    MethodHandle clockGettime = CLOCK_GETTIME;
    if (clockGettime == null) {
      return System.nanoTime();
    }
    // Cheaper than one that is kept for the thread, and virtual threads are many.
    long[] time = new long[2];
    try {
      int failed = (int) clockGettime.invokeExact(CLOCK_BOOTTIME, MemorySegment.ofArray(time));
      if (failed != 0) {
        throw new IllegalStateException("cannot read the clock: clock=CLOCK_BOOTTIME");
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("cannot read the clock: clock=CLOCK_BOOTTIME", e);
    }
    return time[0] * 1_000_000_000L + time[1];
  }

  @Override
  public long wallMillis() {
    return System.currentTimeMillis();
  }

  private static @Nullable MethodHandle clockGettime() {
    if (!System.getProperty("os.name").equals("Linux")) {
      return null;
    }
    Linker linker = Linker.nativeLinker();
    return linker
        .defaultLookup()
        .find("clock_gettime")
        .map(
            symbol ->
                linker.downcallHandle(
                    symbol,
                    FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS),
                    Linker.Option.critical(true)))
        .orElse(null);
  }
}
