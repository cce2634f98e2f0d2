package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ObjectCacheTest {
  @Test
  void get_sameKeyTwice_loadsOnce() {
    ObjectCache<Integer, String> cache = new ObjectCache<>(100, String::length);
    AtomicInteger loads = new AtomicInteger();
    for (int i = 0; i < 2; i++) {
      assertThat(cache.get(7, key -> "value" + key + loads.incrementAndGet())).isEqualTo("value71");
    }
    cache.remove(7);
    assertThat(cache.get(7, key -> "again")).isEqualTo("again");
  }

  @Test
  void get_moreThanTheWeight_letsSomeGo() {
    ObjectCache<Integer, String> cache = new ObjectCache<>(100, String::length);
    for (int i = 0; i < 1000; i++) {
      cache.get(i, key -> "0123456789");
    }
    Samples.await("bounded", () -> cache.size() <= 10);
  }

  @Test
  void get_loadFails_keepsNothing() {
    ObjectCache<Integer, String> cache = new ObjectCache<>(100, String::length);
    assertThatThrownBy(
            () ->
                cache.get(
                    1,
                    key -> {
                      throw new IllegalStateException("no");
                    }))
        .hasMessage("no");
    assertThat(cache.get(1, key -> "yes")).isEqualTo("yes");
  }
}
