package io.quire.fabric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Address;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class FabricConfigTest {
  private static final FabricConfig DEFAULTS = FabricConfig.of(new Address("127.0.0.1", 0));

  @Test
  void defaults_takeAnExtentOfEightMebibytes() {
    assertThat(DEFAULTS.frameBytesMax()).isEqualTo((8 << 20) + (64 << 10));
    assertThat(DEFAULTS.withAdvertisedHost("n1.example.org").advertisedHost())
        .isEqualTo("n1.example.org");
  }

  @Test
  void outOfRange_isRefusedByName() {
    Duration patience = Duration.ofSeconds(1);

    assertThatThrownBy(() -> DEFAULTS.withLimits(1000, 1, 1 << 20))
        .hasMessageContaining("frameBytesMax");
    assertThatThrownBy(() -> DEFAULTS.withLimits(1 << 20, 0, 1 << 20))
        .hasMessageContaining("requestsMax");
    assertThatThrownBy(() -> DEFAULTS.withLimits(1 << 20, 1, 1))
        .hasMessageContaining("queueBytesMax");
    assertThatThrownBy(() -> DEFAULTS.withPatience(Duration.ZERO, patience))
        .hasMessageContaining("connectDeadline");
    assertThatThrownBy(() -> DEFAULTS.withPatience(patience, Duration.ofMillis(99)))
        .hasMessageContaining("silenceMax");
  }

  @Test
  void discovery_withoutAClusterName_isRefused() {
    assertThatThrownBy(() -> new DiscoveryConfig(" ", new Address("127.0.0.1", 0), List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
