package io.quire.ns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.gvm.Cells;
import io.quire.gvm.Transaction;
import io.quire.gvm.Versioned;
import io.quire.sim.Stage;
import io.quire.twopc.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;

/** Each operation, from three nodes. */
@Timeout(60)
class NamespacesTest {
  private static final NsHandle ROOT = NsHandle.ROOT;

  private final Stage stage = new Stage();
  private final List<NsPeer> peers = NsPeer.inView(stage, "a", "b", "c");
  private final NsPeer a = peers.get(0);
  private final NsPeer b = peers.get(1);
  private final NsPeer c = peers.get(2);

  private static NsObject create(NsPeer at, String name, int... value) {
    byte[] bytes = new byte[value.length];
    for (int i = 0; i < value.length; i++) {
      bytes[i] = (byte) value[i];
    }
    return at.namespaces.create(ROOT, name, "kind", Lifetime.DURABLE, bytes);
  }

  @Test
  void create_isSeenOnAllNodesByNameAndId() {
    NsObject made = create(a, "/x/y", 1, 2);
    for (NsPeer peer : peers) {
      NsObject byName = peer.found("/x/y");
      assertThat(byName).usingRecursiveComparison().isEqualTo(made);
      assertThat(peer.found(made.xid())).isSameAs(byName);
      assertThat(peer.namespaces.xidOf(ROOT, "/x/y")).hasValue(made.xid());
      assertThat(peer.namespaces.nameOf(made.xid())).contains("/x/y");
    }
    assertThat(made.creator()).isEqualTo(a.actor.member().incarnation());
    assertThat(made.version()).isPositive();
  }

  @Test
  void lookupAll_answersAsSingleLookupsDo() {
    NsObject one = create(a, "/one", 1);
    NsObject two = create(b, "/two", 2);
    b.namespaces.delete(ROOT, "/one");
    for (NsPeer peer : peers) {
      assertThat(peer.namespaces.lookupAll(ROOT, List.of("/two", "/one", "/none", "/two")))
          .containsExactly(
              Optional.of(peer.found("/two")),
              Optional.empty(),
              Optional.empty(),
              Optional.of(peer.found("/two")));
      long[] xids = {two.xid(), 7, one.xid()};
      List<Optional<NsObject>> found = peer.namespaces.lookupAll(xids);
      for (int i = 0; i < xids.length; i++) {
        assertThat(found.get(i)).isEqualTo(peer.namespaces.lookup(xids[i]));
      }
    }
    assertThatThrownBy(() -> a.namespaces.lookupAll(ROOT, List.of("/two", "/x/")))
        .isInstanceOf(NsException.InvalidName.class);
  }

  /**
   * A name leads to its object without a second search: to what it is now, and only while it is.
   */
  @Test
  void lookup_byName_seesEachChangeOfTheObject() {
    NsObject made = create(a, "/x", 1);
    for (NsPeer peer : peers) {
      assertThat(peer.found("/x").version()).isEqualTo(made.version());
    }
    NsObject updated = b.namespaces.update(b.found("/x"), new byte[] {2});
    for (NsPeer peer : peers) {
      assertThat(peer.found("/x").version()).isEqualTo(updated.version());
    }
    NsObject renamed = c.namespaces.rename(c.found("/x"), "/y");
    NsObject other = create(b, "/x", 3);
    for (NsPeer peer : peers) {
      assertThat(peer.found("/y").version()).isEqualTo(renamed.version());
      assertThat(peer.found("/x").xid()).isEqualTo(other.xid());
    }
    a.namespaces.delete(ROOT, "/y");
    for (NsPeer peer : peers) {
      assertThat(peer.namespaces.lookup(ROOT, "/y")).isEmpty();
      assertThat(peer.found("/x").value()).containsExactly(3);
    }
  }

  @Test
  void lookup_nameAndKey_areHeldOnce() {
    create(a, "/x", 1);
    assertThat(b.found("/x").name())
        .isSameAs(b.namespaces.listAll(ROOT, NamePattern.ALL).getFirst().name());
  }

  /** Who has the cells can write what he likes; no node stops of it. */
  @Test
  void cells_thatOnlyLookLikeObjects_areLeftAlone() {
    List<String> keys = List.of("x/12", "x/no", "x/", "/junk", "n/zz/y", "n/", "n//", "n/1");
    for (byte[] junk : List.of(new byte[] {9, 9, 9}, new byte[8], new byte[0])) {
      for (String key : keys) {
        if (key.startsWith("/") && junk.length == Long.BYTES) {
          continue;
        }
        cell(Transaction.begin().put(key, junk).build());
        assertThat(b.cells.readRelaxed(key)).extracting(Versioned::value).isEqualTo(junk);
        cell(Transaction.begin().remove(key).build());
        assertThat(b.cells.readRelaxed(key)).isNull();
      }
    }
    NsObject made = create(a, "/x", 1);
    assertThat(c.namespaces.listAll(ROOT, NamePattern.ALL))
        .containsExactly(new NamePage.Listed("/x", made.xid()));
  }

  /** A later version may know more flags; what is written again for a snapshot is all of it. */
  @Test
  void cells_ofObjectsThatWouldNotComeBackWhole_stayBytes() {
    NsObject made = create(a, "/x", 1);
    byte[] flag = ObjectCodec.write(made);
    flag[0] |= 0x40;
    byte[] noUtf8 = ObjectCodec.write(made);
    noUtf8[29] = (byte) 0xff;
    for (byte[] bytes : List.of(flag, noUtf8)) {
      cell(Transaction.begin().put("x/12", bytes).build());
      assertThat(b.cells.readRelaxed("x/12")).extracting(Versioned::value).isEqualTo(bytes);
    }
  }

  @Test
  void cells_ofAnObjectThatAreOverwritten_takeItOutOfListings() {
    NsObject made = create(a, "/x", 1);
    create(a, "/y", 1);
    cell(
        Transaction.begin()
            .put("/x", new byte[] {9})
            .put(ObjectCodec.xidKey(made.xid()), new byte[] {9})
            .build());
    assertThat(c.namespaces.listAll(ROOT, NamePattern.ALL))
        .extracting(NamePage.Listed::name)
        .containsExactly("/y");
    assertThat(b.freed).containsExactly(made.xid());
  }

  private void cell(Transaction transaction) {
    var done = a.cells.commit(transaction, Duration.ofSeconds(1));
    stage.settle();
    assertThat(done.resultNow()).isInstanceOf(Outcome.Committed.class);
  }

  @Test
  void lookup_whoChangesTheValue_changesACopy() {
    NsObject made = create(a, "/x", 1, 2);
    NsObject seen = b.found("/x");
    seen.value()[0] = 9;
    assertThat(b.found("/x").value()).containsExactly(1, 2);
    assertThat(b.namespaces.update(b.found("/x"), new byte[] {3}).version())
        .isGreaterThan(made.version());
  }

  @Test
  void create_nameTaken_saysSo() {
    create(a, "/x", 1);
    assertThatThrownBy(() -> create(b, "/x", 2))
        .isInstanceOf(NsException.NameTaken.class)
        .hasMessage("name taken: name=/x");
    assertThat(c.found("/x").value()).containsExactly(1);
  }

  @Test
  void create_sameNameInAnotherNamespace_isAnotherObject() {
    NsHandle mine = a.namespaces.createNamespace();
    NsHandle yours = b.namespaces.createNamespace();
    assertThat(mine).isNotEqualTo(yours).isNotEqualTo(ROOT);
    NsObject one = a.namespaces.create(mine, "/x", "k", Lifetime.DURABLE, new byte[0]);
    NsObject two = a.namespaces.create(yours, "/x", "k", Lifetime.DURABLE, new byte[0]);
    assertThat(c.namespaces.xidOf(mine, "/x")).hasValue(one.xid());
    assertThat(c.namespaces.xidOf(yours, "/x")).hasValue(two.xid());
    assertThat(c.namespaces.lookup(ROOT, "/x")).isEmpty();
    c.namespaces.destroyNamespace(mine);
    assertThat(b.namespaces.lookup(mine, "/x")).isEmpty();
    assertThat(b.namespaces.lookup(yours, "/x")).isPresent();
  }

  @Test
  void create_underAReservedId_onlyOnce() {
    long xid = b.namespaces.reserveXid();
    a.namespaces.create(xid, ROOT, "/x", "k", Lifetime.DURABLE, new byte[0]);
    assertThatThrownBy(
            () -> a.namespaces.create(xid, ROOT, "/y", "k", Lifetime.DURABLE, new byte[0]))
        .isInstanceOf(NsException.NameTaken.class)
        .hasMessage("id taken: name=/y xid=" + Long.toHexString(xid));
  }

  @Test
  void create_kindOutOfRange_isRefused() {
    assertThatThrownBy(() -> a.namespaces.create(ROOT, "/x", "", Lifetime.DURABLE, new byte[0]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("kind out of range: kind= allowed=1..64");
    a.namespaces.create(ROOT, "/x", "k".repeat(64), Lifetime.DURABLE, new byte[0]);
    assertThatThrownBy(
            () -> a.namespaces.create(ROOT, "/y", "k".repeat(65), Lifetime.DURABLE, new byte[0]))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void create_valueOfTwoMebibytes_isTheLimit() {
    String name = "/" + "n".repeat(ObjectName.BYTES_MAX - 1);
    NsObject made =
        a.namespaces.create(
            ROOT, name, "k".repeat(64), Lifetime.DURABLE, new byte[NsObject.VALUE_BYTES_MAX]);
    assertThat(b.found(made.xid()).value()).hasSize(2 << 20);
    String text = "value too large: name=/y bytes=2097153 max=2097152";
    byte[] larger = new byte[NsObject.VALUE_BYTES_MAX + 1];
    assertThatThrownBy(() -> a.namespaces.create(ROOT, "/y", "k", Lifetime.DURABLE, larger))
        .isInstanceOf(NsException.BadValue.class)
        .hasMessage(text);
    NsObject y = create(a, "/y");
    assertThatThrownBy(() -> a.namespaces.update(y, larger)).hasMessage(text);
  }

  @Test
  void create_badName_isRefusedBeforeAnythingIsSent() {
    assertThatThrownBy(() -> create(a, ""))
        .isInstanceOf(NsException.InvalidName.class)
        .hasMessage("not a name: name='' is empty");
    assertThatThrownBy(() -> a.namespaces.rename(create(a, "/x"), "/y/"))
        .hasMessage("not a name: name=/y/ ends with a slash");
    assertThatThrownBy(() -> a.namespaces.lookup(ROOT, "y//z"))
        .isInstanceOf(NsException.InvalidName.class);
  }

  @Test
  void names_withAndWithoutALeadingSlash_areDifferent() {
    NsHandle other = a.namespaces.createNamespace();
    List<NsObject> made = new ArrayList<>();
    for (NsHandle namespace : List.of(ROOT, other)) {
      for (String name : List.of("x", "/x", ":x", "x/y")) {
        made.add(a.namespaces.create(namespace, name, "kind", Lifetime.DURABLE, new byte[0]));
      }
    }
    for (NsPeer peer : peers) {
      for (NsObject object : made) {
        assertThat(peer.namespaces.lookup(object.namespace(), object.name()))
            .usingRecursiveComparison()
            .isEqualTo(Optional.of(object));
      }
      assertThat(peer.namespaces.listAll(other, NamePattern.ALL))
          .extracting(NamePage.Listed::name)
          .containsExactly("/x", ":x", "x", "x/y");
    }
    b.namespaces.delete(ROOT, "x");
    assertThat(c.namespaces.lookup(ROOT, "x")).isEmpty();
    assertThat(c.found("/x").xid()).isEqualTo(made.get(1).xid());
    assertThat(names(c)).containsExactly("/x", ":x", "x/y");
  }

  @Test
  void delete_ofWhatChangesEachTime_endsAtTheDeadline() {
    create(a, "/x", 1);
    a.whenClockIsRead =
        () -> {
          stage.play(Duration.ofMillis(300));
          b.namespaces.update(b.found("/x"), new byte[] {7});
        };
    assertThatThrownBy(() -> a.namespaces.delete(ROOT, "/x"))
        .isInstanceOf(NsException.Refused.class)
        .hasMessage("it changed each time: deleting: name=/x");
    a.whenClockIsRead = () -> {};
    a.namespaces.delete(ROOT, "/x");
    assertThat(b.namespaces.lookup(ROOT, "/x")).isEmpty();
  }

  @Test
  void update_replacesTheValueOfTheVersionSeen() {
    NsObject first = create(a, "/x", 1);
    NsObject second = b.namespaces.update(first, new byte[] {2});
    assertThat(second.version()).isGreaterThan(first.version());
    assertThat(c.found("/x")).usingRecursiveComparison().isEqualTo(second);
    assertThatThrownBy(() -> c.namespaces.update(first, new byte[] {3}))
        .isInstanceOf(NsException.Stale.class)
        .hasMessage("changed since it was seen: updating: name=/x xid=" + first.xidText());
    assertThat(a.found("/x").value()).containsExactly(2);
  }

  @Test
  void rename_movesNameAndListingAndKeepsTheId() {
    NsObject old = create(a, "/x", 1);
    NsObject renamed = b.namespaces.rename(old, "/y");
    assertThat(renamed.name()).isEqualTo("/y");
    assertThat(c.namespaces.lookup(ROOT, "/x")).isEmpty();
    assertThat(c.found("/y")).usingRecursiveComparison().isEqualTo(renamed);
    assertThat(c.namespaces.nameOf(old.xid())).contains("/y");
    assertThat(names(c)).containsExactly("/y");
    assertThatThrownBy(() -> a.namespaces.rename(old, "/z")).isInstanceOf(NsException.Stale.class);
  }

  @Test
  void rename_overAnExistingName_changesNothing() {
    NsObject x = create(a, "/x", 1);
    create(a, "/y", 2);
    assertThatThrownBy(() -> b.namespaces.rename(x, "/y"))
        .isInstanceOf(NsException.NameTaken.class)
        .hasMessage("name taken: name=/y");
    assertThatThrownBy(() -> b.namespaces.rename(x, "/x"))
        .isInstanceOf(NsException.NameTaken.class)
        .hasMessage("name taken: it is its own: name=/x");
    assertThat(names(c)).containsExactly("/x", "/y");
    assertThat(c.found("/x").value()).containsExactly(1);
  }

  @Test
  void references_takenBeforeAndAfterAChange_areCountedTogether() {
    NsObject x = create(a, "/x", 1);
    NsRef first = c.namespaces.open(x.xid()).orElseThrow();
    b.namespaces.update(x, new byte[] {2});
    NsRef second = c.opened("/x");
    assertThat(second.object().value()).containsExactly(2);
    assertThat(c.namespaces.references(x.xid())).isEqualTo(2);
    first.close();
    first.close();
    assertThat(c.namespaces.references(x.xid())).isEqualTo(1);
    second.close();
    assertThat(c.namespaces.references(x.xid())).isZero();
  }

  @Test
  void references_ofAnObjectThatIsMadeAgainUnderItsId_beginAnew() {
    long xid = a.namespaces.reserveXid();
    for (int time = 1; time <= 2; time++) {
      a.namespaces.create(xid, ROOT, "/x", "test", Lifetime.DURABLE, new byte[] {1});
      NsRef reference = c.namespaces.open(xid).orElseThrow();
      assertThat(c.namespaces.references(xid)).isEqualTo(1);
      c.namespaces.delete(ROOT, "/x");
      assertThatThrownBy(() -> c.namespaces.open(xid)).isInstanceOf(NsException.Draining.class);
      reference.close();
      stage.play(Duration.ofSeconds(2));
      assertThat(c.namespaces.open(xid)).isEmpty();
      assertThat(c.freed).hasSize(time);
    }
  }

  @Test
  void delete_nobodyHoldsIt_isFreedOnAllNodes() {
    NsObject x = create(a, "/x", 1);
    b.namespaces.delete(ROOT, "/x");
    assertThat(peers)
        .allSatisfy(
            peer -> {
              assertThat(peer.namespaces.lookup(ROOT, "/x")).isEmpty();
              assertThat(peer.namespaces.nameOf(x.xid())).isEmpty();
              assertThat(peer.freed).isEmpty();
            });
    stage.play(Duration.ofSeconds(1));
    assertThat(peers)
        .allSatisfy(
            peer -> {
              assertThat(peer.freed).containsExactly(x.xid());
              assertThat(peer.namespaces.lookup(x.xid())).isEmpty();
            });
  }

  /** More than is asked for at once; some cannot be freed. */
  @Test
  void deleteOfMany_freesThemWithoutPauses() {
    int many = 3000;
    List<NsRef> held = new ArrayList<>();
    for (int i = 0; i < many; i++) {
      NsObject x = create(a, "/many/" + i, 1);
      if (i % 100 == 0) {
        held.add(c.namespaces.open(x.xid()).orElseThrow());
      }
    }
    a.namespaces.deleteAll(ROOT, NamePattern.of("/many/*"));
    stage.play(Duration.ofSeconds(1));
    assertThat(b.freed).hasSize(many - held.size());
    held.forEach(NsRef::close);
    stage.play(Duration.ofSeconds(2));
    assertThat(b.freed).hasSize(many);
  }

  @Test
  void delete_whileOpenElsewhere_waitsForTheLastReference() {
    NsObject x = create(a, "/x", 1);
    NsRef one = c.opened("/x");
    NsRef two = c.opened("/x");
    assertThat(c.namespaces.references(x.xid())).isEqualTo(2);
    a.namespaces.delete(ROOT, "/x");
    stage.play(Duration.ofSeconds(2));
    assertThat(a.freed).isEmpty();
    assertThat(a.found(x.xid()).draining()).isTrue();
    assertThatThrownBy(() -> b.namespaces.open(x.xid()))
        .isInstanceOf(NsException.Draining.class)
        .hasMessage("object was deleted: xid=" + x.xidText() + " name=/x");
    assertThat(c.namespaces.open(ROOT, "/x")).isEmpty();
    one.close();
    one.close();
    stage.play(Duration.ofSeconds(2));
    assertThat(a.freed).as("one reference is left").isEmpty();
    two.close();
    stage.play(Duration.ofSeconds(2));
    assertThat(peers).allSatisfy(peer -> assertThat(peer.freed).containsExactly(x.xid()));
    assertThat(b.namespaces.open(x.xid())).isEmpty();
  }

  @Test
  void delete_behindManyThatAreHeldOpen_isFreedAllTheSame() {
    for (int i = 0; i <= 500; i++) {
      NsObject held = create(a, "/held-" + i, 1);
      c.opened("/held-" + i);
      a.namespaces.delete(held);
    }
    NsObject x = create(a, "/x", 1);
    b.namespaces.delete(x);
    stage.play(Duration.ofSeconds(2));
    assertThat(a.freed).containsExactly(x.xid());
  }

  @Test
  void delete_holderDies_isFreedWhenItsSessionEnded() {
    NsObject x = create(a, "/x", 1);
    assertThat(c.namespaces.open(ROOT, "/x")).isPresent();
    a.namespaces.delete(ROOT, "/x");
    c.actor.exit();
    stage.play(Duration.ofSeconds(1));
    assertThat(a.freed).isEmpty();
    stage.play(Duration.ofSeconds(5));
    assertThat(a.freed).containsExactly(x.xid());
  }

  @Test
  void delete_memberJoinsMeanwhile_isAskedTooAndHoldsNothing() {
    NsObject x = create(a, "/x", 1);
    NsRef held = c.opened("/x");
    a.namespaces.delete(ROOT, "/x");
    stage.play(Duration.ofSeconds(1));
    NsPeer d = new NsPeer(stage, "d");
    stage.play(Duration.ofSeconds(2));
    assertThat(a.sessions.view().members()).hasSize(4);
    assertThat(d.found(x.xid()).draining()).isTrue();
    assertThatThrownBy(() -> d.namespaces.open(x.xid())).isInstanceOf(NsException.Draining.class);
    assertThat(a.freed).as("c holds it").isEmpty();

    d.actor.pause();
    held.close();
    stage.play(Duration.ofMillis(500));
    assertThat(a.freed).as("the newcomer has not said that it holds nothing").isEmpty();
    d.actor.resume();
    stage.play(Duration.ofSeconds(5));
    for (NsPeer peer : List.of(a, b, c, d)) {
      assertThat(peer.freed).containsExactly(x.xid());
    }
  }

  @Test
  void delete_ofADeletedObject_leavesTheNewOwnerOfItsNameAlone() {
    NsObject old = create(a, "/x", 1);
    NsRef held = c.opened("/x");
    b.namespaces.delete(old);
    create(b, "/x", 2);
    NsObject deleted = a.found(old.xid());
    assertThat(deleted.draining()).isTrue();
    String text = ": name=/x xid=" + old.xidText();
    assertThatThrownBy(() -> a.namespaces.delete(deleted))
        .isInstanceOf(NsException.Draining.class)
        .hasMessage("object was deleted: deleting" + text);
    assertThatThrownBy(() -> a.namespaces.rename(deleted, "/y"))
        .isInstanceOf(NsException.Draining.class)
        .hasMessage("object was deleted: renaming to /y" + text);
    assertThatThrownBy(() -> a.namespaces.update(deleted, new byte[0]))
        .isInstanceOf(NsException.Draining.class);
    assertThat(c.found("/x").value()).containsExactly(2);
    held.close();
    stage.play(Duration.ofSeconds(1));
    assertThat(c.found("/x").value()).containsExactly(2);
    assertThat(c.freed).containsExactly(old.xid());
  }

  @Test
  void delete_absentOrStale_saysSo() {
    assertThatThrownBy(() -> a.namespaces.delete(ROOT, "/x"))
        .isInstanceOf(NsException.NotFound.class)
        .hasMessage("no such object: name=/x");
    NsObject x = create(a, "/x", 1);
    b.namespaces.update(x, new byte[] {2});
    assertThatThrownBy(() -> a.namespaces.delete(x)).isInstanceOf(NsException.Stale.class);
    assertThat(a.namespaces.lookup(ROOT, "/x")).isPresent();
  }

  @Test
  void putAndDelete_dropsTheReferenceAndDeletesWhatWasOpened() {
    NsObject x = create(a, "/x", 1);
    b.opened("/x").putAndDelete();
    assertThat(a.namespaces.lookup(ROOT, "/x")).isEmpty();
    stage.play(Duration.ofSeconds(1));
    assertThat(a.freed).containsExactly(x.xid());
  }

  /** Whoever has counted before the delete holds the object, and the delete waits for him. */
  @Test
  void open_deletedMeanwhile_holdsItTillItIsClosed() {
    NsObject x = create(a, "/x", 1);
    List<Integer> reads = new ArrayList<>();
    c.whenClockIsRead =
        () -> {
          reads.add(reads.size());
          if (reads.size() == 1) {
            a.namespaces.delete(ROOT, "/x");
            stage.play(Duration.ofSeconds(1));
          }
        };
    NsRef held = c.namespaces.open(ROOT, "/x").orElseThrow();
    c.whenClockIsRead = () -> {};
    assertThat(c.freed).isEmpty();
    assertThat(c.found(x.xid()).draining()).isTrue();
    held.close();
    stage.play(Duration.ofSeconds(1));
    assertThat(c.freed).containsExactly(x.xid());
  }

  /** An update that is under way keeps it from being seen at a glance. */
  @Test
  void open_deletedAndFreedBetweenLookupAndReference_holdsNothing() {
    NsObject x = create(a, "/x", 1);
    stage.whenEntered(() -> {});
    var update = a.namespaces.transaction().update(x, new byte[] {2}).commitAsync();
    stage.deliverAll(_ -> true);
    stage.whenEntered(stage::settle);
    assertThat(c.cells.glance(x.xid())).isSameAs(Cells.UNSETTLED);
    List<Integer> reads = new ArrayList<>();
    c.whenClockIsRead =
        () -> {
          reads.add(reads.size());
          if (reads.size() == 2) {
            a.namespaces.delete(ROOT, "/x");
            stage.play(Duration.ofSeconds(1));
          }
        };
    assertThat(c.namespaces.open(ROOT, "/x")).isEmpty();
    assertThat(update).isCompleted();
    assertThat(reads).isNotEmpty();
    assertThat(c.freed).containsExactly(x.xid());
    assertThat(c.namespaces.references(x.xid())).isZero();
  }

  @Test
  void open_leaseRunsOutMeanwhile_holdsNothing() {
    NsObject x = create(a, "/x", 1);
    List<Integer> reads = new ArrayList<>();
    c.whenClockIsRead =
        () -> {
          reads.add(reads.size());
          if (reads.size() == 1) {
            c.actor.pause();
            stage.pass(Duration.ofSeconds(4));
          }
        };
    assertThatThrownBy(() -> c.namespaces.open(ROOT, "/x"))
        .isInstanceOf(NsException.NotInView.class);
    assertThat(c.namespaces.references(x.xid())).isZero();
  }

  @Test
  void lookup_leaseRunsOutBeforeTheClockIsRead_isRefused() {
    NsObject x = create(a, "/x", 1);
    List<Executable> lookups =
        List.of(
            () -> c.namespaces.lookup(x.xid()),
            () -> c.namespaces.lookup(ROOT, "/x"),
            () -> c.namespaces.lookupAll(new long[] {x.xid(), x.xid()}),
            () -> c.namespaces.lookupAll(ROOT, List.of("/x")));
    c.whenClockIsRead =
        () -> {
          c.actor.pause();
          stage.pass(Duration.ofSeconds(4));
        };
    for (Executable lookup : lookups) {
      assertThatThrownBy(lookup::execute).isInstanceOf(NsException.NotInView.class);
    }
  }

  @Test
  void sessionObject_goesWithItsCreatorAndNotBefore() {
    NsObject mine = c.namespaces.create(ROOT, "/lock", "lock", Lifetime.SESSION, new byte[] {1});
    c.namespaces.create(ROOT, "/kept", "k", Lifetime.DURABLE, new byte[] {1});
    stage.play(Duration.ofSeconds(5));
    assertThat(a.namespaces.lookup(ROOT, "/lock")).isPresent();
    c.actor.exit();
    stage.play(Duration.ofSeconds(5));
    assertThat(a.namespaces.lookup(ROOT, "/lock")).isEmpty();
    assertThat(a.freed).containsExactly(mine.xid());
    assertThat(names(b)).containsExactly("/kept");
  }

  @Test
  void sessionObject_ofARestartedNode_isNotItsSuccessors() {
    c.namespaces.create(ROOT, "/lock", "lock", Lifetime.SESSION, new byte[] {1});
    NsPeer again = new NsPeer(stage, "c");
    stage.play(Duration.ofSeconds(1));
    assertThat(a.namespaces.lookup(ROOT, "/lock")).isEmpty();
    again.namespaces.create(ROOT, "/lock", "lock", Lifetime.SESSION, new byte[] {2});
    stage.play(Duration.ofSeconds(2));
    assertThat(a.found("/lock").value()).containsExactly(2);
  }

  @Test
  void decoded_isSharedUntilTheVersionMoves() {
    NsObject x = create(a, "/x", 1);
    NsObject first = b.found("/x");
    assertThat(b.found(x.xid())).isSameAs(first);
    a.namespaces.update(x, new byte[] {2});
    assertThat(b.found("/x")).isNotSameAs(first);
    assertThat(first.value()).containsExactly(1);
  }

  @Test
  void snapshot_overTheEndOfAnObject_tellsThatItIsFreed() {
    NsObject gone = create(a, "/gone", 1);
    NsObject kept = create(a, "/kept", 1);
    c.actor.pause();
    stage.play(Duration.ofSeconds(5));
    a.namespaces.rename(kept, "/moved");
    a.namespaces.delete(ROOT, "/gone");
    stage.play(Duration.ofSeconds(1));
    assertThat(a.freed).containsExactly(gone.xid());
    c.actor.install(a.actor);
    c.actor.resume();
    stage.play(Duration.ofSeconds(1));
    assertThat(c.freed).containsExactly(gone.xid());
    assertThat(names(c)).containsExactly("/moved");
    assertThat(c.found("/moved").xid()).isEqualTo(kept.xid());
  }

  @Test
  void anything_outsideTheView_isRefused() {
    create(a, "/x", 1);
    c.actor.pause();
    stage.play(Duration.ofSeconds(5));
    assertThatThrownBy(() -> c.namespaces.lookup(ROOT, "/x"))
        .isInstanceOf(NsException.NotInView.class)
        .hasMessageStartingWith("this node is not in the view: reading: key=");
  }

  @Test
  void create_logIsSilent_isIndeterminateAndNamesTheTransaction() {
    a.namespaces.reserveXid();
    stage.whenEntered(
        () -> {
          stage.deliverAll(_ -> true);
          stage.pass(Duration.ofSeconds(16));
        });
    assertThatThrownBy(() -> create(a, "/x", 1))
        .isInstanceOfSatisfying(
            NsException.Indeterminate.class,
            e ->
                assertThat(e.txn().orElseThrow().coordinator())
                    .isEqualTo(a.actor.member().incarnation()))
        .hasMessage("may have happened: creating: name=/x");
    stage.whenEntered(stage::settle);
    stage.play(Duration.ofSeconds(6));
    assertThat(b.namespaces.lookup(ROOT, "/x")).as("and in this case it had").isPresent();
  }

  private static List<String> names(NsPeer at) {
    return at.namespaces.listAll(ROOT, NamePattern.ALL).stream()
        .map(NamePage.Listed::name)
        .toList();
  }
}
