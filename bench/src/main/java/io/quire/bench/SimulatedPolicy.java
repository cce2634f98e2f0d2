package io.quire.bench;

import com.github.benmanes.caffeine.cache.simulator.admission.Admission;
import com.github.benmanes.caffeine.cache.simulator.policy.AccessEvent;
import com.github.benmanes.caffeine.cache.simulator.policy.Policy;
import com.github.benmanes.caffeine.cache.simulator.policy.Policy.Characteristic;
import com.github.benmanes.caffeine.cache.simulator.policy.PolicyStats;
import com.github.benmanes.caffeine.cache.simulator.policy.adaptive.ArcPolicy;
import com.github.benmanes.caffeine.cache.simulator.policy.irr.ClockProPlusPolicy;
import com.github.benmanes.caffeine.cache.simulator.policy.irr.LirsPolicy;
import com.github.benmanes.caffeine.cache.simulator.policy.linked.LinkedPolicy;
import com.github.benmanes.caffeine.cache.simulator.policy.linked.LinkedPolicy.EvictionPolicy;
import com.github.benmanes.caffeine.cache.simulator.policy.linked.SievePolicy;
import com.github.benmanes.caffeine.cache.simulator.policy.sketch.WindowTinyLfuPolicy;
import com.github.benmanes.caffeine.cache.simulator.policy.sketch.climbing.HillClimberWindowTinyLfuPolicy;
import com.github.benmanes.caffeine.cache.simulator.policy.two_queue.S3FifoPolicy;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A published policy as Caffeine's simulator has it, with the simulator's own settings. One of one
 * climber only, the first that it names.
 */
record SimulatedPolicy(Kind kind) implements CacheReplay {
  enum Kind {
    LRU("LRU", true),
    MRU("MRU", true),
    ARC("ARC", false),
    LIRS("LIRS", false),
    CLOCK_PRO_PLUS("ClockPro+", false),
    S3_FIFO("S3-FIFO", true),
    SIEVE("SIEVE", true),
    W_TINY_LFU("W-TinyLFU", false),
    W_TINY_LFU_CLIMBING("W-TinyLFU climbing", false);

    final String label;
    private final boolean weighs;

    Kind(String label, boolean weighs) {
      this.label = label;
      this.weighs = weighs;
    }
  }

  @Override
  public String name() {
    return kind.label;
  }

  @Override
  public boolean weighs() {
    return kind.weighs;
  }

  @Override
  public long hits(Trace trace, int memory) {
    boolean sized = trace.sized();
    Policy policy = policy(memory, sized ? Set.of(Characteristic.WEIGHTED) : Set.of());
    for (int i = 0; i < trace.length(); i++) {
      int extent = trace.use(i);
      policy.record(
          sized
              ? AccessEvent.forKeyAndWeight(extent, trace.size(extent))
              : AccessEvent.forKey(extent));
    }
    PolicyStats stats = policy.stats();
    return sized ? stats.hitsWeight() : stats.hitCount();
  }

  private Policy policy(int memory, Set<Characteristic> needs) {
    Config config =
        ConfigFactory.parseMap(
                Map.of(
                    "maximum-size",
                    memory,
                    "admission",
                    List.of("Always"),
                    "hill-climber-window-tiny-lfu.strategy",
                    List.of("simple")))
            .withFallback(
                ConfigFactory.load(SimulatedPolicy.class.getClassLoader())
                    .getConfig("caffeine.simulator"));
    return switch (kind) {
      case LRU -> new LinkedPolicy(config, needs, Admission.ALWAYS, EvictionPolicy.LRU);
      case MRU -> new LinkedPolicy(config, needs, Admission.ALWAYS, EvictionPolicy.MRU);
      case ARC -> new ArcPolicy(config);
      case LIRS -> new LirsPolicy(config);
      case CLOCK_PRO_PLUS -> new ClockProPlusPolicy(config);
      case S3_FIFO -> new S3FifoPolicy(config);
      case SIEVE -> new SievePolicy(config);
      case W_TINY_LFU -> WindowTinyLfuPolicy.policies(config).iterator().next();
      case W_TINY_LFU_CLIMBING -> HillClimberWindowTinyLfuPolicy.policies(config).iterator().next();
    };
  }
}
