package io.quire.ns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Transport;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.ns.ReferenceReport.Silent;
import io.quire.ns.ReferenceReport.Told;
import io.quire.sim.Letter;
import io.quire.sim.Stage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who holds what, asked on three nodes. */
@Timeout(60)
class CensusTest {
  private static final NsHandle ROOT = NsHandle.ROOT;
  private static final Duration SOON = Duration.ofSeconds(5);

  private final Stage stage = new Stage();
  private final List<NsPeer> peers = NsPeer.inView(stage, "a", "b", "c");
  private final NsPeer a = peers.get(0);
  private final NsPeer b = peers.get(1);
  private final NsPeer c = peers.get(2);

  private NsObject create(String name) {
    return a.namespaces.create(ROOT, name, "k", Lifetime.DURABLE, new byte[] {1});
  }

  /** What each node said, by its name; it must have said something. */
  private static Map<String, Told> told(ReferenceReport report) {
    assertThat(report.complete()).isTrue();
    Map<String, Told> told = new TreeMap<>();
    report
        .nodes()
        .forEach(
            node -> {
              if (node instanceof Told one) {
                told.put(one.member().node().name(), one);
              }
            });
    return told;
  }

  private Map<String, Told> ask(NsPeer by, String name) {
    return told(by.namespaces.references(ROOT, name, SOON));
  }

  private static Told of(Map<String, Told> told, String node) {
    Told found = told.get(node);
    assertThat(found).as(node).isNotNull();
    return Objects.requireNonNull(found);
  }

  private static boolean census(Letter letter) {
    return letter.channel() == Transport.Channel.REFERENCES
        && (letter.message()[0] == Census.QUESTION || letter.message()[0] == Census.ANSWER);
  }

  /** Says where it is called, as a holder's place says it. */
  private static String here() {
    StackTraceElement caller = new Throwable().getStackTrace()[1];
    return "%s.%s:%d"
        .formatted(caller.getClassName(), caller.getMethodName(), caller.getLineNumber());
  }

  @Test
  void references_ofAllNodes_saysHowManyAndWhoAndWhere() {
    NsObject x = create("x");
    create("y");
    long since = a.actor.clock().wallMillis();
    NsRef plain = a.opened("x");
    String place = here();
    NsRef labelled = b.namespaces.open(ROOT, "x", "the indexer").orElseThrow();
    NsRef byId = b.namespaces.open(x.xid(), "äöü").orElseThrow();
    stage.play(Duration.ofSeconds(1));
    for (NsPeer peer : peers) {
      Map<String, Told> told = ask(peer, "x");
      assertThat(told).containsOnlyKeys("a", "b", "c");
      assertThat(of(told, "a").references()).isEqualTo(1);
      assertThat(of(told, "a").holders()).as("taken without a label").isEmpty();
      assertThat(of(told, "b").references()).isEqualTo(2);
      assertThat(of(told, "b").holders())
          .extracting(Holder::label)
          .containsExactly("the indexer", "äöü");
      Holder indexer = of(told, "b").holders().getFirst();
      assertThat(lineAfter(place)).isEqualTo(indexer.place());
      assertThat(indexer.since()).isEqualTo(since);
      assertThat(indexer.mode()).isEmpty();
      assertThat(indexer.waits()).isFalse();
      assertThat(of(told, "c").references()).isZero();
      assertThat(of(told, "c").truncated()).isFalse();
      assertThat(of(ask(peer, "y"), "b").references()).isZero();
    }
    plain.close();
    labelled.close();
    labelled.close();
    Told left = of(ask(c, "x"), "b");
    assertThat(left.references()).isEqualTo(1);
    assertThat(left.holders()).extracting(Holder::label).containsExactly("äöü");
    byId.close();
    assertThat(of(ask(c, "x"), "b").holders()).isEmpty();
    assertThat(b.namespaces.references(x.xid())).isZero();
  }

  private static String lineAfter(String place) {
    int colon = place.lastIndexOf(':');
    return place.substring(0, colon + 1) + (Integer.parseInt(place.substring(colon + 1)) + 1);
  }

  @Test
  void references_ofAnObjectThatWasDeleted_areToldById() {
    NsObject x = create("x");
    NsRef held = c.namespaces.open(ROOT, "x", "who forgot it").orElseThrow();
    a.namespaces.delete(ROOT, "x");
    ReferenceReport report = a.namespaces.references(x.xid(), SOON);
    assertThat(report.object().draining()).isTrue();
    assertThat(of(told(report), "c").holders())
        .extracting(Holder::label)
        .containsExactly("who forgot it");
    held.close();
    stage.play(Duration.ofSeconds(1));
    assertThatThrownBy(() -> a.namespaces.references(x.xid(), SOON))
        .isInstanceOf(NsException.NotFound.class)
        .hasMessage("no such object: xid=" + x.xidText());
    assertThatThrownBy(() -> a.namespaces.references(ROOT, "x", SOON))
        .isInstanceOf(NsException.NotFound.class)
        .hasMessage("no such object: name=x");
  }

  @Test
  void references_inModes_sayWhichAndWhoWaits() {
    NsObject x = create("x");
    NsOpen reader =
        a.namespaces.open(ROOT, "x", OpenMode.READ, Duration.ZERO, "reader").orElseThrow();
    NsOpen byId = b.namespaces.open(x.xid(), OpenMode.READ, Duration.ZERO, "by id").orElseThrow();
    NsOpen unnamed = c.namespaces.open(ROOT, "x", OpenMode.READ, Duration.ZERO).orElseThrow();
    Map<String, Told> open = ask(b, "x");
    Holder first = of(open, "a").holders().getFirst();
    assertThat(first.label()).isEqualTo("reader");
    assertThat(first.mode()).contains(OpenMode.READ);
    assertThat(first.waits()).isFalse();
    assertThat(first.place()).startsWith("io.quire.ns.CensusTest.references_inModes_");
    assertThat(of(open, "b").holders()).extracting(Holder::label).containsExactly("by id");
    assertThat(of(open, "c").holders())
        .extracting(Holder::label)
        .containsExactly(Thread.currentThread().getName());
    assertThat(of(open, "c").references()).isEqualTo(1);
    byId.close();
    unnamed.close();
    stage.settle();
    reader.convert(OpenMode.WRITE_BESIDE, SOON);
    assertThat(of(ask(b, "x"), "a").holders().getFirst().mode()).contains(OpenMode.WRITE_BESIDE);

    List<Told> seen = new ArrayList<>();
    stage.whenEntered(
        () -> {
          // While b waits, a node asks; the stage settles again when that enters its loop.
          stage.whenEntered(stage::settle);
          stage.settle();
          seen.add(of(ask(c, "x"), "b"));
          reader.close();
          stage.settle();
        });
    NsOpen writer = b.namespaces.open(ROOT, "x", OpenMode.WRITE, SOON, "writer").orElseThrow();
    Holder waiting = seen.getFirst().holders().getFirst();
    assertThat(waiting.label()).isEqualTo("writer");
    assertThat(waiting.mode()).contains(OpenMode.WRITE);
    assertThat(waiting.waits()).isTrue();
    assertThat(of(ask(c, "x"), "b").holders().getFirst().waits()).isFalse();
    assertThat(of(ask(c, "x"), "a").references()).isZero();
    writer.close();
  }

  @Test
  void references_ofAnOpenThatWasDenied_areGone() {
    NsObject x = create("x");
    NsOpen writer = a.namespaces.open(ROOT, "x", OpenMode.WRITE, Duration.ZERO).orElseThrow();
    assertThatThrownBy(() -> b.namespaces.open(ROOT, "x", OpenMode.READ, Duration.ZERO, "late"))
        .isInstanceOf(NsException.Denied.class);
    Told told = of(ask(c, "x"), "b");
    assertThat(told.references()).isZero();
    assertThat(told.holders()).isEmpty();
    writer.close();
    assertThat(a.namespaces.references(x.xid())).isZero();
  }

  /** A mode that was lost is none, and the reference stays until it is closed. */
  @Test
  void references_ofAModeThatWasLost_haveNone() {
    create("x");
    NsOpen lost = c.namespaces.open(ROOT, "x", OpenMode.WRITE, Duration.ZERO, "lost").orElseThrow();
    c.actor.pause();
    stage.play(Duration.ofSeconds(5));
    c.actor.resume();
    stage.play(Duration.ofSeconds(2));
    Holder holder = of(ask(a, "x"), "c").holders().getFirst();
    assertThat(holder.label()).isEqualTo("lost");
    assertThat(holder.mode()).isEmpty();
    assertThat(holder.waits()).isFalse();
    lost.close();
    assertThat(of(ask(a, "x"), "c").references()).isZero();
  }

  @Test
  void trackReferences_knowsThoseThatAreTakenFromThenOn() {
    create("x");
    NsRef before = a.opened("x");
    a.namespaces.trackReferences(true);
    NsRef known = a.opened("x");
    NsRef byId = a.namespaces.open(a.found("x").xid()).orElseThrow();
    assertThat(a.namespaces.open(ROOT, "none")).isEmpty();
    a.namespaces.trackReferences(false);
    NsRef after = a.opened("x");
    Told told = of(ask(b, "x"), "a");
    assertThat(told.references()).isEqualTo(4);
    assertThat(told.holders())
        .hasSize(2)
        .allMatch(holder -> holder.label().equals(Thread.currentThread().getName()));
    assertThat(told.holders().getFirst().place()).startsWith("io.quire.ns.NsPeer.opened:");
    assertThat(told.holders().getLast().place()).startsWith("io.quire.ns.CensusTest.track");
    List.of(before, known, byId, after).forEach(NsRef::close);
    assertThat(of(ask(b, "x"), "a").references()).isZero();
  }

  /** A node that says nothing is named, and the others are told all the same. */
  @Test
  void references_ofANodeThatIsSilent_areSaidToBeUnknown() {
    create("x");
    NsRef held = b.namespaces.open(ROOT, "x", "b").orElseThrow();
    c.actor.pause();
    stage.whenEntered(() -> stage.play(Duration.ofSeconds(1)));
    ReferenceReport report = a.namespaces.references(ROOT, "x", Duration.ofSeconds(1));
    assertThat(report.complete()).isFalse();
    assertThat(report.nodes()).hasSize(3);
    assertThat(report.nodes().get(1)).isInstanceOf(Told.class);
    assertThat(report.nodes().get(2)).isEqualTo(new Silent(c.actor.member()));
    c.actor.resume();
    stage.whenEntered(stage::settle);
    stage.settle();
    assertThat(of(ask(a, "x"), "c").references()).isZero();
    held.close();
  }

  /** Questions and answers are repeated until they come through. */
  @Test
  void references_whoseMessagesAreLost_areAskedAgain() {
    create("x");
    NsRef held = b.namespaces.open(ROOT, "x", "b").orElseThrow();
    int[] lost = {0};
    stage.whenEntered(
        () -> {
          stage.loseAll(letter -> census(letter) && count(lost));
          stage.pass(Census.AGAIN);
          stage.deliverAll(letter -> census(letter) && letter.message()[0] == Census.QUESTION);
          stage.loseAll(letter -> census(letter) && count(lost));
          stage.play(Census.AGAIN);
        });
    ReferenceReport report = a.namespaces.references(ROOT, "x", SOON);
    assertThat(lost[0]).isEqualTo(6);
    stage.whenEntered(stage::settle);
    assertThat(of(told(report), "b").holders()).hasSize(1);
    held.close();
  }

  private static boolean count(int[] counted) {
    counted[0]++;
    return true;
  }

  /** What was meant for the incarnation before is not answered by the one that is there now. */
  @Test
  void references_ofANodeThatStartsAgain_areNotToldByItsSuccessor() {
    create("x");
    List<Letter> questions = new ArrayList<>();
    stage.whenEntered(
        () -> {
          questions.addAll(stage.letters(CensusTest::census));
          stage.loseAll(letter -> questions.contains(letter) && letter.to().host().equals("c"));
          stage.play(Duration.ofSeconds(1));
        });
    ReferenceReport report = a.namespaces.references(ROOT, "x", Duration.ofMillis(400));
    assertThat(report.nodes().getLast()).isInstanceOf(Silent.class);
    stage.whenEntered(stage::settle);
    NsPeer again = new NsPeer(stage, "c");
    stage.play(Duration.ofSeconds(1));
    questions.stream().filter(letter -> letter.to().host().equals("c")).forEach(stage::deliverCopy);
    assertThat(stage.letters(CensusTest::census)).isEmpty();
    assertThat(questions).hasSize(3);
    assertThat(again.namespaces.references(ROOT, "x", SOON).complete()).isTrue();
  }

  @Test
  void references_ofManyHolders_areToldUpToALimitTheOldestFirst() {
    create("x");
    List<NsRef> held = new ArrayList<>();
    for (int i = 0; i < Census.HOLDERS_MAX + 1; i++) {
      held.add(b.namespaces.open(ROOT, "x", "r" + i).orElseThrow());
    }
    Told many = of(ask(a, "x"), "b");
    assertThat(many.references()).isEqualTo(held.size());
    assertThat(many.truncated()).isTrue();
    assertThat(many.holders().size()).isBetween(100, Census.HOLDERS_MAX);
    assertThat(many.holders().getFirst().label()).isEqualTo("r0");
    assertThat(many.holders().getLast().label()).isEqualTo("r" + (many.holders().size() - 1));
    held.subList(10, held.size()).forEach(NsRef::close);
    Told few = of(ask(a, "x"), "b");
    assertThat(few.truncated()).isFalse();
    assertThat(few.holders()).hasSize(10);
    held.forEach(NsRef::close);
  }

  /** What is beyond the limit of what a node knows is counted all the same. */
  @Test
  void references_beyondWhatANodeKnows_areOnlyCounted() {
    create("x");
    List<NsRef> known = new ArrayList<>();
    for (int i = 0; i < Holdings.MAX; i++) {
      known.add(b.namespaces.open(ROOT, "x", "known").orElseThrow());
    }
    NsRef unknown = b.namespaces.open(ROOT, "x", "unknown").orElseThrow();
    assertThat(of(ask(a, "x"), "b").references()).isEqualTo(Holdings.MAX + 1);
    known.forEach(NsRef::close);
    assertThat(of(ask(a, "x"), "b").references()).isEqualTo(1);
    assertThat(of(ask(a, "x"), "b").holders()).isEmpty();
    unknown.close();
    NsRef again = b.namespaces.open(ROOT, "x", "again").orElseThrow();
    assertThat(of(ask(a, "x"), "b").holders()).extracting(Holder::label).containsExactly("again");
    again.close();
  }

  @Test
  void references_askedTooOftenAtOnce_areRefused() {
    NsObject x = create("x");
    c.actor.pause();
    List<CompletableFuture<List<ReferenceReport.OfNode>>> asked = new ArrayList<>();
    for (int i = 0; i < Census.QUESTIONS_MAX; i++) {
      asked.add(a.namespaces.ask(x.xid(), Duration.ofSeconds(1)));
    }
    assertThatThrownBy(() -> a.namespaces.references(x.xid(), SOON))
        .isInstanceOf(NsException.Refused.class)
        .hasMessage("too many questions about references: max=100");
    stage.play(Duration.ofSeconds(1));
    assertThat(asked)
        .allSatisfy(
            answer ->
                assertThat(answer)
                    .isCompletedWithValueMatching(nodes -> nodes.getLast() instanceof Silent));
    c.actor.resume();
    stage.settle();
    assertThat(ask(a, "x")).hasSize(3);
  }

  @Test
  void labelsAndDeadlines_outOfRange_areRefused() {
    NsObject x = create("x");
    for (String label : List.of("", "a\nb", "é".repeat(101))) {
      assertThatThrownBy(() -> a.namespaces.open(ROOT, "x", label))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("not a label: bytes=")
          .hasMessageEndingWith("allowed=1..200 without control characters");
      assertThatThrownBy(() -> a.namespaces.open(x.xid(), label))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> a.namespaces.open(ROOT, "x", OpenMode.READ, SOON, label))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> a.namespaces.open(x.xid(), OpenMode.READ, SOON, label))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(a.namespaces.references(x.xid())).isZero();
    a.namespaces.open(ROOT, "x", OpenMode.READ, SOON, "é".repeat(100)).orElseThrow().close();
    List<Duration> bad =
        List.of(Duration.ZERO, Duration.ofNanos(-1), Namespaces.DEADLINE.plusNanos(1));
    for (Duration deadline : bad) {
      assertThatThrownBy(() -> a.namespaces.references(x.xid(), deadline))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("deadline out of range: found=");
    }
  }

  /** The name of a thread may be of any length, and is a note on the lock. */
  @Test
  void open_onAThreadWithALongName_isLabelledWithTheBeginOfIt() {
    create("x");
    Thread thread = Thread.currentThread();
    String name = thread.getName();
    thread.setName("w\t" + "😀".repeat(100));
    try {
      NsOpen open = b.namespaces.open(ROOT, "x", OpenMode.READ, Duration.ZERO).orElseThrow();
      assertThat(of(ask(a, "x"), "b").holders().getFirst().label())
          .isEqualTo("w?" + "😀".repeat(49));
      open.close();
    } finally {
      thread.setName(name);
    }
  }

  @Test
  void messages_haveTheseBytes() {
    NsObject x = create("x");
    NsRef held = b.namespaces.open(ROOT, "x", "me").orElseThrow();
    List<byte[]> questions = new ArrayList<>();
    List<byte[]> answers = new ArrayList<>();
    stage.whenEntered(
        () -> {
          Letter question = toB(Census.QUESTION);
          questions.add(question.message());
          stage.deliver(question);
          answers.addAll(
              stage
                  .letters(letter -> census(letter) && letter.message()[0] == Census.ANSWER)
                  .stream()
                  .map(Letter::message)
                  .toList());
          stage.settle();
        });
    ReferenceReport report = a.namespaces.references(x.xid(), SOON);
    stage.whenEntered(stage::settle);
    Holder holder = of(told(report), "b").holders().getFirst();
    long asker = a.actor.member().incarnation();
    long asked = b.actor.member().incarnation();
    assertThat(questions.getFirst())
        .isEqualTo(
            new WireWriter()
                .int8(3)
                .int64(asker)
                .int64(1)
                .string("a")
                .uint16(7000)
                .int64(asked)
                .int64(x.xid())
                .toBytes());
    assertThat(answers.getFirst())
        .isEqualTo(
            new WireWriter()
                .int8(4)
                .int64(asker)
                .int64(1)
                .int64(asked)
                .int64(1)
                .int32(1)
                .string("me")
                .string(holder.place())
                .int64(holder.since())
                .int8(0)
                .bool(false)
                .bool(false)
                .toBytes());
    for (int mode : new int[] {-1, 5}) {
      byte[] bad = answers.getFirst().clone();
      bad[bad.length - 3] = (byte) mode;
      Letter letter =
          new Letter(b.actor, a.actor.member().address(), Transport.Channel.REFERENCES, bad);
      assertThatThrownBy(() -> stage.deliverCopy(letter))
          .isInstanceOf(WireReader.MalformedException.class)
          .hasMessage("not a mode: found=" + mode);
    }
    held.close();
  }

  private Letter toB(int type) {
    return stage
        .letters(
            letter ->
                census(letter) && letter.message()[0] == type && letter.to().host().equals("b"))
        .getFirst();
  }
}
