package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is noted of entries that are taken back, step by step as Ratis does it. */
@Timeout(60)
class DurabilityTest {
  private static final UUID BOOT = new UUID(1, 2);

  @TempDir Path root;

  private final TreeMap<Long, Long> terms = new TreeMap<>();
  private long flushed;
  private final Durability durability =
      new Durability(
          e -> {
            throw new AssertionError(e);
          });

  /** Ratis' log, as far as it is asked. */
  private final RaftLog log =
      (RaftLog)
          Proxy.newProxyInstance(
              RaftLog.class.getClassLoader(),
              new Class<?>[] {RaftLog.class},
              (_, method, arguments) ->
                  switch (method.getName()) {
                    case "getFlushIndex" -> flushed;
                    case "getTermIndex" -> {
                      long index = (long) arguments[0];
                      Long term = terms.get(index);
                      yield term == null ? null : TermIndex.valueOf(term, index);
                    }
                    default -> throw new UnsupportedOperationException(method.getName());
                  });

  @BeforeEach
  void open() throws IOException {
    for (long index = 0; index <= 15; index++) {
      terms.put(index, 1L);
    }
    flushed = 15;
    Watermark mark =
        Watermark.open(
            root.resolve(Watermark.FILE),
            BOOT,
            new Watermark.Mark(15, 1, true),
            e -> {
              throw new AssertionError(e);
            });
    durability.begin(new RaftDirectory(root, root.resolve("vote")), mark);
    durability.attach(() -> log);
  }

  @AfterEach
  void close() throws IOException {
    durability.close(true);
  }

  /** The leader of a later term puts others in the place of entries that were flushed. */
  private CompletableFuture<Void> truncate(long index, long term) {
    CompletableFuture<Void> truncation = durability.truncating(index);
    terms.tailMap(index).clear();
    terms.put(index, term);
    return truncation;
  }

  private long noted() throws IOException {
    durability.acknowledging();
    return durability.mark().index();
  }

  @Test
  void truncating_newEntriesInThePlaceOfFlushedOnes_countWhenTheyAreFlushed() throws Exception {
    CompletableFuture<Void> truncation = truncate(15, 2);
    assertThat(noted()).as("the flush index still counts what is taken back").isEqualTo(14);
    durability.flushing();
    assertThat(noted()).as("of entries before").isEqualTo(14);
    truncation.get();
    assertThat(noted()).as("taken back, and not told yet").isEqualTo(14);
    flushed = 14;
    durability.flushing();
    assertThat(noted()).isEqualTo(14);
    flushed = 15;
    assertThat(noted()).isEqualTo(15);
    assertThat(durability.mark().term()).isEqualTo(2);
  }

  @Test
  void truncating_twice_countsWhenBothAreDone() throws Exception {
    CompletableFuture<Void> one = truncate(13, 2);
    CompletableFuture<Void> two = truncate(12, 3);
    one.get();
    one.get();
    durability.flushing();
    assertThat(noted()).isEqualTo(11);
    two.get();
    flushed = 11;
    durability.flushing();
    flushed = 12;
    assertThat(noted()).isEqualTo(12);
  }
}
