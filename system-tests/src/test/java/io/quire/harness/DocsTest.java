package io.quire.harness;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Rules;
import io.quire.sim.Nemesis;
import io.quire.worlds.SimulatedSweep;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Whether what the documents name is there: tests, code, planted bugs, harms, faults, runs of the
 * models. A promise whose test was renamed is a promise without a test.
 */
final class DocsTest {
  private static final Path ROOT = Path.of("..");
  private static final Path DOCS = ROOT.resolve("docs");
  private static final Path TESTING = DOCS.resolve("testing.md");
  private static final Path GUARANTEES = DOCS.resolve("guarantees.md");
  private static final Path MODEL = DOCS.resolve("model.md");

  private static final Pattern QUOTED = Pattern.compile("`([^`]+)`");
  private static final Pattern TEST = Pattern.compile("(\\w+(?:Test|IT))(?:\\.(\\w+))?");
  private static final Pattern TEST_METHOD = Pattern.compile("[a-z]\\w*_\\w+");
  private static final Pattern CODE =
      Pattern.compile("([A-Z]\\w*[a-z]\\w*)(?:\\.\\w+)*?(?:\\.([a-z]\\w+))");
  private static final Pattern CONSTANT = Pattern.compile("[A-Z]{2,}(?:_[A-Z]+)*");
  private static final Pattern TYPE =
      Pattern.compile("\\b(?:class|record|interface|enum)\\s+(\\w+)");
  private static final Pattern ANNOTATED =
      Pattern.compile("@(?:Test|ParameterizedTest|RepeatedTest)\\b");
  private static final Pattern METHOD = Pattern.compile("\\bvoid (\\w+)\\(");

  @Test
  void tests_thatDocumentsName_areThere() throws IOException {
    Map<String, Set<String>> tests = tests();
    assertThat(tests).hasSizeGreaterThan(100);
    List<String> wrong = new ArrayList<>();
    for (Path document : documents()) {
      // A name without a class is of the class named last in that line.
      String[] line = {""};
      String[] last = {""};
      eachQuoted(
          document,
          (where, name) -> {
            if (!where.equals(line[0])) {
              line[0] = where;
              last[0] = "";
            }
            Matcher test = TEST.matcher(name);
            if (test.matches()) {
              last[0] = test.group(1);
              Set<String> methods = tests.get(last[0]);
              if (methods == null || test.group(2) != null && !methods.contains(test.group(2))) {
                wrong.add(where + " " + name);
              }
            } else if (TEST_METHOD.matcher(name).matches()
                && !tests.getOrDefault(last[0], Set.of()).contains(name)) {
              wrong.add(where + " " + (last[0].isEmpty() ? "no class: " : last[0] + ".") + name);
            }
          });
    }
    assertThat(wrong).as("tests that are named and are not there").isEmpty();
  }

  @Test
  void code_thatKeepsPromises_isThere() throws IOException {
    Map<String, String> types = types();
    List<String> wrong = new ArrayList<>();
    eachQuoted(
        GUARANTEES,
        (where, name) -> {
          Matcher code = CODE.matcher(name);
          if (code.matches()
              && !Pattern.compile("\\b" + code.group(2) + "\\b")
                  .matcher(types.getOrDefault(code.group(1), ""))
                  .find()) {
            wrong.add(where + " " + name);
          }
        });
    assertThat(wrong).as("code that is named and is not there").isEmpty();
  }

  @Test
  void executions_nameRulesAndFaultsThatThereAre_andAllAreThere() throws IOException {
    Set<String> known = new HashSet<>();
    Stream.of(Rules.Rule.values()).map(Enum::name).forEach(known::add);
    Stream.of(Nemesis.Harm.values()).map(Enum::name).forEach(known::add);
    Stream.of(SimulatedSweep.Fault.values()).map(Enum::name).forEach(known::add);
    Map<String, String> rows = rows(TESTING, "[SLM][0-9]+");
    assertThat(rows.keySet())
        .as("executions")
        .containsExactlyInAnyOrderElementsOf(numbered("S", 12, "L", 11, "M", 9));
    rows.forEach(
        (execution, row) -> {
          Set<String> names = new TreeSet<>();
          Matcher quoted = QUOTED.matcher(row);
          while (quoted.find()) {
            names.add(quoted.group(1));
          }
          assertThat(names.stream().filter(name -> CONSTANT.matcher(name).matches()))
              .as("named by %s", execution)
              .isSubsetOf(known);
          assertThat(names)
              .as("tests, or planted bugs, of %s", execution)
              .anyMatch(name -> TEST.matcher(name).matches() || CONSTANT.matcher(name).matches());
        });
  }

  @Test
  void rules_haveALineEach_andEachPlantedOneAsWell() throws IOException {
    assertThat(rows(GUARANTEES, "[0-9]+").keySet())
        .as("rules of the protocol")
        .containsExactlyInAnyOrderElementsOf(numbered("", 52));
    assertThat(rows(TESTING, "`[A-Z_]+`").keySet())
        .as("planted bugs")
        .containsAll(Stream.of(Rules.Rule.values()).map(rule -> "`" + rule + "`").toList());
  }

  @Test
  void runsOfTheModels_thatAreInTheTables_areRun() throws IOException {
    Set<String> runs =
        Files.readAllLines(ROOT.resolve("model/runs")).stream()
            .filter(line -> line.matches("(ci|long) .*"))
            .map(line -> line.split(" +")[1])
            .collect(Collectors.toSet());
    List<String> named = new ArrayList<>();
    for (String line : Files.readAllLines(MODEL)) {
      Matcher cell = Pattern.compile("\\| `([a-z-]+)` (?=\\| [0-9])").matcher(line);
      while (cell.find()) {
        named.add(cell.group(1));
      }
    }
    assertThat(named).hasSizeGreaterThan(50);
    assertThat(runs).as("runs").containsAll(named);
  }

  private static List<String> numbered(Object... prefixesAndCounts) {
    List<String> all = new ArrayList<>();
    for (int i = 0; i < prefixesAndCounts.length; i += 2) {
      for (int n = 1; n <= (Integer) prefixesAndCounts[i + 1]; n++) {
        all.add(prefixesAndCounts[i] + "" + n);
      }
    }
    return all;
  }

  /** Rows of tables by their first column, where that looks so. */
  private static Map<String, String> rows(Path document, String first) throws IOException {
    Pattern row = Pattern.compile("\\| (" + first + ") \\|(.*)");
    Map<String, String> rows = new HashMap<>();
    for (String line : Files.readAllLines(document)) {
      Matcher matcher = row.matcher(line);
      if (matcher.matches()) {
        rows.merge(matcher.group(1), matcher.group(2), String::concat);
      }
    }
    return rows;
  }

  private static void eachQuoted(Path document, BiConsumer<String, String> action)
      throws IOException {
    int number = 0;
    for (String line : Files.readAllLines(document)) {
      String where = document.getFileName() + ":" + ++number;
      Matcher quoted = QUOTED.matcher(line);
      while (quoted.find()) {
        action.accept(where, quoted.group(1));
      }
    }
  }

  private static List<Path> documents() throws IOException {
    try (Stream<Path> all = Files.walk(DOCS)) {
      return Stream.concat(
              Stream.of("README.md", "CHANGELOG.md", "CONTRIBUTING.md").map(ROOT::resolve),
              all.filter(file -> file.toString().endsWith(".md")))
          .sorted()
          .toList();
    }
  }

  private static Map<String, Set<String>> tests() throws IOException {
    Map<String, Set<String>> tests = new HashMap<>();
    for (Path file : sources("src/test/java")) {
      Set<String> methods = tests.computeIfAbsent(type(file), _ -> new HashSet<>());
      String text = Files.readString(file);
      Matcher annotated = ANNOTATED.matcher(text);
      Matcher method = METHOD.matcher(text);
      while (annotated.find() && method.find(annotated.end())) {
        methods.add(method.group(1));
      }
    }
    return tests;
  }

  /** The text in which a type is declared, by its name. */
  private static Map<String, String> types() throws IOException {
    Map<String, String> types = new HashMap<>();
    for (Path file : sources("src")) {
      String text = Files.readString(file);
      Matcher type = TYPE.matcher(text);
      while (type.find()) {
        types.merge(type.group(1), text, String::concat);
      }
    }
    return types;
  }

  private static String type(Path file) {
    return file.getFileName().toString().replace(".java", "");
  }

  private static List<Path> sources(String under) throws IOException {
    List<Path> files = new ArrayList<>();
    try (Stream<Path> modules = Files.list(ROOT)) {
      for (Path module : modules.map(each -> each.resolve(under)).toList()) {
        if (Files.isDirectory(module)) {
          try (Stream<Path> all = Files.walk(module)) {
            all.filter(file -> file.toString().endsWith(".java")).forEach(files::add);
          }
        }
      }
    }
    return files;
  }
}
