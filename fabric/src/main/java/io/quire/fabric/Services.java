package io.quire.fabric;

import io.quire.fabric.Fabric.LendingServer;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** Who serves what. Safe from any thread. */
final class Services {
  private final AtomicReferenceArray<@Nullable LendingServer> servers =
      new AtomicReferenceArray<>(Service.values().length);

  void add(Service service, LendingServer server) {
    if (!servers.compareAndSet(service.ordinal(), null, server)) {
      throw new IllegalStateException("already served: service=" + service);
    }
  }

  /** Who serves the number, or null. */
  @Nullable LendingServer find(int service) {
    return Service.exists(service) ? servers.get(service) : null;
  }

  /** For people. */
  static String name(int service) {
    return Service.exists(service) ? Service.of(service).name() : Integer.toString(service);
  }
}
