package io.quire.harness.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.sim.Action;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(30)
class JournalTest {
  @TempDir private Path directory;

  static Stream<Entry> entries() {
    return Stream.of(
        new Entry.Begin(
            7,
            3,
            "n1.1.2",
            "all",
            List.of(
                new Part("/a", Action.read()),
                new Part("/b", Action.exists()),
                new Part("/c", Action.write("v")),
                new Part("/d", Action.delete()),
                new Part("/e", Action.create("v")),
                new Part("/f", Action.deleteIfPresent()),
                new Part("/g", Action.writeIfVersion(12, "v")),
                new Part("/h", Action.writeIfVersion(12, null)),
                new Part("/i", Action.writeIfValue("u", "v")))),
        new Entry.End(
            8,
            3,
            List.of(
                new Result.Written(5),
                new Result.Found(5, "v"),
                Result.ABSENT,
                Result.REFUSED,
                Result.FAILED,
                Result.UNKNOWN)),
        new Entry.Held(9, 12, "n1.1.locks", "/lock/0/1", true, 77),
        new Entry.Told(9, "n1.1.observer-1", 12, "/w/0/a/1"),
        new Entry.Watched(9, "n1.1.observer-1", "/w/0/", 12, 77),
        new Entry.Broken(9, "something that must not be"));
  }

  @ParameterizedTest
  @MethodSource("entries")
  void line_ofAnEntry_isReadAsThatEntry(Entry entry) {
    assertThat(Entry.parse(entry.line())).isEqualTo(entry);
  }

  @Test
  void all_ofSeveralJournals_isInTheOrderOfTime() throws Exception {
    try (Journal one = Journal.create(directory.resolve("journal-1"));
        Journal two = Journal.create(directory.resolve("journal-2"))) {
      Journal.Call first = one.begin("a", "read", List.of(new Part("/k", Action.read())));
      Journal.Call second = two.begin("b", "read", List.of(new Part("/k", Action.read())));
      second.end(Result.ABSENT);
      first.end(Result.ABSENT);
    }
    List<Harvest.Line> all = new Harvest(List.of(directory)).all();
    assertThat(all).extracting(Harvest.Line::source).containsExactly(0, 1, 1, 0);
    assertThat(all).extracting(line -> line.entry().nanos()).isSorted();
  }

  @Test
  void lastLine_thatWasCutShort_doesNotCount() throws Exception {
    Path file = directory.resolve("journal-1");
    try (Journal journal = Journal.create(file)) {
      Journal.Call call = journal.begin("a", "read", List.of(new Part("/k", Action.read())));
      call.end(Result.ABSENT);
      journal.begin("a", "read", List.of(new Part("/k", Action.read())));
    }
    Files.writeString(file, "E\t99\t1\tfou", StandardOpenOption.APPEND);
    Harvest harvest = new Harvest(List.of(directory));
    harvest.count();
    harvest.count();
    assertThat(harvest.operations()).isEqualTo(1);
    assertThat(harvest.unknown()).isEqualTo(1);
    assertThat(harvest.all()).hasSize(3);
  }

  @Test
  void publishing_countsChangesUnderWay() throws Exception {
    try (Journal journal = Journal.create(directory.resolve("journal-1"))) {
      Journal.Call read = journal.begin("a", "read", List.of(new Part("/k", Action.read())));
      Journal.Call write = journal.begin("b", "write", List.of(new Part("/k", Action.write("v"))));
      assertThat(journal.publishing()).isEqualTo(1);
      read.end(Result.ABSENT);
      write.end(Result.UNKNOWN);
      assertThat(journal.publishing()).isZero();
    }
  }
}
