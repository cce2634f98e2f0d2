package io.quire.twopc;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.sim.Letter;
import io.quire.sim.Proposal;
import io.quire.sim.Stage;
import io.quire.twopc.Outcome.Aborted;
import io.quire.twopc.Outcome.Committed;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Payloads that go into the log in chunks. */
@Timeout(60)
class BlobsTest {
  private final Stage stage = new Stage();
  private final List<Peer> peers = Peer.inView(stage, "a", "b", "c");
  private final Peer a = peers.get(0);
  private final Peer b = peers.get(1);
  private final Peer c = peers.get(2);

  /** Text, so that the recorder keeps it as it is. */
  private static byte[] payload(int bytes) {
    byte[] payload = new byte[bytes];
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < bytes; i++) {
      payload[i] = (byte) random.nextInt('a', 'w');
    }
    return payload;
  }

  private CompletableFuture<Outcome> submit(byte[] payload, Duration deadline) {
    return a.twoPhase.submit(Recorder.NUMBER, payload, deadline);
  }

  private static boolean isChunk(Proposal proposal) {
    return TxnEntry.read(proposal.entry().payload()) instanceof TxnEntry.Chunk;
  }

  private static boolean isDrop(Proposal proposal) {
    return TxnEntry.read(proposal.entry().payload()) instanceof TxnEntry.Drop;
  }

  @Test
  void largest_isCommittedWholeEverywhereAndLeavesNothing() {
    byte[] payload = payload(TwoPhase.PAYLOAD_BYTES_MAX);
    CompletableFuture<Outcome> outcome = submit(payload, Peer.DEADLINE);
    assertThat(stage.proposals()).hasSize(16).allMatch(BlobsTest::isChunk);
    stage.settle();
    assertThat(outcome.resultNow()).isInstanceOf(Committed.class);
    for (Peer peer : peers) {
      assertThat(peer.recorder.committed.getFirst()).isEqualTo(Recorder.text(payload));
      assertThat(peer.twoPhase.blobBytes()).isZero();
      assertThat(peer.recorder.held).isEmpty();
    }
  }

  @Test
  void chunkIsLostOrInDoubt_isPutAgain() {
    byte[] payload = payload(4 << 20);
    CompletableFuture<Outcome> outcome = submit(payload, Peer.DEADLINE);
    stage.refuse(stage.proposals().get(1));
    Proposal doubtful = stage.proposals().get(1);
    stage.leaveInDoubt(doubtful);
    stage.commit(doubtful);
    stage.play(Duration.ofMillis(500));
    assertThat(outcome.resultNow()).isInstanceOf(Committed.class);
    assertThat(c.recorder.committed).containsExactly(Recorder.text(payload));
  }

  @Test
  void memberHasNotAppliedTheChunks_votesWhenItHas() {
    CompletableFuture<Outcome> outcome = submit(payload(4 << 20), Peer.DEADLINE);
    List<Proposal> chunks = List.copyOf(stage.proposals());
    stage.commitAll();
    a.actor.applyAll();
    chunks.forEach(stage::answer);
    Letter prepare = c.coming(Message.Prepare.class).getFirst();
    stage.deliver(prepare);
    assertThat(a.coming(Message.Vote.class)).isEmpty();
    c.actor.applyAll();
    assertThat(a.coming(Message.Vote.class)).hasSize(1);
    stage.settle();
    assertThat(outcome.resultNow()).isInstanceOf(Committed.class);
  }

  @Test
  void refused_isDroppedEverywhere() {
    c.recorder.refusal = "no";
    CompletableFuture<Outcome> outcome = submit(payload(4 << 20), Peer.DEADLINE);
    stage.settle();
    assertThat(outcome.resultNow()).isInstanceOf(Aborted.class);
    assertThat(peers).allSatisfy(peer -> assertThat(peer.twoPhase.blobBytes()).isZero());
  }

  @Test
  void coordinatorLeaves_itsChunksGoWithIt() {
    submit(payload(4 << 20), Peer.DEADLINE);
    stage.commit(stage.proposals().getFirst());
    stage.commit(stage.proposals().getFirst());
    b.actor.applyAll();
    assertThat(b.twoPhase.blobBytes()).isEqualTo(2 << 20);
    a.actor.exit();
    stage.lead(b.actor);
    b.propose(Peer.expiry(a.incarnation(), 1L << 16));
    stage.settle();
    assertThat(b.view().has(a.incarnation())).isFalse();
    assertThat(b.twoPhase.blobBytes()).isZero();
  }

  @Test
  void chunksWithoutTheirTransaction_doNothing() {
    a.propose(new TxnEntry.Chunk(a.incarnation(), 9, 0, 1, new byte[] {1}).entry());
    stage.settle();
    assertThat(peers).allSatisfy(peer -> assertThat(peer.recorder.told).isEmpty());
    assertThat(c.twoPhase.blobBytes()).isEqualTo(1);
  }

  @Test
  void transactionNamesAnotherContent_isVoid() {
    a.propose(new TxnEntry.Chunk(a.incarnation(), 9, 0, 1, new byte[] {1}).entry());
    Blobs.Ref other = Blobs.Ref.of(a.incarnation(), 9, new byte[] {2});
    TxnId id = new TxnId(a.incarnation(), 1);
    a.propose(
        new TxnEntry.Txn(id, 1, Recorder.NUMBER, null, other, new byte[0]).entry(a.view().epoch()));
    stage.settle();
    assertThat(peers).allSatisfy(peer -> assertThat(peer.recorder.committed).isEmpty());
  }

  @Test
  void noRoom_isRefusedWithTheNumbers() {
    int left = 0;
    for (int blob = 1; left < Blobs.BYTES_MAX; blob++) {
      for (int i = 0; i < 16; i++, left += Blobs.CHUNK_BYTES) {
        byte[] part = new byte[Blobs.CHUNK_BYTES];
        a.propose(new TxnEntry.Chunk(b.incarnation(), blob, i, 16, part).entry());
      }
    }
    stage.settle();
    CompletableFuture<Outcome> outcome = submit(payload(4 << 20), Peer.DEADLINE);
    stage.settle();
    assertThat(outcome.resultNow().text())
        .isEqualTo(
            "aborted: why=OVERLOADED no room for large payloads: bytes=134217728 max=134217728");
  }

  @Test
  void saved_isTheSameWhateverTheOrderAndComesBack() {
    byte[] payload = payload(3 << 20);
    Blobs.Ref ref = Blobs.Ref.of(1, 2, payload);
    Blobs one = new Blobs();
    Blobs other = new Blobs();
    for (int i = 0; i < 3; i++) {
      one.add(chunk(payload, i));
      other.add(chunk(payload, 2 - i));
    }
    one.add(new TxnEntry.Chunk(1, 3, 1, 2, new byte[] {5}));
    other.add(new TxnEntry.Chunk(1, 3, 1, 2, new byte[] {5}));
    byte[] saved = saved(one);
    assertThat(saved(other)).isEqualTo(saved);
    Blobs restored = new Blobs();
    restored.restore(new WireReader(saved));
    assertThat(restored.get(ref)).isEqualTo(payload);
    assertThat(restored.bytes()).isEqualTo(one.bytes());
    assertThat(restored.count()).isEqualTo(2);
  }

  private static TxnEntry.Chunk chunk(byte[] payload, int index) {
    int from = index * Blobs.CHUNK_BYTES;
    byte[] part = Arrays.copyOfRange(payload, from, from + Blobs.CHUNK_BYTES);
    return new TxnEntry.Chunk(1, 2, index, 3, part);
  }

  private static byte[] saved(Blobs blobs) {
    WireWriter out = new WireWriter();
    blobs.save(out);
    return out.toBytes();
  }
}
