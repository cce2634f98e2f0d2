package io.quire.harness;

import io.quire.ager.Ager;
import io.quire.ager.AgerConfig;
import io.quire.ager.Draft;
import io.quire.ager.Origin;
import io.quire.ager.StoreConfig;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A process that makes durable copies in an HDFS, says so, and keeps their file open until it is
 * killed.
 */
final class LeftCopies {
  static final String WRITTEN = "written";
  static final String OWNER = "left-1";
  static final UUID CLUSTER = new UUID(1, 2);

  private LeftCopies() {}

  /** The arguments are the URI of the store and the number of copies; their loads count from 1. */
  public static void main(String[] args) throws Exception {
    StoreConfig store =
        new StoreConfig(URI.create(args[0]), 1L << 30, true, HdfsProcesses.clientSettings());
    try (Ager ager = Ager.open(AgerConfig.of(8 << 20, List.of(store), OWNER))) {
      for (int load = 1; load <= Integer.parseInt(args[1]); load++) {
        try (Draft draft = ager.allocate(100_000, Duration.ofSeconds(30))) {
          draft.segment().fill((byte) load);
          ager.persist(draft.seal(), new Origin(CLUSTER, load, load)).get(60, TimeUnit.SECONDS);
        }
      }
      System.out.println(WRITTEN);
      new CountDownLatch(1).await();
    }
  }
}
