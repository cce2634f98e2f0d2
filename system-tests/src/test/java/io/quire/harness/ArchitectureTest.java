package io.quire.harness;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.quire.base.Rules;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** Who may stand on whom, and what protocol code may not see. */
final class ArchitectureTest {
  /** A folder and what it stands on, besides the JDK and libraries. */
  private static final Map<String, List<String>> ARROWS =
      Map.ofEntries(
          Map.entry("base", List.of()),
          Map.entry("sim", List.of("base")),
          Map.entry("fabric", List.of("base")),
          Map.entry("log", List.of("base", "fabric")),
          Map.entry("lockserver", List.of("base")),
          Map.entry("twopc", List.of("base", "lockserver")),
          Map.entry("gvm", List.of("base", "lockserver", "twopc")),
          Map.entry("ns", List.of("base", "lockserver", "twopc", "gvm")),
          Map.entry("worlds", List.of("base", "sim", "lockserver", "twopc", "gvm")),
          Map.entry("ager", List.of("base")),
          Map.entry("columns", List.of("base")),
          Map.entry("formats", List.of("base")),
          Map.entry("datasets", List.of("base", "fabric", "lockserver", "ns", "ager")),
          Map.entry("tables", List.of("base", "ns", "datasets", "columns", "formats")),
          Map.entry(
              "flight",
              List.of(
                  "base", "fabric", "lockserver", "ns", "ager", "columns", "datasets", "tables")),
          Map.entry("jet", List.of("columns")),
          Map.entry(
              "node",
              List.of(
                  "base",
                  "fabric",
                  "log",
                  "lockserver",
                  "twopc",
                  "gvm",
                  "ns",
                  "ager",
                  "datasets",
                  "columns",
                  "formats",
                  "tables",
                  "flight")));

  private static final String[] PROTOCOL = {
    "io.quire.lockserver..", "io.quire.twopc..", "io.quire.gvm.."
  };

  private static final JavaClasses MAIN =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.quire");

  @Test
  void folders_standOnlyOnThoseBelow() {
    ARROWS.forEach(
        (folder, below) -> {
          List<String> allowed = new ArrayList<>();
          allowed.add("io.quire." + folder + "..");
          below.forEach(each -> allowed.add("io.quire." + each + ".."));
          noClasses()
              .that()
              .resideInAPackage("io.quire." + folder + "..")
              .should()
              .dependOnClassesThat(
                  DescribedPredicate.describe(
                      "belong to another folder",
                      type ->
                          type.getPackageName().startsWith("io.quire.")
                              && allowed.stream()
                                  .noneMatch(
                                      in ->
                                          type.getPackageName()
                                              .startsWith(in.substring(0, in.length() - 2)))))
              .check(MAIN);
        });
  }

  @Test
  void folders_haveNoCycles() {
    slices().matching("io.quire.(*)..").should().beFreeOfCycles().check(MAIN);
  }

  @Test
  void protocol_seesNoThreadsClocksOrChanceOfItsOwn() {
    noClasses()
        .that()
        .resideInAnyPackage(PROTOCOL)
        .should()
        .callMethod(System.class, "nanoTime")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .orShould()
        .callMethod(RandomGenerator.class, "getDefault")
        .orShould()
        .dependOnClassesThat()
        .belongToAnyOf(Thread.class, java.util.Random.class, java.util.Timer.class)
        .check(
            MAIN.that(
                DescribedPredicate.describe(
                    "are not the blocking forms of what runs on the loop",
                    type ->
                        !type.getName().equals("io.quire.gvm.Cells")
                            && !type.getName().equals("io.quire.lockserver.Await"))));
  }

  @Test
  void mainCode_doesNotBreakRulesOrSpeakToTheTerminal() {
    noClasses()
        .that()
        .resideOutsideOfPackages("io.quire.harness..", "io.quire.worlds..", "io.quire.base..")
        .should()
        .callMethod(Rules.class, "without", Rules.Rule.class)
        .orShould()
        .callMethod(Rules.class, "without", Set.class)
        .check(MAIN);
    noClasses()
        .that()
        .resideOutsideOfPackages("io.quire.cli..", "io.quire.harness..")
        .should()
        .accessField(System.class, "out")
        .orShould()
        .accessField(System.class, "err")
        .check(MAIN);
  }

  @Test
  void names_sayWhatThingsAre() {
    classes()
        .that()
        .resideInAPackage("io.quire..")
        .should()
        .haveSimpleNameNotEndingWith("Impl")
        .andShould()
        .haveSimpleNameNotEndingWith("Manager")
        .andShould()
        .haveSimpleNameNotEndingWith("Util")
        .andShould()
        .haveSimpleNameNotEndingWith("Utils")
        .andShould()
        .haveSimpleNameNotEndingWith("Helper")
        .check(MAIN);
  }
}
