package io.quire.twopc;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** A participant that writes down what it is told; a payload that begins with 'x' is rejected. */
final class Recorder implements Participant {
  static final int NUMBER = 5;

  final Set<String> held = new TreeSet<>();
  final List<String> committed = new ArrayList<>();
  final List<String> shown = new ArrayList<>();
  final List<String> told = new ArrayList<>();
  @Nullable String refusal;
  boolean slow;
  boolean partial;

  /** What it says when it takes time; null if it does not. */
  @Nullable CompletableFuture<Answer> later;

  CompletableFuture<Void> ready = CompletableFuture.completedFuture(null);
  Runnable whenRestored = () -> {};
  BiConsumer<TxnId, Long> whenCommitted = (_, _) -> {};

  static String text(byte[] payload) {
    return new String(payload, StandardCharsets.UTF_8);
  }

  @Override
  public int number() {
    return NUMBER;
  }

  @Override
  public Answer prepare(TxnId txn, byte[] payload) {
    told.add("prepare " + text(payload));
    if (refusal == null && !held.add(held(txn, payload))) {
      throw new IllegalStateException("prepared twice: txn=" + txn);
    }
    if (later != null) {
      return new Answer.Later(later);
    }
    return refusal == null ? Answer.YES : new Answer.No(refusal);
  }

  @Override
  public boolean slow() {
    return slow;
  }

  @Override
  public boolean partial() {
    return partial;
  }

  @Override
  public CompletableFuture<Void> ready() {
    told.add("ready?");
    return ready;
  }

  @Override
  public Verdict commit(TxnId txn, long position, byte[] payload) {
    told.add("commit " + text(payload));
    held.remove(held(txn, payload));
    boolean effective = payload[0] != 'x';
    whenCommitted.accept(txn, position);
    committed.add((effective ? "" : "rejected ") + text(payload));
    return new Verdict(effective, Arrays.copyOfRange(payload, 1, payload.length));
  }

  @Override
  public void abort(TxnId txn, byte[] payload) {
    told.add("abort " + text(payload));
    if (!held.remove(held(txn, payload))) {
      throw new IllegalStateException("aborted without being held: txn=" + txn);
    }
  }

  @Override
  public void show(TxnId txn, long position, byte[] payload) {
    shown.add(text(payload));
  }

  @Override
  public void save(WireWriter out) {
    out.int32(committed.size());
    committed.forEach(out::string);
  }

  @Override
  public void restore(long position, WireReader in) {
    told.add("restore");
    committed.clear();
    for (int left = in.count(4); left > 0; left--) {
      committed.add(in.string());
    }
    whenRestored.run();
  }

  static String held(TxnId txn, byte[] payload) {
    return text(payload) + "@" + txn;
  }
}
