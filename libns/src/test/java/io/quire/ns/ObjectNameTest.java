package io.quire.ns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ObjectNameTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "a",
        "/a",
        "/a/b",
        "a/b",
        ":",
        ":/a",
        "0:a",
        "/ä",
        "/a b",
        "/.",
        "/..",
        "/\uD83D\uDE00",
        "/n%2Fx"
      })
  void check_aName_isAnsweredAsItIs(String name) {
    assertThat(ObjectName.check(name)).isSameAs(name);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ''          | is empty
          /           | has nothing behind the slash
          /a/         | ends with a slash
          a/          | ends with a slash
          //          | ends with a slash
          //a         | has an empty segment
          /a//b       | has an empty segment
          """)
  void check_notAName_saysWhy(String name, String why) {
    assertThatThrownBy(() -> ObjectName.check(name))
        .isInstanceOf(NsException.InvalidName.class)
        .hasMessage("not a name: name=" + (name.isEmpty() ? "''" : name) + " " + why);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/a\n", "/a\u0000", "/a\u007f", "/a\u0085"})
  void check_controlCharacter_isNotRepeatedInTheText(String name) {
    assertThatThrownBy(() -> ObjectName.check(name))
        .isInstanceOf(NsException.InvalidName.class)
        .hasMessage("not a name: name=/a? has a control character");
  }

  @ParameterizedTest
  @ValueSource(chars = {'\uD83D', '\uDE00'})
  void check_halfACharacter_wouldComeBackAsAnotherName(char half) {
    assertThatThrownBy(() -> ObjectName.check("/a" + half))
        .isInstanceOf(NsException.InvalidName.class)
        .hasMessage("not a name: name=/a? has half a character");
  }

  @Test
  void check_length_isCountedInBytes() {
    String longest = "/" + "ä".repeat(510) + "x";
    assertThat(ObjectName.check(longest)).isSameAs(longest);
    assertThatThrownBy(() -> ObjectName.check(longest + "x"))
        .isInstanceOf(NsException.InvalidName.class)
        .hasMessage("not a name: name=" + longest.substring(0, 40) + "... bytes=1023 max=1022");
  }
}
