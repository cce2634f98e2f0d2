package io.quire.base;

import java.lang.foreign.Arena;
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

  private final ThreadLocal<MemorySegment> timespec =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(16, 8));

  @Override
  public long nanos() {
    MethodHandle clockGettime = CLOCK_GETTIME;
    if (clockGettime == null) {
      return System.nanoTime();
    }
    MemorySegment time = timespec.get();
    try {
      int failed = (int) clockGettime.invokeExact(CLOCK_BOOTTIME, time);
      if (failed != 0) {
        throw new IllegalStateException("cannot read the clock: clock=CLOCK_BOOTTIME");
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("cannot read the clock: clock=CLOCK_BOOTTIME", e);
    }
    return time.get(ValueLayout.JAVA_LONG, 0) * 1_000_000_000L + time.get(ValueLayout.JAVA_LONG, 8);
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
                    Linker.Option.critical(false)))
        .orElse(null);
  }
}
