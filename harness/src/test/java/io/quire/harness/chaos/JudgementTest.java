package io.quire.harness.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.sim.Action;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Small runs, good and bad ones, as journals and images tell them. */
@Timeout(30)
class JudgementTest {
  private static final String NAME = "/c/0/1";
  private static final String CELL = "chaos/0/";

  private final List<Harvest.Line> lines = new ArrayList<>();
  private final Map<String, String> cells = new TreeMap<>();
  private final Map<Long, Image.Held> objects = new TreeMap<>();
  private final Map<String, Long> names = new TreeMap<>();
  private final Map<String, String> files = new TreeMap<>();
  private long now;
  private long calls;

  private long begin(String verb, Part... parts) {
    lines.add(new Harvest.Line(0, new Entry.Begin(++now, ++calls, "n1.1.1", verb, List.of(parts))));
    return calls;
  }

  private void end(long call, Result... results) {
    lines.add(new Harvest.Line(0, new Entry.End(++now, call, List.of(results))));
  }

  private void call(String verb, Part part, Result result) {
    end(begin(verb, part), result);
  }

  private void created(String value, long version) {
    call("create", new Part(NAME, Action.create(value)), new Result.Written(version));
  }

  private void atTheEnd(String value, long version) {
    names.put(NAME, 77L);
    objects.put(77L, new Image.Held(1_000, NAME, base64(value), version, false, 0, false));
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private Judgement judged() {
    Image image = new Image(9, cells, objects, Map.of(1_000L, names), files, 0, 0);
    return Judgement.of(lines, Map.of("n1", image, "n2", image), 0);
  }

  private void assertGood() {
    Judgement judgement = judged();
    assertThat(judgement.violations()).isEmpty();
    assertThat(judgement.lost()).isEmpty();
    assertThat(judgement.undecided()).isEmpty();
  }

  @Test
  void run_thatIsInOrder_isGood() {
    created("v1", 1);
    call("update", new Part(NAME, Action.writeIfVersion(1, "v2")), new Result.Written(2));
    call("lookup", new Part(NAME, Action.read()), new Result.Found(2, "v2"));
    call("list", new Part(NAME, Action.exists()), new Result.Found(0, "listed"));
    atTheEnd("v2", 2);
    assertGood();
  }

  @Test
  void staleRead_isAViolation() {
    created("v1", 1);
    call("update", new Part(NAME, Action.writeIfVersion(1, "v2")), new Result.Written(2));
    call("lookup", new Part(NAME, Action.read()), new Result.Found(1, "v1"));
    atTheEnd("v2", 2);
    assertThat(judged().violations()).singleElement().asString().contains("found v1");
  }

  @Test
  void listThatMissesAName_isAViolation() {
    created("v1", 1);
    call("list", new Part(NAME, Action.exists()), Result.ABSENT);
    atTheEnd("v1", 1);
    assertThat(judged().violations()).hasSize(1);
  }

  @Test
  void acknowledgedCreate_thatIsGone_isLost() {
    created("v1", 1);
    Judgement judgement = judged();
    assertThat(judgement.lost()).hasSize(2).allMatch(each -> each.contains("found=nothing"));
    assertThat(judgement.violations()).hasSize(1);
  }

  @Test
  void acknowledgedUpdate_thatIsUndone_isLost() {
    created("v1", 1);
    call("update", new Part(NAME, Action.writeIfVersion(1, "v2")), new Result.Written(2));
    atTheEnd("v1", 1);
    assertThat(judged().lost()).hasSize(2);
  }

  @Test
  void acknowledgedDelete_thatIsUndone_isAViolation() {
    created("v1", 1);
    call("delete", new Part(NAME, Action.writeIfVersion(1, null)), new Result.Written(0));
    atTheEnd("v1", 1);
    assertThat(judged().violations()).hasSize(1);
  }

  @Test
  void change_whoseClientWasKilled_mayHaveHappenedOrNot() {
    created("v1", 1);
    begin("delete", new Part(NAME, Action.writeIfVersion(1, null)));
    atTheEnd("v1", 1);
    assertGood();
    names.clear();
    objects.clear();
    assertGood();
  }

  @Test
  void renameThatMayHaveHappened_isFoundOnEitherName() {
    created("v1", 1);
    String to = "/c/0/2";
    begin(
        "rename",
        new Part(NAME, Action.writeIfVersion(1, null)),
        new Part(to, Action.create("v1")));
    names.put(to, 77L);
    objects.put(77L, new Image.Held(1_000, to, base64("v1"), 2, false, 0, false));
    assertGood();
  }

  private long transacting(String value) {
    return begin(
        "transact",
        new Part(CELL + 0, Action.write(value)),
        new Part(CELL + 1, Action.write(value)));
  }

  private void cellsAtTheEnd(long first, String one, long second, String other) {
    cells.put(CELL + 0, first + " " + base64(one));
    cells.put(CELL + 1, second + " " + base64(other));
  }

  @Test
  void look_duringATransaction_seesAllOrNothing() {
    end(transacting("a"), new Result.Written(1), new Result.Written(1));
    long second = transacting("b");
    long look = begin("look", new Part(CELL + 0, Action.read()), new Part(CELL + 1, Action.read()));
    end(look, new Result.Found(2, "b"), new Result.Found(1, "a"));
    end(second, new Result.Written(2), new Result.Written(2));
    cellsAtTheEnd(2, "b", 2, "b");
    assertThat(judged().violations())
        .singleElement()
        .asString()
        .contains("half a transaction: value=b");
  }

  @Test
  void transaction_ofWhichOneCellIsOldAtTheEnd_isLost() {
    end(transacting("a"), new Result.Written(1), new Result.Written(1));
    end(transacting("b"), new Result.Written(2), new Result.Written(2));
    cellsAtTheEnd(2, "b", 1, "a");
    assertThat(judged().lost()).hasSize(2).allMatch(each -> each.contains(CELL + 1));
  }

  @Test
  void whatAClientFoundBroken_isAViolation() {
    lines.add(new Harvest.Line(0, new Entry.Broken(++now, "listed twice")));
    assertThat(judged().violations()).containsExactly("listed twice");
  }

  @Test
  void watchThatLeftOutWhatWasAcknowledged_isAViolation() {
    created("v1", 1);
    lines.add(new Harvest.Line(0, new Entry.Told(++now, "w", 1, NAME)));
    lines.add(new Harvest.Line(0, new Entry.Watched(++now, "w", "/c/0/", 0, 1)));
    atTheEnd("v1", 1);
    assertGood();
    lines.add(new Harvest.Line(0, new Entry.Watched(++now, "v", "/c/0/", 0, 1)));
    assertThat(judged().violations())
        .singleElement()
        .asString()
        .contains("a watch left out a change: key=" + NAME);
  }

  private static final String LOCK = "/lock/0/1";

  private void held(String client, long from, long until, boolean exclusive, long generation) {
    lines.add(
        new Harvest.Line(0, new Entry.Held(from, until, client, LOCK, exclusive, generation)));
  }

  private void wroteUnder(long generation, long version) {
    String value = LockClient.prefix(generation) + "n1.1.locks-" + version;
    call(
        "file",
        new Part(LOCK, new Action.Write(new Action.Condition.Always(), value)),
        new Result.Written(version));
    files.put(LOCK, version + " " + base64(value));
  }

  @Test
  void locksHeldOneAfterTheOther_areGood() {
    held("a", 10, 20, true, 5);
    held("b", 21, 30, false, 7);
    held("c", 25, 40, false, 6);
    held("d", 41, 50, true, 9);
    wroteUnder(5, 6);
    wroteUnder(5, 7);
    wroteUnder(9, 10);
    assertGood();
  }

  @Test
  void lockHeldByTwo_isAViolation_unlessBothShareIt() {
    held("a", 10, 20, true, 5);
    held("b", 20, 30, false, 7);
    assertThat(judged().violations()).singleElement().asString().contains("two hold one lock");
  }

  @Test
  void laterGrantWithAnOlderGeneration_isAViolation() {
    held("a", 10, 20, true, 5);
    held("b", 21, 30, true, 4);
    assertThat(judged().violations()).singleElement().asString().contains("not newer");
  }

  @Test
  void writeUnderAnOlderGrantBehindOneUnderANewer_isAViolation() {
    wroteUnder(9, 10);
    wroteUnder(5, 11);
    assertThat(judged().violations()).singleElement().asString().contains("older grant");
  }
}
