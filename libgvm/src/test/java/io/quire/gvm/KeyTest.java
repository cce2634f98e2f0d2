package io.quire.gvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class KeyTest {
  @Test
  void number_andName_areThoseOfItsPlace() {
    Key number = Key.of("x/1f");
    assertThat(number.isNumber()).isTrue();
    assertThat(number.isNamed()).isFalse();
    assertThat(number.number()).isEqualTo(0x1f);
    assertThatThrownBy(number::name)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("no name in the key: key=x/1f");
    Key named = Key.of("n/1f:a/b");
    assertThat(named.isNumber()).isFalse();
    assertThat(named.isNamed()).isTrue();
    assertThat(named.number()).isEqualTo(0x1f);
    assertThat(named.name()).isEqualTo("a/b");
    Key other = Key.of("/a");
    assertThat(other.isNumber() || other.isNamed()).isFalse();
    assertThat(other.text()).isEqualTo("/a");
    assertThatThrownBy(other::number)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("no number in the key: key=/a");
  }

  @Test
  void what_isNoKey_isRefused() {
    assertThatThrownBy(() -> Key.of(""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("key out of range: bytes=0 allowed=1..1200");
    assertThatThrownBy(() -> Key.of("\u20ac".repeat(401)))
        .hasMessage("key out of range: bytes=1203 allowed=1..1200");
    assertThatThrownBy(() -> Key.of("a\ud83d")).hasMessage("key has half a character: bytes=2");
  }
}
