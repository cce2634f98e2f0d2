package io.quire.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quire.bench.SimulatedPolicy.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ReplaysTest {
  /** Who must not surpass us by more than three in a hundred. */
  private static final List<Kind> RIVALS =
      List.of(
          Kind.LRU,
          Kind.MRU,
          Kind.ARC,
          Kind.LIRS,
          Kind.CLOCK_PRO_PLUS,
          Kind.W_TINY_LFU,
          Kind.W_TINY_LFU_CLIMBING);

  @Test
  void shortTraces_areHitNearlyAsOftenAsByTheBestPolicyForEach() {
    for (String name :
        List.of("cs", "gli", "ps", "multi1", "multi2", "multi3", "zigzag", "scan", "backf")) {
      TraceSource source = Traces.named(name);
      Trace trace = source.read();
      long ours = new CacheReplay.Ours().hits(trace, source.memory());
      long bound = new BytesBound().hits(trace, source.memory());
      long best =
          RIVALS.stream()
              .mapToLong(kind -> new SimulatedPolicy(kind).hits(trace, source.memory()))
              .max()
              .orElseThrow();
      assertThat(ours).as(name).isBetween((long) (0.97 * best), bound);
    }
  }

  @Test
  void bound_isThatOfTheSimulatorWhereSizesAreEqual() {
    Trace trace = Traces.named("cs").read();
    assertThat(trace.length()).isEqualTo(6_781);
    assertThat(100.0 * new BytesBound().hits(trace, 500) / trace.length())
        .isCloseTo(31.3, within(0.1));
  }

  @Test
  void madeTraces_areTheSameEachTime() {
    for (TraceSource source : Traces.ALL) {
      if (source instanceof MadeTrace) {
        Trace once = source.read();
        Trace again = source.read();
        assertThat(once.usedSize()).as(source.name()).isEqualTo(again.usedSize()).isPositive();
        assertThat(once.use(77_777)).isEqualTo(again.use(77_777));
      }
    }
    assertThat(Stream.of(Traces.named("made-sizes").read()).allMatch(Trace::sized)).isTrue();
  }

  @Test
  void curves_areOneSmallPictureForEachTrace(@TempDir Path directory) throws IOException {
    ObjectNode report = new ObjectMapper().createObjectNode();
    var rows = report.putArray("rows");
    for (String id : List.of("trace-a", "trace-a-10", "trace-a-50", "trace-b-5")) {
      rows.addObject().put("id", id).put("ours", 40.0).putObject("peers").put("LRU", 20.0);
    }
    List<Path> files = Curves.draw(report, directory.resolve("new"));
    assertThat(files)
        .extracting(file -> file.getFileName().toString())
        .containsExactly("trace-a.svg", "trace-b.svg");
    String first = Files.readString(files.getFirst());
    assertThat(first).startsWith("<svg").contains("trace-a: hit rate", ">LRU<", ">ours<");
    assertThat(first.split("<polyline", -1)).hasSize(3);
    assertThat(first.length()).isLessThan(4_000);
  }
}
