package io.quire.ns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.quire.base.WireReader;
import io.quire.gvm.Transaction;
import io.quire.gvm.Versioned;
import io.quire.ns.NamePage.Listed;
import io.quire.sim.Stage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may do what, on three nodes. */
@Timeout(60)
class AccessTest {
  private static final NsHandle ROOT = NsHandle.ROOT;
  private static final Principal ALICE = new Principal("alice");
  private static final Principal BOB = new Principal("bob@example.com");
  private static final Duration TRY = Duration.ZERO;
  private static final Duration SOON = Duration.ofMillis(50);

  private final Stage stage = new Stage();
  private final List<NsPeer> peers = NsPeer.inView(stage, "a", "b", "c");
  private final NsPeer a = peers.get(0);
  private final NsPeer b = peers.get(1);
  private final NsPeer c = peers.get(2);
  private final NsHandle red = a.namespaces.createNamespace("red", Quota.NONE);

  private NsObject create(NsHandle namespace, String name) {
    return a.namespaces.create(namespace, name, "k", Lifetime.DURABLE, new byte[] {1});
  }

  private static NsException.Forbidden refused(Runnable operation) {
    Throwable thrown = catchThrowable(operation::run);
    assertThat(thrown).isInstanceOf(NsException.Forbidden.class);
    return (NsException.Forbidden) thrown;
  }

  /** Something that needs access to a namespace; the object is there. */
  private interface Operation {
    void run(Namespaces by, NsObject x) throws InterruptedException;
  }

  private record Needs(Access access, Operation operation) {}

  private static Map<String, Needs> operations() {
    Map<String, Needs> all = new LinkedHashMap<>();
    reads().forEach((what, read) -> all.put(what, new Needs(Access.READER, read)));
    writes().forEach((what, write) -> all.put(what, new Needs(Access.WRITER, write)));
    rules().forEach((what, rule) -> all.put(what, new Needs(Access.OWNER, rule)));
    return all;
  }

  private static Map<String, Operation> reads() {
    Map<String, Operation> reads = new LinkedHashMap<>();
    reads.put("lookup by name", (by, x) -> by.lookup(x.namespace(), x.name()));
    reads.put("lookup of nothing", (by, x) -> by.lookup(x.namespace(), "nothing"));
    reads.put("lookup by id", (by, x) -> by.lookup(x.xid()));
    reads.put("lookup of ids", (by, x) -> by.lookupAll(new long[] {x.xid(), 1}));
    reads.put("lookup of names", (by, x) -> by.lookupAll(x.namespace(), List.of(x.name())));
    reads.put("id of a name", (by, x) -> by.xidOf(x.namespace(), x.name()));
    reads.put("name of an id", (by, x) -> by.nameOf(x.xid()));
    reads.put("references", (by, x) -> by.references(x.xid()));
    reads.put("open by name", (by, x) -> by.open(x.namespace(), x.name()).orElseThrow().close());
    reads.put("open by id", (by, x) -> by.open(x.xid()).orElseThrow().close());
    reads.put(
        "open to read",
        (by, x) -> by.open(x.namespace(), x.name(), OpenMode.READ, TRY).orElseThrow().close());
    reads.put("list", (by, x) -> by.list(x.namespace(), NamePattern.ALL, "", 10));
    reads.put("list all", (by, x) -> by.listAll(x.namespace(), NamePattern.ALL));
    reads.put("listing", (by, x) -> by.listing(x.namespace(), NamePattern.ALL).close());
    reads.put("tree", (by, x) -> by.tree(x.namespace(), "", "", 10));
    reads.put("watch a namespace", (by, x) -> by.watch(x.namespace(), NamePattern.ALL).close());
    reads.put(
        "watch from a position",
        (by, x) -> by.watch(x.namespace(), NamePattern.ALL, x.version()).close());
    reads.put("watch an object", (by, x) -> by.watch(x.xid()).close());
    reads.put("history", (by, x) -> by.history(x.xid()).next(1));
    reads.put("history of a version", (by, x) -> by.history(x).next(1));
    reads.put("by id as of a position", (by, x) -> by.at(x.version()).lookup(x.xid()));
    reads.put(
        "by name as of a position", (by, x) -> by.at(x.version()).lookup(x.namespace(), x.name()));
    reads.put("describe", (by, x) -> by.describe(x.namespace()));
    reads.put("usage", (by, x) -> by.usage(x.namespace()));
    reads.put("require to be as seen", (by, x) -> by.transaction().unchanged(x).commit());
    reads.put("require access", (by, x) -> by.require(x.namespace(), Access.READER));
    return reads;
  }

  private static Map<String, Operation> writes() {
    byte[] value = {2};
    Map<String, Operation> writes = new LinkedHashMap<>();
    writes.put("create", (by, x) -> by.create(x.namespace(), "new", "k", Lifetime.SESSION, value));
    writes.put(
        "create many",
        (by, x) ->
            assertThat(by.createAll(x.namespace(), List.of(new NewObject("many", "k", value))))
                .singleElement()
                .isInstanceOf(Created.Made.class));
    writes.put("update", (by, x) -> by.update(x, value));
    writes.put("rename", (by, x) -> by.rename(x, "renamed"));
    writes.put("move away", (by, x) -> by.transaction().move(x, ROOT, x.name()).commit());
    writes.put(
        "two at once",
        (by, x) ->
            by.transaction()
                .create(ROOT, "two", "k", Lifetime.DURABLE, value)
                .update(x, value)
                .commit());
    writes.put("delete by name", (by, x) -> by.delete(x.namespace(), x.name()));
    writes.put("delete as seen", (by, x) -> by.delete(x));
    writes.put(
        "delete by pattern", (by, x) -> by.deleteAll(x.namespace(), NamePattern.of(x.name())));
    writes.put("delete by a pattern of nothing", (by, x) -> deleteNothing(by, x));
    writes.put(
        "delete what was listed",
        (by, x) -> by.delete(x.namespace(), List.of(new Listed(x.name(), x.xid()))));
    writes.put(
        "open to write", (by, x) -> by.open(x.xid(), OpenMode.WRITE, TRY).orElseThrow().close());
    writes.put(
        "update what is open",
        (by, x) -> {
          try (NsOpen open = by.open(x.xid(), OpenMode.WRITE_BESIDE, TRY).orElseThrow()) {
            open.update(x, value);
          }
        });
    return writes;
  }

  private static void deleteNothing(Namespaces by, NsObject x) {
    assertThat(by.deleteAll(x.namespace(), NamePattern.of("nothing"))).isZero();
  }

  private static Map<String, Operation> rules() {
    Map<String, Operation> rules = new LinkedHashMap<>();
    rules.put("look at access", (by, x) -> by.access(x.namespace()));
    rules.put("give access", (by, x) -> by.grant(x.namespace(), BOB, Access.READER));
    rules.put("take access", (by, x) -> by.revoke(x.namespace(), BOB));
    rules.put("give others access", (by, x) -> by.grantOthers(x.namespace(), Access.NONE));
    rules.put("limit", (by, x) -> by.limit(x.namespace(), new Quota(1_000, 1_000)));
    rules.put("destroy", (by, x) -> by.destroyNamespace(x.namespace()));
    return rules;
  }

  @ParameterizedTest
  @EnumSource(Access.class)
  void eachOperation_isDoneByWhoMayAndRefusedOthers(Access has) {
    for (var entry : operations().entrySet()) {
      Needs needs = entry.getValue();
      NsHandle space = a.namespaces.createNamespace();
      a.namespaces.grant(space, ALICE, has);
      NsObject x = create(space, "x" + space.text());
      AccessList access = a.namespaces.access(space);
      NamespaceInfo info = a.namespaces.describe(space).orElseThrow();
      Throwable thrown = catchThrowable(() -> needs.operation().run(b.namespaces.as(ALICE), x));
      if (has.allows(needs.access())) {
        assertThat(thrown).as(entry.getKey()).isNull();
        continue;
      }
      assertThat(thrown).as(entry.getKey()).isInstanceOf(NsException.Forbidden.class);
      NsException.Forbidden refused = (NsException.Forbidden) thrown;
      assertThat(refused.principal()).isEqualTo(ALICE);
      assertThat(refused.namespace()).isEqualTo(space);
      assertThat(refused.has()).isEqualTo(has);
      assertThat(has.allows(refused.wants())).isFalse();
      assertThat(needs.access().allows(refused.wants())).isTrue();
      assertThat(refused)
          .hasMessageEndingWith(
              ": principal=alice namespace=%s has=%s wants=%s"
                  .formatted(space.text(), has, refused.wants()));
      stage.settle();
      assertThat(c.namespaces.lookup(x.xid())).as(entry.getKey()).contains(x);
      assertThat(c.namespaces.listAll(space, NamePattern.ALL)).hasSize(1);
      assertThat(c.namespaces.lookup(ROOT, "two").isPresent())
          .as(entry.getKey())
          .isEqualTo(has.allows(Access.WRITER));
      assertThat(c.namespaces.access(space)).isEqualTo(access);
      assertThat(c.namespaces.describe(space)).contains(info);
      assertThat(b.namespaces.references(x.xid())).isZero();
      b.namespaces.open(x.xid(), OpenMode.WRITE, TRY).orElseThrow().close();
    }
  }

  @Test
  void newNamespace_isItsCreatorsAlone_andTheNodesMayEverything() {
    NsHandle blue = b.namespaces.as(ALICE).createNamespace("blue", Quota.NONE);
    assertThat(c.namespaces.as(ALICE).access(blue))
        .isEqualTo(new AccessList(AccessList.of(ALICE).granted(), Access.NONE));
    assertThat(refused(() -> c.namespaces.as(BOB).lookup(blue, "x")))
        .hasMessage(
            "not allowed: reading: principal=bob@example.com namespace="
                + blue.text()
                + " has=NONE wants=READER");
    assertThat(a.namespaces.access(red)).isEqualTo(AccessList.of(new Principal("a")));
    assertThat(a.namespaces.principal()).isEqualTo(new Principal("a"));
    assertThat(c.namespaces.as(BOB).principal()).isEqualTo(BOB);
    c.namespaces.create(blue, "x", "k", Lifetime.DURABLE, new byte[1]);
    c.namespaces.destroyNamespace(blue);
  }

  @Test
  void root_isOpenToAllUntilSomebodyIsNamed_andOnlyTheNodesCloseIt() {
    Namespaces alice = b.namespaces.as(ALICE);
    assertThat(a.namespaces.access(ROOT)).isEqualTo(AccessList.OPEN);
    NsObject x = alice.create(ROOT, "x", "k", Lifetime.DURABLE, new byte[1]);
    assertThat(refused(() -> alice.grant(ROOT, ALICE, Access.OWNER)).has())
        .isEqualTo(Access.WRITER);
    c.namespaces.grant(ROOT, BOB, Access.OWNER);
    assertThat(alice.lookup(ROOT, "x")).contains(x);
    b.namespaces.as(BOB).grantOthers(ROOT, Access.READER);
    assertThat(alice.lookup(ROOT, "x")).contains(x);
    assertThat(refused(() -> alice.delete(x)).wants()).isEqualTo(Access.WRITER);
    assertThat(refused(alice::createNamespace).namespace()).isEqualTo(ROOT);
    assertThat(alice.listNamespaces(NamePattern.ALL, "", 9).names()).hasSize(1);
    a.namespaces.grantOthers(ROOT, Access.NONE);
    refused(() -> alice.listNamespaces(NamePattern.ALL, "", 9));
    assertThat(alice.namespace("red")).contains(red);
    assertThat(a.namespaces.describe(ROOT)).isEmpty();
    NsHandle blue = c.namespaces.as(BOB).createNamespace();
    assertThat(c.namespaces.access(blue)).isEqualTo(AccessList.of(BOB));
    NsPeer restored = new NsPeer(stage, "d");
    restored.actor.install(a.actor);
    stage.play(Duration.ofSeconds(1));
    assertThat(restored.namespaces.access(ROOT)).isEqualTo(a.namespaces.access(ROOT));
    refused(() -> restored.namespaces.as(ALICE).lookup(ROOT, "x"));
    assertThat(restored.namespaces.usage(ROOT)).isEqualTo(new Usage(1, 1));
  }

  @Test
  void revoke_thatHasReturned_holdsOnEveryNode() {
    NsObject x = create(red, "x");
    a.namespaces.grant(red, ALICE, Access.WRITER);
    List<Namespaces> alices = peers.stream().map(peer -> peer.namespaces.as(ALICE)).toList();
    alices.forEach(alice -> assertThat(alice.lookup(red, "x")).contains(x));
    b.namespaces.revoke(red, ALICE);
    for (Namespaces alice : alices) {
      refused(() -> alice.lookup(red, "x"));
      refused(() -> alice.update(x, new byte[] {2}));
    }
    b.namespaces.grantOthers(red, Access.READER);
    assertThat(alices.getLast().lookup(red, "x")).contains(x);
    c.namespaces.grant(red, ALICE, Access.NONE);
    assertThat(refused(() -> alices.getFirst().lookup(red, "x")).has()).isEqualTo(Access.NONE);
    assertThat(b.namespaces.as(BOB).lookup(red, "x")).contains(x);
  }

  /** What is written after somebody lost access is not shown to him, though he asked before. */
  @Test
  void read_whileAccessIsTaken_isRefused() {
    NsObject x = create(red, "x");
    a.namespaces.grant(red, ALICE, Access.READER);
    Namespaces alice = b.namespaces.as(ALICE);
    boolean[] raced = {false};
    b.whenClockIsRead =
        () -> {
          if (!raced[0]) {
            raced[0] = true;
            a.namespaces.revoke(red, ALICE);
          }
        };
    refused(() -> alice.open(red, "x"));
    assertThat(raced[0]).isTrue();
    assertThat(b.namespaces.references(x.xid())).isZero();
  }

  /** Both are under way at once, and the change of access comes first in the log. */
  @Test
  void write_thatStandsBehindTheLossOfAccess_doesNotHappen() {
    NsObject x = create(red, "x");
    a.namespaces.grant(red, ALICE, Access.WRITER);
    Namespaces alice = b.namespaces.as(ALICE);
    byte[] without = cell(red).with(AccessList.of(BOB)).value();
    stage.whenEntered(() -> {});
    var revoked =
        a.cells.commit(
            Transaction.begin().put(NamespaceCodec.key(red.id()), without).build(), SOON);
    var written = alice.transaction().update(x, new byte[] {2}).commitAsync();
    assertThat(stage.letters(letter -> letter.from() == b.actor)).as("it was sent").isNotEmpty();
    stage.whenEntered(stage::settle);
    stage.settle();
    assertThat(revoked).isCompleted();
    assertThatThrownBy(written::join)
        .isInstanceOf(CompletionException.class)
        .hasCauseInstanceOf(NsException.Forbidden.class);
    assertThat(c.namespaces.lookup(red, "x")).contains(x);
  }

  /** The cell of the namespace changes, but not so that it matters: the write is tried again. */
  @Test
  void write_whileTheQuotaChanges_happens() {
    NsObject x = create(red, "x");
    a.namespaces.grant(red, ALICE, Access.WRITER);
    Namespaces alice = b.namespaces.as(ALICE);
    byte[] limited = cell(red).limited(new Quota(5, 5)).value();
    stage.whenEntered(() -> {});
    var limiting =
        a.cells.commit(
            Transaction.begin().put(NamespaceCodec.key(red.id()), limited).build(), SOON);
    var written = alice.transaction().update(x, new byte[] {2}).commitAsync();
    assertThat(stage.letters(letter -> letter.from() == b.actor)).as("it was sent").isNotEmpty();
    stage.whenEntered(stage::settle);
    stage.settle();
    assertThat(limiting).isCompleted();
    assertThat(written.join().getFirst().version())
        .isGreaterThan(c.namespaces.describe(red).orElseThrow().version());
    assertThat(c.namespaces.lookup(red, "x").orElseThrow().value()).containsExactly(2);
    assertThat(refused(() -> b.namespaces.as(BOB).lookup(red, "x")).has()).isEqualTo(Access.NONE);
  }

  private NamespaceCell cell(NsHandle namespace) {
    Versioned cell = a.cells.read(NamespaceCodec.key(namespace.id()), SOON);
    return (NamespaceCell) Objects.requireNonNull(cell);
  }

  @Test
  void move_needsBothNamespaces() {
    NsHandle blue = a.namespaces.createNamespace("blue", Quota.NONE);
    NsObject x = create(red, "x");
    Namespaces alice = b.namespaces.as(ALICE);
    a.namespaces.grant(red, ALICE, Access.WRITER);
    a.namespaces.grant(blue, ALICE, Access.READER);
    NsException.Forbidden refused = refused(() -> alice.transaction().move(x, blue, "x").commit());
    assertThat(refused.namespace()).isEqualTo(blue);
    assertThat(c.namespaces.lookup(red, "x")).contains(x);
    a.namespaces.grant(blue, ALICE, Access.WRITER);
    NsObject moved = alice.transaction().move(x, blue, "x").commit().getFirst();
    a.namespaces.grant(blue, ALICE, Access.READER);
    assertThat(refused(() -> alice.transaction().move(moved, red, "x").commit()).namespace())
        .isEqualTo(blue);
  }

  /** An object says itself where it is; whoever makes one up gets nowhere with it. */
  @Test
  void objectThatIsMadeUp_opensNoNamespace() {
    NsHandle mine = b.namespaces.as(ALICE).createNamespace();
    Namespaces alice = b.namespaces.as(ALICE);
    NsObject x = create(red, "x");
    create(red, "y");
    byte[] value = {7};
    for (NsObject madeUp :
        List.of(
            x.withName(mine, "x"),
            x.withName(mine, "y"),
            x.withName(mine, "x").at(x.version() + 1))) {
      for (NsTransaction change :
          List.of(
              alice.transaction().update(madeUp, value),
              alice.transaction().delete(madeUp),
              alice.transaction().rename(madeUp, "z"),
              alice.transaction().unchanged(madeUp))) {
        assertThatThrownBy(change::commit)
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageStartingWith("no such version of the object: found=");
      }
      assertThatThrownBy(() -> alice.history(madeUp))
          .isInstanceOfAny(IllegalArgumentException.class, IllegalStateException.class);
    }
    assertThatThrownBy(
            () -> alice.transaction().update(x.withName(mine, "x").at(1), value).commit())
        .isInstanceOf(NsException.Stale.class);
    assertThat(c.namespaces.lookup(red, "x")).contains(x);
    assertThat(refused(() -> alice.delete(mine, List.of(new Listed("x", x.xid())))).namespace())
        .isEqualTo(red);
    assertThatThrownBy(() -> alice.as(BOB))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("only for the node itself: acting for another: principal=alice");
    assertThatThrownBy(() -> alice.onFreed(_ -> {})).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void whatWasBegun_endsWithTheAccess() throws InterruptedException {
    a.namespaces.grant(red, ALICE, Access.WRITER);
    NsObject x = create(red, "x");
    create(red, "y");
    Namespaces alice = b.namespaces.as(ALICE);
    try (NsListing listing = alice.listing(red, NamePattern.ALL);
        NsWatch watch = alice.watch(red, NamePattern.ALL);
        NsWatch ofOne = alice.watch(x.xid());
        NsRef reference = alice.open(red, "y").orElseThrow();
        NsOpen open = alice.open(x.xid(), OpenMode.WRITE_BESIDE, TRY).orElseThrow()) {
      assertThat(listing.next(1).names()).hasSize(1);
      ObjectHistory history = alice.history(x.xid());
      a.namespaces.revoke(red, ALICE);
      NsObject newer = a.namespaces.update(x, new byte[] {2});
      refused(() -> listing.next(1));
      assertThatThrownBy(() -> watch.next(SOON)).isInstanceOf(NsException.Forbidden.class);
      assertThatThrownBy(() -> ofOne.next(SOON)).isInstanceOf(NsException.Forbidden.class);
      refused(() -> history.next(9));
      refused(open::object);
      refused(() -> open.update(newer, new byte[] {3}));
      refused(() -> open.convert(OpenMode.WRITE, TRY));
      refused(reference::putAndDelete);
      a.namespaces.grant(red, ALICE, Access.READER);
      assertThat(watch.next(SOON)).as("passed over").isEmpty();
      assertThat(open.object()).isEqualTo(newer);
      refused(() -> open.update(newer, new byte[] {3}));
      assertThat(history.next(9)).hasSize(1);
    }
    assertThat(c.namespaces.lookup(red, "y")).isPresent();
  }

  /** Each is shown where it is now, and was, to who may look there. */
  @Test
  void objectThatMoves_isShownWhereItMayBeSeen() throws InterruptedException {
    NsHandle blue = a.namespaces.createNamespace("blue", Quota.NONE);
    a.namespaces.grant(red, ALICE, Access.READER);
    Namespaces alice = b.namespaces.as(ALICE);
    NsObject x = create(red, "x");
    try (NsWatch watch = alice.watch(red, NamePattern.ALL)) {
      NsObject moved = a.namespaces.transaction().move(x, blue, "x").commit().getFirst();
      NsObject secret = a.namespaces.update(moved, new byte[] {7});
      NsObject back = a.namespaces.transaction().move(secret, red, "x").commit().getFirst();
      assertThatThrownBy(() -> watch.next(SOON))
          .isInstanceOfSatisfying(
              NsException.Forbidden.class,
              refused -> assertThat(refused.namespace()).isEqualTo(blue));
      assertThatThrownBy(() -> watch.next(SOON)).isInstanceOf(NsException.Forbidden.class);
      ObjectHistory history = alice.history(back.xid());
      assertThat(history.next(9)).extracting(ObjectVersion::position).containsOnly(back.version());
      assertThat(refused(() -> history.next(9)).namespace()).isEqualTo(blue);
      refused(() -> alice.at(secret.version()).lookup(x.xid()));
      assertThat(alice.at(back.version()).lookup(x.xid())).contains(back);
      a.namespaces.grant(blue, ALICE, Access.READER);
      assertThat(history.next(9)).hasSize(3);
    }
  }

  @Test
  void handles_areOfWhoOpened() {
    a.namespaces.grant(red, ALICE, Access.WRITER);
    a.namespaces.grant(red, BOB, Access.WRITER);
    NsObject x = create(red, "x");
    Namespaces alice = b.namespaces.as(ALICE);
    try (NsOpen open = alice.open(x.xid(), OpenMode.READ_BESIDE, TRY).orElseThrow();
        NsOpen nodes = b.namespaces.open(x.xid(), OpenMode.READ_BESIDE, TRY).orElseThrow()) {
      assertThat(b.namespaces.as(ALICE).opened(open.number())).isSameAs(open);
      assertThat(b.namespaces.opened(open.number())).isSameAs(open);
      assertThatThrownBy(() -> b.namespaces.as(BOB).opened(open.number()))
          .isInstanceOf(NsException.UnknownHandle.class)
          .hasMessage(
              "opened by another: number=%d principal=bob@example.com".formatted(open.number()));
      assertThatThrownBy(() -> alice.opened(nodes.number()))
          .isInstanceOf(NsException.UnknownHandle.class);
    }
  }

  /** That it was opened is noted though who opened it may not write. */
  @Test
  void untilClosed_openedByAReader_goesWithItsLastClose() {
    a.namespaces.grant(red, ALICE, Access.READER);
    NsObject x = a.namespaces.create(red, "x", "k", Lifetime.UNTIL_CLOSED, new byte[1]);
    b.namespaces.as(ALICE).open(red, "x", OpenMode.READ, TRY).orElseThrow().close();
    stage.play(Duration.ofSeconds(1));
    assertThat(c.namespaces.lookup(red, "x")).isEmpty();
    assertThat(c.freed).containsExactly(x.xid());
  }

  @Test
  void destroy_byAnOwner_takesAllObjects() {
    NsHandle mine = b.namespaces.as(ALICE).createNamespace("mine", Quota.NONE);
    Namespaces alice = c.namespaces.as(ALICE);
    List<NewObject> many =
        IntStream.range(0, 400)
            .mapToObj(i -> new NewObject("n" + i, "k", Lifetime.SESSION, new byte[0]))
            .toList();
    assertThat(alice.createAll(mine, many)).hasOnlyElementsOfType(Created.Made.class);
    alice.destroyNamespace(mine);
    assertThat(a.namespaces.usage(mine)).isEqualTo(new Usage(0, 0));
    assertThat(a.namespaces.namespace("mine")).isEmpty();
    assertThatThrownBy(() -> alice.lookup(mine, "n1"))
        .isInstanceOf(NsException.NotFound.class)
        .hasMessage("no such namespace: reading: namespace=" + mine.text());
    assertThatThrownBy(() -> alice.create(mine, "x", "k", Lifetime.DURABLE, new byte[0]))
        .isInstanceOf(NsException.NotFound.class);
    assertThatThrownBy(() -> a.namespaces.grant(mine, BOB, Access.READER))
        .isInstanceOf(NsException.NotFound.class);
    assertThat(alice.describe(new NsHandle(77))).isEmpty();
  }

  @Test
  void grant_toMoreThanTheListHolds_isRefused() {
    for (int i = 0; i < AccessList.ENTRIES_MAX - 1; i++) {
      peers.get(i % 3).namespaces.grant(red, new Principal("p" + i), Access.READER);
    }
    AccessList full = c.namespaces.access(red);
    assertThat(full.granted()).hasSize(AccessList.ENTRIES_MAX);
    assertThatThrownBy(() -> b.namespaces.grant(red, ALICE, Access.READER))
        .isInstanceOf(NsException.Refused.class)
        .hasMessage(
            "access list is full: namespace=%s principal=alice max=64".formatted(red.text()));
    assertThat(c.namespaces.access(red)).isEqualTo(full);
    b.namespaces.grant(red, new Principal("p7"), Access.WRITER);
    b.namespaces.revoke(red, new Principal("p8"));
    b.namespaces.grant(red, ALICE, Access.READER);
    assertThat(c.namespaces.access(red).accessOf(new Principal("p7"))).isEqualTo(Access.WRITER);
  }

  @Test
  void grant_thatChangesNothing_writesNothing() {
    a.namespaces.grant(red, ALICE, Access.READER);
    long version = b.namespaces.describe(red).orElseThrow().version();
    b.namespaces.grant(red, ALICE, Access.READER);
    b.namespaces.revoke(red, BOB);
    assertThat(c.namespaces.describe(red).orElseThrow().version()).isEqualTo(version);
    b.namespaces.limit(red, new Quota(3, 4));
    assertThat(c.namespaces.access(red).accessOf(ALICE)).isEqualTo(Access.READER);
  }

  @Test
  void outsideTheView_nothingIsGiven() {
    a.namespaces.grant(red, ALICE, Access.READER);
    NsObject x = create(red, "x");
    Namespaces alice = c.namespaces.as(ALICE);
    c.actor.pause();
    stage.play(Duration.ofSeconds(5));
    c.actor.resume();
    assertThatThrownBy(() -> alice.at(x.version()).lookup(x.xid()))
        .isInstanceOf(NsException.NotInView.class);
    assertThat(c.namespaces.at(x.version()).lookup(x.xid())).contains(x);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "*", "a=b", "a b", "-a", "ä", "a,b"})
  void principal_thatIsNoName_isRefused(String name) {
    assertThatThrownBy(() -> new Principal(name))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("not a principal: name=" + name + " allowed=");
    assertThatThrownBy(() -> new Principal("a".repeat(65)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void cell_hasItsLayoutAndComesBack() {
    NamespaceInfo info =
        new NamespaceInfo(new NsHandle(7), Optional.of("red"), 5, 6, new Quota(1, 2), 9);
    String shared =
        "0500000000000000"
            + "0600000000000000"
            + "0100000000000000"
            + "0200000000000000"
            + "03000000"
            + "726564";
    String withList = "01" + "02000000" + "01000000" + "61" + "03" + "01000000" + "62" + "00";
    AccessList list =
        new AccessList(AccessList.of(new Principal("a")).granted(), Access.READER)
            .with(new Principal("b"), Access.NONE);
    byte[] bytes = NamespaceCodec.write(info, Optional.of(list));
    assertThat(HexFormat.of().formatHex(bytes)).isEqualTo("02" + shared + withList);
    NamespaceCell read = NamespaceCodec.read(7, bytes, 9);
    assertThat(read.info()).isEqualTo(info);
    assertThat(read.access()).isEqualTo(list);
    assertThat(read.value()).isEqualTo(bytes);

    byte[] old = HexFormat.of().parseHex("01" + shared);
    assertThat(NamespaceCodec.read(7, old, 9).access()).isEqualTo(AccessList.OPEN);
    assertThat(NamespaceCodec.read(7, old, 9).value()).isEqualTo(old);

    List<String> bad = new ArrayList<>();
    bad.add("03" + shared + withList);
    bad.add("02" + shared);
    bad.add("02" + shared + "04" + withList.substring(2));
    bad.add("02" + shared + "01" + "01000000" + "01000000" + "2a" + "01");
    bad.add("02" + shared + "01" + "01000000" + "01000000" + "61" + "04");
    bad.add(
        "02" + shared + "01" + "02000000" + "01000000" + "62" + "01" + "01000000" + "61" + "01");
    bad.add("02" + shared + withList + "00");
    for (String each : bad) {
      assertThatThrownBy(() -> NamespaceCodec.read(7, HexFormat.of().parseHex(each), 9))
          .as(each)
          .isInstanceOf(WireReader.MalformedException.class);
    }
  }

  /** A later build may write a form that this one does not know. */
  @Test
  void cellThatCannotBeRead_letsNobodyIn_andKeepsTheObjects() {
    NsObject x = create(red, "x");
    byte[] unknown = cell(red).value();
    unknown[0] = 99;
    var written =
        a.cells.commit(
            Transaction.begin().put(NamespaceCodec.key(red.id()), unknown).build(),
            Duration.ofSeconds(1));
    stage.settle();
    assertThat(written).isCompleted();
    assertThat(refused(() -> b.namespaces.as(new Principal("a")).lookup(red, "x")).has())
        .isEqualTo(Access.NONE);
    stage.play(Duration.ofSeconds(2));
    assertThat(b.namespaces.lookup(red, "x")).contains(x);
  }

  /** One that was made before there were lists. */
  @Test
  void namespaceWithoutAList_isOpenToWritersUntilItHasOne() {
    byte[] old = NamespaceCodec.write(cell(red).info(), Optional.empty());
    var written =
        a.cells.commit(
            Transaction.begin().put(NamespaceCodec.key(red.id()), old).build(),
            Duration.ofSeconds(1));
    stage.settle();
    assertThat(written).isCompleted();
    Namespaces alice = b.namespaces.as(ALICE);
    NsObject x = alice.create(red, "x", "k", Lifetime.DURABLE, new byte[1]);
    assertThat(refused(() -> alice.destroyNamespace(red)).has()).isEqualTo(Access.WRITER);
    c.namespaces.limit(red, new Quota(9, 9));
    assertThat(cell(red).value()[0]).as("the old form").isEqualTo((byte) 1);
    c.namespaces.grant(red, BOB, Access.OWNER);
    assertThat(cell(red).value()[0]).isEqualTo((byte) 2);
    alice.update(x, new byte[] {2});
    b.namespaces.as(BOB).grantOthers(red, Access.NONE);
    refused(() -> alice.lookup(red, "x"));
  }
}
