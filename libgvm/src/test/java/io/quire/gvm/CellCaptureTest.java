package io.quire.gvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Log.Capture;
import io.quire.base.Rules;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.lockserver.LockConditions;
import io.quire.lockserver.Sessions;
import io.quire.sim.Stage;
import io.quire.twopc.TxnId;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Cells are written as they were at one moment, while they change. */
@Timeout(120)
class CellCaptureTest {
  private final CellStore store =
      new CellStore(
          new Sessions(new Stage().enter("a").log()),
          LockConditions.NONE,
          Rules.ALL,
          Runnable::run);
  private long position = 1 << 16;

  private void commit(SplittableRandom random, int keys) {
    Transaction.Builder changes = Transaction.begin();
    int first = random.nextInt(keys);
    for (int i = random.nextInt(1, 4); i > 0; i--) {
      String key = "k" + (first + i) % keys;
      switch (random.nextInt(4)) {
        case 0 -> changes.remove(key);
        case 1 -> changes.touch(key);
        default ->
            changes.put(key, Long.toString(random.nextLong()).getBytes(StandardCharsets.UTF_8));
      }
    }
    position++;
    TxnId txn = new TxnId(7, position);
    byte[] payload = changes.build().toBytes();
    if (random.nextBoolean()) {
      store.prepare(txn, payload);
    }
    if (random.nextInt(8) == 0) {
      store.show(txn, position, payload);
    }
    if (random.nextInt(6) == 0) {
      store.abort(txn, payload);
    } else {
      store.commit(txn, position, payload);
    }
  }

  private byte[] saved() {
    WireWriter out = new WireWriter();
    store.save(out);
    return out.toBytes();
  }

  private static byte[] written(Capture capture) {
    WireWriter out = new WireWriter();
    capture.write(out);
    capture.close();
    return out.toBytes();
  }

  @Test
  void write_whileTheLoopChangesCells_isWhatWasSavedAtThatMoment() throws Exception {
    SplittableRandom random = new SplittableRandom(5);
    for (int i = 0; i < 20_000; i++) {
      commit(random, 8_000);
    }
    for (int round = 0; round < 150; round++) {
      byte[] wanted = saved();
      Capture capture = store.capture();
      AtomicBoolean done = new AtomicBoolean();
      CompletableFuture<byte[]> found =
          CompletableFuture.supplyAsync(
              () -> {
                byte[] bytes = written(capture);
                done.set(true);
                return bytes;
              },
              Thread::startVirtualThread);
      for (int i = 0; i < 200 || !done.get(); i++) {
        commit(random, 8_000);
      }
      assertThat(found.get(60, TimeUnit.SECONDS)).describedAs("round " + round).isEqualTo(wanted);
    }
  }

  @Test
  void write_afterAllCellsWereRemovedAndOthersCame_isWhatWas() {
    for (int i = 0; i < 100; i++) {
      store.commit(new TxnId(7, i + 1), ++position, put("old" + i));
    }
    byte[] wanted = saved();
    Capture capture = store.capture();
    for (int i = 0; i < 100; i++) {
      byte[] removal = Transaction.begin().remove("old" + i).build().toBytes();
      store.commit(new TxnId(8, i + 1), ++position, removal);
      store.commit(new TxnId(9, i + 1), ++position, put("new" + i));
      store.commit(new TxnId(10, i + 1), ++position, put("old" + (i / 2)));
    }
    assertThat(written(capture)).isEqualTo(wanted);
    assertThat(written(store.capture())).isEqualTo(saved());
  }

  @Test
  void write_afterTheStateWasReplaced_isRefused() {
    store.commit(new TxnId(7, 1), ++position, put("a"));
    byte[] state = saved();
    Capture capture = store.capture();
    store.restore(position, new WireReader(state));
    assertThatThrownBy(() -> written(capture)).isInstanceOf(IllegalStateException.class);
    Capture given = store.capture();
    Capture next = store.capture();
    assertThatThrownBy(() -> written(given)).isInstanceOf(IllegalStateException.class);
    assertThat(written(next)).isEqualTo(state);
  }

  private static byte[] put(String key) {
    return Transaction.begin().put(key, new byte[] {1}).build().toBytes();
  }
}
