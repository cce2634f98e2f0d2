package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test class after which a buffer was collected that nobody had released. JUnit finds it as
 * a service and loads it before it initializes any test, because Netty asks once, when the first
 * buffer is made, who is to watch them.
 */
public final class LeakWatch implements AfterAllCallback {
  private static final String CANARY = "canary ";
  private static final ConcurrentLinkedQueue<String> LEAKS = new ConcurrentLinkedQueue<>();
  private static final AtomicInteger CANARIES = new AtomicInteger();

  static {
    // Pools of buffer objects, of which the default allocator has its own, may go on referring to
    // what was taken from them: what has leaked would not be collected.
    System.setProperty("io.netty.allocator.type", "pooled");
    System.setProperty("io.netty.recycler.maxCapacityPerThread", "0");
    ResourceLeakDetectorFactory.setResourceLeakDetectorFactory(new Recording());
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
  }

  @Override
  public void afterAll(ExtensionContext context) {
    assertThat(leaks()).describedAs("leaked buffers").isEmpty();
  }

  /**
   * The buffers that were collected since the last time without having been released. Leaks one
   * itself and waits until that is found, because otherwise finding none would say nothing.
   */
  static synchronized List<String> leaks() {
    String hint = CANARY + CANARIES.incrementAndGet();
    leak(hint);
    TestCluster.until(
        "the planted leak found",
        () -> {
          System.gc();
          ByteBufAllocator.DEFAULT.buffer(16).release();
          return LEAKS.stream().anyMatch(leak -> leak.contains(hint));
        });
    List<String> found = new ArrayList<>();
    for (String leak = LEAKS.poll(); leak != null; leak = LEAKS.poll()) {
      found.add(leak);
    }
    return found.stream().filter(leak -> !leak.contains(CANARY)).toList();
  }

  static void leak(String hint) {
    ByteBufAllocator.DEFAULT.buffer(16).touch(hint);
  }

  private static final class Recording extends ResourceLeakDetectorFactory {
    @Override
    @Deprecated // as what it overrides, which is abstract
    public <T> ResourceLeakDetector<T> newResourceLeakDetector(
        Class<T> resource, int samplingInterval, long maxActive) {
      return newResourceLeakDetector(resource, samplingInterval);
    }

    @Override
    public <T> ResourceLeakDetector<T> newResourceLeakDetector(Class<T> resource, int interval) {
      return new ResourceLeakDetector<>(resource, interval) {
        @Override
        protected boolean needReport() {
          return true;
        }

        @Override
        protected void reportTracedLeak(String type, String records) {
          LEAKS.add(type + records);
        }

        @Override
        protected void reportUntracedLeak(String type) {
          LEAKS.add(type);
        }
      };
    }
  }
}
