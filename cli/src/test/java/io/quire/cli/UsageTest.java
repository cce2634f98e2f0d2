package io.quire.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** What the command says to arguments that it does not take, and when it is asked for help. */
@Timeout(90)
class UsageTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    return Quire.command()
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(arguments);
  }

  private void assertMisused(String sentence, String... arguments) {
    err.getBuffer().setLength(0);
    assertThat(run(arguments)).isEqualTo(2);
    assertThat(err.toString().strip()).isEqualTo("quire: " + sentence);
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void run_withUnknownOption_namesItAndWhatIsClose() {
    assertMisused(
        "no such option: --confg; did you mean --config?; see 'quire start --help'",
        "start",
        "--confg",
        "x");
    assertMisused("no such option: -z; see 'quire cat --help'", "cat", "/a", "-z");
  }

  @Test
  void run_withUnknownCommand_namesItAndWhatIsClose() {
    assertMisused(
        "no such command: strt; did you mean start or store or status?; see 'quire --help'",
        "strt");
    assertMisused("no such command: zzz; see 'quire ns --help'", "ns", "zzz");
  }

  @Test
  void run_withoutWhatIsNeeded_namesIt() {
    assertMisused(
        "a command is needed: ls, stat, history, refs, rm, access or space; see 'quire ns --help'",
        "ns");
    assertMisused(
        "a command is needed: make, ls, stat, quota or destroy; see 'quire ns space --help'",
        "ns",
        "space");
    assertMisused(
        "--dry-run is for --glob: names say themselves what would go; see 'quire ns rm --help'",
        "ns",
        "rm",
        "--dry-run",
        "/x");
    assertMisused(
        "a command is needed: load, append, stat or bad; see 'quire table --help'", "table");
    assertMisused("Missing required parameter: 'NAME'; see 'quire cat --help'", "cat");
    assertMisused("Missing required option: '--as=NAME'; see 'quire load --help'", "load", "file");
    assertMisused("one argument too many: /b; see 'quire cat --help'", "cat", "/a", "/b");
    assertThat(run()).isEqualTo(2);
    assertThat(err.toString())
        .contains("a command is needed: demo, start, status, ns, lock, member, load");
  }

  @Test
  void run_withQuotaThatIsNone_says2() {
    String quota = "; see 'quire ns space quota --help'";
    String[] of = {"ns", "space", "quota", "red", "--bytes", "any", "--objects"};
    for (String bad : List.of("-1", "x", "1.5", "")) {
      assertMisused(
          "Invalid value for option '--objects': not a number: '"
              + bad
              + "', wanted such as 1000 or any"
              + quota,
          Stream.concat(Stream.of(of), Stream.of(bad)).toArray(String[]::new));
    }
    assertMisused(
        "Missing required option: '--bytes=SIZE'" + quota,
        "ns",
        "space",
        "quota",
        "red",
        "--objects",
        "0");
  }

  @Test
  void run_withReplicasThatCannotBe_says2() {
    for (String bad : List.of("0", "4", "x", "")) {
      assertMisused(
          "Invalid value for option '--replicas': not a number of replicas: '"
              + bad
              + "', wanted 1, 2 or 3; see 'quire table load --help'",
          "table",
          "load",
          "a.csv",
          "--as",
          "/a",
          "--replicas",
          bad);
    }
  }

  @Test
  void run_withAddressThatIsNone_says2() {
    assertMisused("not an address: text=here wanted=host:port", "status", "--node", "here");
    assertMisused("not an address: text=here:x wanted=host:port", "cat", "/a", "--node", "here:x");
  }

  static Stream<List<String>> commands() {
    return names(Quire.command(), List.of());
  }

  private static Stream<List<String>> names(CommandLine command, List<String> path) {
    return Stream.concat(
        Stream.of(path),
        command.getSubcommands().entrySet().stream()
            .filter(entry -> !entry.getKey().equals("help"))
            .flatMap(
                entry ->
                    names(
                        entry.getValue(),
                        Stream.concat(path.stream(), Stream.of(entry.getKey())).toList())));
  }

  @ParameterizedTest
  @MethodSource("commands")
  void help_ofEachCommand_saysWhatItDoesAndHowItEnds(List<String> command) {
    assertThat(run(Stream.concat(command.stream(), Stream.of("--help")).toArray(String[]::new)))
        .isZero();

    String help = out.toString();
    assertThat(help)
        .startsWith(
            "Usage: "
                + String.join(" ", Stream.concat(Stream.of("quire"), command.stream()).toList()))
        .contains("Exit codes:", " 1   not done", " 2   bad usage");
    assertThat(help.lines()).allMatch(line -> line.length() <= 80);
    assertThat(help.lines().filter(line -> line.matches(" {1,10}[A-Z]+(\\.\\.\\.)?")))
        .as("parameters without a word")
        .isEmpty();
  }
}
