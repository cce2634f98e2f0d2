package io.quire.ns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Position;
import io.quire.gvm.Transaction;
import io.quire.ns.ObjectVersion.What;
import io.quire.sim.Stage;
import io.quire.twopc.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What an object was, from the log of each node. */
@Timeout(60)
class ObjectHistoryTest {
  private static final NsHandle ROOT = NsHandle.ROOT;
  private static final int ALL = ObjectHistory.VERSIONS_MAX;

  private final Stage stage = new Stage();
  private final List<NsPeer> peers = NsPeer.inView(stage, "a", "b", "c");
  private final NsPeer a = peers.get(0);
  private final NsPeer b = peers.get(1);
  private final NsPeer c = peers.get(2);

  private static NsObject create(NsPeer at, String name, byte... value) {
    return at.namespaces.create(ROOT, name, "kind", Lifetime.DURABLE, value);
  }

  private static String told(ObjectVersion version) {
    String object =
        version.object().map(one -> one.name() + "=" + List.of(one.value()[0])).orElse("none");
    return version.what() + " " + object + " @" + Position.index(version.position());
  }

  private static List<String> told(List<ObjectVersion> versions) {
    return versions.stream().map(ObjectHistoryTest::told).toList();
  }

  private static String told(What what, NsObject object) {
    return told(
        new ObjectVersion(object.version(), what, Optional.of(object), OptionalLong.empty()));
  }

  private static long applied(NsPeer peer) {
    return peer.actor.log().applied();
  }

  /** A node that has the state of the others by a snapshot, and remembers nothing of before. */
  private NsPeer withSnapshot() {
    NsPeer late = new NsPeer(stage, "d");
    stage.play(Duration.ofSeconds(1));
    late.actor.install(a.actor);
    return late;
  }

  private Outcome cell(Transaction transaction) {
    CompletableFuture<Outcome> outcome = a.cells.commit(transaction, Namespaces.DEADLINE);
    stage.settle();
    return outcome.resultNow();
  }

  @Test
  void history_ofAnObject_isEachChangeBackToItsCreation() {
    NsObject made = create(a, "/x", (byte) 1);
    NsObject updated = b.namespaces.update(b.found("/x"), new byte[] {2});
    create(c, "/other", (byte) 9);
    NsObject renamed = c.namespaces.rename(c.found("/x"), "/y");
    a.namespaces.delete(ROOT, "/y");
    NsObject deleted = a.found(made.xid());
    for (NsPeer peer : peers) {
      ObjectHistory history = peer.namespaces.history(made.xid());
      assertThat(history.end()).isEmpty();
      List<ObjectVersion> versions = history.next(ALL);
      assertThat(told(versions))
          .containsExactly(
              told(What.DELETED, deleted),
              told(What.RENAMED, renamed),
              told(What.UPDATED, updated),
              told(What.CREATED, made));
      assertThat(versions.getLast().object()).get().usingRecursiveComparison().isEqualTo(made);
      assertThat(versions.getLast().wallMillis()).hasValue(made.created());
      assertThat(versions.getFirst().wallMillis()).isEmpty();
      assertThat(history.end()).contains(new HistoryEnd.Created());
      assertThat(history.next(1)).isEmpty();
    }
  }

  @Test
  void history_inParts_isTheSame() {
    NsObject last = create(a, "/x", (byte) 0);
    for (byte i = 1; i < 10; i++) {
      last = b.namespaces.update(last, new byte[] {i});
    }
    List<String> whole = told(c.namespaces.history(last.xid()).next(ALL));
    ObjectHistory history = c.namespaces.history(last.xid());
    List<String> parts = new ArrayList<>();
    while (history.end().isEmpty()) {
      List<ObjectVersion> page = history.next(3);
      assertThat(page).hasSizeLessThanOrEqualTo(3);
      parts.addAll(told(page));
    }
    assertThat(parts).isEqualTo(whole).hasSize(10);
    long fourth = c.namespaces.history(last.xid()).next(4).getLast().position();
    assertThat(told(c.namespaces.history(last.xid(), fourth).next(ALL)))
        .isEqualTo(whole.subList(4, 10));
    assertThatThrownBy(() -> history.next(0)).hasMessageContaining("allowed=1..1000");
  }

  @Test
  void history_ofLargeValues_comesInPartsOf16MiB() {
    NsObject last = create(a, "/x", new byte[NsObject.VALUE_BYTES_MAX]);
    for (int i = 0; i < 9; i++) {
      last = a.namespaces.update(last, new byte[NsObject.VALUE_BYTES_MAX]);
    }
    ObjectHistory history = b.namespaces.history(last.xid());
    assertThat(history.next(ALL)).hasSize(8);
    assertThat(history.end()).isEmpty();
    assertThat(history.next(ALL)).hasSize(2);
    assertThat(history.end()).contains(new HistoryEnd.Created());
  }

  /** What was rejected stands in the log, too. */
  @Test
  void history_doesNotTellWhatWasRejected() {
    NsObject made = create(a, "/x", (byte) 1);
    NsObject updated = b.namespaces.update(made, new byte[] {2});
    assertThat(cell(new ObjectChanges().update(made, made.withValue(new byte[] {3})).build()))
        .isInstanceOf(Outcome.Rejected.class);
    long rejected = applied(a);
    assertThat(told(c.namespaces.history(made.xid()).next(ALL)))
        .containsExactly(told(What.UPDATED, updated), told(What.CREATED, made));
    assertThat(c.namespaces.at(rejected).lookup(made.xid()))
        .get()
        .usingRecursiveComparison()
        .isEqualTo(updated);
  }

  @Test
  void history_whereTheLogWasTrimmed_saysSo() {
    NsObject made = create(a, "/x", (byte) 1);
    NsObject second = a.namespaces.update(made, new byte[] {2});
    NsObject third = a.namespaces.update(second, new byte[] {3});
    b.actor.trim(second.version());
    ObjectHistory history = b.namespaces.history(made.xid());
    assertThat(told(history.next(ALL)))
        .containsExactly(told(What.UPDATED, third), told(What.UPDATED, second));
    assertThat(history.end()).contains(new HistoryEnd.Trimmed(made.version(), second.version()));
    assertThat(a.namespaces.history(made.xid()).next(ALL)).as("a has it still").hasSize(3);
    assertThatThrownBy(() -> forgetful(b).at(made.version()).lookup(made.xid()))
        .isInstanceOf(NsException.Trimmed.class)
        .hasMessageContaining("oldest=" + Position.text(second.version()));

    b.actor.trim(third.version() + 1);
    ObjectHistory nothing = b.namespaces.history(made.xid());
    assertThat(told(nothing.next(ALL))).containsExactly(told(What.UNKNOWN, third));
    assertThat(nothing.end())
        .contains(new HistoryEnd.Trimmed(third.version(), third.version() + 1));
    assertThat(b.namespaces.at(third.version()).lookup(made.xid())).contains(b.found("/x"));
  }

  /** Takes from a node what it remembers beside the log. */
  private Namespaces forgetful(NsPeer peer) {
    peer.actor.install(a.actor);
    return peer.namespaces;
  }

  @Test
  void history_onANodeThatSkippedItWithASnapshot_saysSo() {
    NsObject made = create(a, "/x", (byte) 1);
    NsObject second = a.namespaces.update(made, new byte[] {2});
    NsPeer late = withSnapshot();
    late.actor.trim(applied(late) + 1);
    NsObject third = late.namespaces.update(second, new byte[] {3});
    ObjectHistory history = late.namespaces.history(made.xid());
    assertThat(told(history.next(ALL))).containsExactly(told(What.UPDATED, third));
    assertThat(history.end()).get().isInstanceOf(HistoryEnd.Trimmed.class);
  }

  @Test
  void history_ofAnObjectThatEnded_isToldWhileItsEndIsRemembered() {
    NsObject made = create(a, "/x", (byte) 1);
    b.namespaces.delete(ROOT, "/x");
    NsObject deleted = b.found(made.xid());
    stage.play(Duration.ofSeconds(2));
    assertThat(b.namespaces.lookup(made.xid())).isEmpty();
    for (NsPeer peer : peers) {
      ObjectHistory history = peer.namespaces.history(made.xid());
      List<ObjectVersion> versions = history.next(ALL);
      assertThat(versions)
          .extracting(ObjectVersion::what)
          .containsExactly(What.ENDED, What.DELETED, What.CREATED);
      assertThat(versions.getFirst().object()).isEmpty();
      assertThat(history.end()).contains(new HistoryEnd.Created());
    }
    Namespaces forgetful = forgetful(c);
    assertThatThrownBy(() -> forgetful.history(made.xid()))
        .isInstanceOf(NsException.NotFound.class);
    assertThatThrownBy(() -> forgetful.at(made.version()).lookup(made.xid()))
        .isInstanceOf(NsException.TooOld.class);
    assertThat(forgetful.at(applied(c)).lookup(made.xid())).isEmpty();
    assertThat(told(forgetful.history(deleted).next(ALL)))
        .as("who knows a version")
        .containsExactly(told(What.DELETED, deleted), told(What.CREATED, made));
  }

  @Test
  void history_ofWhatTheCallerMadeUp_isRefused() {
    NsObject made = create(a, "/x", (byte) 1);
    create(b, "/y", (byte) 1);
    assertThatThrownBy(() -> b.namespaces.history(made.withValue(new byte[] {2})))
        .hasMessageContaining("not a version of the object");
    assertThatThrownBy(() -> b.namespaces.history(made.at(applied(b))))
        .hasMessageContaining("not a version of the object");
    assertThatThrownBy(() -> b.namespaces.history(made.at(0)))
        .hasMessageContaining("not a version");
    assertThatThrownBy(() -> b.namespaces.history(7)).isInstanceOf(NsException.NotFound.class);
  }

  /** One transaction of more than an entry holds, so its parts stand before it in the log. */
  @Test
  void history_ofWhatWasDoneInChunks_isReadFromThem() {
    NsObject one = create(a, "/1", new byte[NsObject.VALUE_BYTES_MAX]);
    NsObject two = create(a, "/2", new byte[NsObject.VALUE_BYTES_MAX]);
    long before = applied(a);
    assertThat(cell(new ObjectChanges().delete(one).delete(two).build()))
        .isInstanceOf(Outcome.Committed.class);
    for (NsObject object : List.of(one, two)) {
      ObjectHistory history = b.namespaces.history(object.xid());
      List<ObjectVersion> versions = history.next(ALL);
      assertThat(versions)
          .extracting(ObjectVersion::what)
          .containsExactly(What.DELETED, What.CREATED);
      assertThat(versions.getFirst().object().orElseThrow().value())
          .hasSize(NsObject.VALUE_BYTES_MAX);
      assertThat(history.end()).contains(new HistoryEnd.Created());
    }

    long position = b.found(one.xid()).version();
    assertThat(Position.index(position)).isGreaterThan(Position.index(before) + 2);
    b.actor.trim(position - (1L << 16));
    ObjectHistory history = b.namespaces.history(one.xid());
    assertThat(history.next(ALL)).as("the last chunk alone").hasSize(1);
    assertThat(history.end()).contains(new HistoryEnd.Trimmed(position, position - (1L << 16)));
  }

  @Test
  void history_ofACellThatSomebodyElseWrote_endsThere() {
    NsObject made = create(a, "/x", (byte) 1);
    String key = ObjectCodec.xidKey(made.xid());
    cell(Transaction.begin().put(key, ObjectCodec.write(made.withValue(new byte[] {7}))).build());
    NsObject foreign = b.found(made.xid());
    NsObject updated = b.namespaces.update(foreign, new byte[] {8});
    ObjectHistory history = c.namespaces.history(made.xid());
    assertThat(history.next(ALL))
        .extracting(ObjectVersion::position)
        .containsExactly(updated.version(), foreign.version());
    assertThat(history.end()).contains(new HistoryEnd.Unlinked(foreign.version()));
    assertThatThrownBy(() -> forgetful(c).at(made.version()).lookup(made.xid()))
        .isInstanceOf(NsException.Unreadable.class);
  }

  @Test
  void at_ofNames_isToldWhileTheyMeanTheSameOrAreRemembered() {
    NsObject made = create(a, "/x", (byte) 1);
    NsObject kept = create(a, "/kept", (byte) 1);
    NsObject updated = a.namespaces.update(kept, new byte[] {2});
    NsObject renamed = a.namespaces.rename(made, "/y");
    NsObject next = create(a, "/x", (byte) 2);
    NamespacesAt then = b.namespaces.at(updated.version());
    assertThat(then.position()).isEqualTo(updated.version());
    assertThat(then.lookup(ROOT, "/x")).get().usingRecursiveComparison().isEqualTo(made);
    assertThat(then.lookup(ROOT, "/y")).isEmpty();
    NamespacesAt now = b.namespaces.at(applied(b));
    assertThat(now.lookup(ROOT, "/x")).contains(b.found(next.xid()));
    assertThat(now.lookup(ROOT, "/y")).contains(b.found(renamed.xid()));

    Namespaces forgetful = forgetful(c);
    assertThat(forgetful.at(kept.version()).lookup(ROOT, "/kept"))
        .get()
        .usingRecursiveComparison()
        .isEqualTo(kept);
    assertThatThrownBy(() -> forgetful.at(updated.version()).lookup(ROOT, "/x"))
        .isInstanceOf(NsException.TooOld.class);
    assertThat(forgetful.at(updated.version()).lookup(made.xid()))
        .get()
        .usingRecursiveComparison()
        .isEqualTo(made);
    assertThat(forgetful.at(made.version() - 1).lookup(made.xid())).isEmpty();
  }

  @Test
  void at_thatIsNotApplied_isRefused() {
    create(a, "/x", (byte) 1);
    assertThatThrownBy(() -> b.namespaces.at(applied(b) + 1))
        .isInstanceOf(NsException.NotReached.class)
        .hasMessageContaining("applied=" + Position.text(applied(b)));
    assertThatThrownBy(() -> b.namespaces.at(-1)).hasMessageContaining("not a position");
  }

  @Test
  void at_outsideTheView_isToldAllTheSame() {
    NsObject made = create(a, "/x", (byte) 1);
    NsObject updated = a.namespaces.update(made, new byte[] {2});
    Namespaces forgetful = forgetful(c);
    stage.pass(Duration.ofMinutes(1));
    assertThatThrownBy(() -> forgetful.lookup(made.xid()))
        .isInstanceOf(NsException.NotInView.class);
    assertThat(forgetful.at(made.version()).lookup(made.xid()))
        .get()
        .usingRecursiveComparison()
        .isEqualTo(made);
    assertThat(updated.version()).isGreaterThan(made.version());
  }

  @Test
  void reading_thatTakesTooLong_givesWhatItHasOrSaysSo() {
    NsObject last = create(a, "/x", (byte) 0);
    long first = last.version();
    for (byte i = 1; i < 5; i++) {
      last = a.namespaces.update(last, new byte[] {i});
    }
    Namespaces forgetful = forgetful(b);
    ObjectHistory history = forgetful.history(last.xid());
    b.whenClockIsRead = () -> stage.pass(Namespaces.DEADLINE.dividedBy(3));
    assertThat(history.next(ALL)).hasSize(2);
    assertThat(history.end()).isEmpty();
    long xid = last.xid();
    assertThatThrownBy(() -> forgetful.at(first).lookup(xid))
        .isInstanceOf(NsException.TooFar.class);
    b.whenClockIsRead = () -> {};
    assertThat(history.next(ALL)).hasSize(3);
    assertThat(history.end()).contains(new HistoryEnd.Created());
  }
}
