package io.quire.ns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class NamePatternTest {
  @ParameterizedTest
  @CsvSource({
    "/logs/*, /logs/a/b",
    "*, x",
    "/a?c, /abc",
    "/a?c, /a\uD83D\uDE00c",
    "[a-c]x, bx",
    "[!a-c]x, dx",
    "[a-], -",
    "a[*]b, a*b",
    "a\\*b, a*b",
    "**a**, bab",
    "*a*b*c, xaybzc"
  })
  void matches_whatItStandsFor(String pattern, String name) {
    assertThat(NamePattern.of(pattern).matches(name)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "/logs/*, /log/a",
    "/a?c, /ac",
    "[a-c]x, dx",
    "[!a-c]x, bx",
    "a\\*b, axb",
    "/.*, /ab",
    "a, aa",
    "*a, ab"
  })
  void matches_nothingElse(String pattern, String name) {
    assertThat(NamePattern.of(pattern).matches(name)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"[", "[a", "[a-", "[]", "[!]", "[b-a]", "a\\", "[\\"})
  void of_whatHasNoEnd_saysWhy(String pattern) {
    assertThatThrownBy(() -> NamePattern.of(pattern))
        .isInstanceOf(NsException.InvalidName.class)
        .hasMessageStartingWith("not a pattern: pattern=" + pattern + " ");
  }

  @Test
  void prefix_isWhatAllMatchesBeginWith() {
    assertThat(NamePattern.of("/a\\*b/[cd]").prefix()).isEqualTo("/a*b/");
    assertThat(NamePattern.of("/a").prefix()).isEqualTo("/a");
    assertThat(NamePattern.startingWith("/a*[\\").prefix()).isEqualTo("/a*[\\");
    assertThat(NamePattern.startingWith("/a?").matches("/a?b")).isTrue();
    assertThat(NamePattern.startingWith("/a?").matches("/aab")).isFalse();
    assertThat(NamePattern.ALL.prefix()).isEmpty();
  }

  /** Against the regular expressions of the JDK, on names that nearly match. */
  @Test
  void matches_agreesWithRegularExpressions() {
    SplittableRandom random = new SplittableRandom(7);
    List<String> pieces = List.of("a", "b", "/", "*", "?", "[ab]", "[!a]");
    List<String> regexes = List.of("a", "b", "/", ".*", ".", "[ab]", "[^a]");
    int matched = 0;
    for (int round = 0; round < 20_000; round++) {
      StringBuilder glob = new StringBuilder();
      StringBuilder regex = new StringBuilder();
      for (int i = random.nextInt(7); i >= 0; i--) {
        int piece = random.nextInt(pieces.size());
        glob.append(pieces.get(piece));
        regex.append(regexes.get(piece));
      }
      StringBuilder name = new StringBuilder();
      for (int i = random.nextInt(8); i >= 0; i--) {
        name.append("ab/".charAt(random.nextInt(3)));
      }
      NamePattern pattern = NamePattern.of(glob.toString());
      boolean wanted = Pattern.matches(regex.toString(), name);
      assertThat(pattern.matches(name.toString())).as("%s of %s", glob, name).isEqualTo(wanted);
      if (wanted) {
        matched++;
        assertThat(name.toString()).startsWith(pattern.prefix());
      }
    }
    assertThat(matched).isBetween(2_000, 18_000);
  }

  /** What makes regular expressions take for ever. */
  @Test
  void matches_manyStars_endsSoon() {
    String name = "a".repeat(1_022);
    assertThat(NamePattern.of("a*".repeat(500) + "b").matches(name)).isFalse();
  }

  @Test
  void of_tooLong_isRefused() {
    assertThatThrownBy(() -> NamePattern.of("a".repeat(4_097)))
        .isInstanceOf(NsException.InvalidName.class)
        .hasMessage("pattern too long: characters=4097 max=4096");
  }
}
