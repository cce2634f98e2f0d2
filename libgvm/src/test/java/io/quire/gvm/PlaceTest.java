package io.quire.gvm;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PlaceTest {
  @Test
  void numbers_standAsNumbers() {
    assertThat(Place.of("x/0")).isEqualTo(0L);
    assertThat(Place.of("x/1f")).isEqualTo(0x1fL);
    assertThat(Place.of("x/ffffffffffffffff")).isEqualTo(-1L);
  }

  @Test
  void whatOnlyLooksLikeANumber_standsAsItIs() {
    for (String key : new String[] {"x", "x/", "x/01", "x/00", "x/1F", "x/1g", "/x/1", "n/1"}) {
      assertThat(Place.of(key)).isEqualTo(key);
    }
    assertThat(Place.of("x/10000000000000000")).isEqualTo("x/10000000000000000");
  }

  @Test
  void names_standWithTheirNumber() {
    for (String key :
        new String[] {"n/0/", "n/1f/a", "n/ffffffffffffffff/a/b", "n/7//x", "n/0:a", "n/1f::"}) {
      assertThat(Place.of(key)).as(key).isInstanceOf(Place.Named.class);
      assertThat(Place.key(Place.of(key))).isEqualTo(key);
    }
    assertThat(Place.of("n/1f/a")).isEqualTo(new Place.Named(0x1f, "/a"));
    assertThat(Place.of("n/1f:a/b")).isEqualTo(new Place.Named(0x1f, "a/b"));
    for (String key :
        new String[] {
          "n/", "n//a", "n/01/a", "n/1F/a", "n/10000000000000000/a", "n/1f", "n/1f:/a", "n/1f-a"
        }) {
      assertThat(Place.of(key)).isEqualTo(key);
    }
  }

  @Test
  void everyNumber_comesBackAsItsKey() {
    for (int bit = 0; bit < 64; bit++) {
      for (long number : new long[] {1L << bit, (1L << bit) - 1, ~(1L << bit)}) {
        String key = "x/" + Long.toHexString(number);
        assertThat(Place.of(key)).isEqualTo(number);
        assertThat(Place.key(Place.of(key))).isEqualTo(key);
      }
    }
    assertThat(Place.key(Place.of("n/0/a"))).isEqualTo("n/0/a");
  }
}
