package io.quire.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Log;
import io.quire.base.NodeId;
import io.quire.base.Transport;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A register on the log with three ways to read it, one of which is right: the world and the
 * checker together must tell them apart.
 */
@Timeout(60)
class ReadRuleTest {
  private static final int SEEDS = 60;

  @Test
  void reads_throughTheLog_areLinearizable() {
    Seeds.forEach(1, SEEDS, seed -> new Run(seed, Rule.THROUGH_THE_LOG).check());
    Seeds.fresh(SEEDS / 2, seed -> new Run(seed, Rule.THROUGH_THE_LOG).check());
  }

  @Test
  void reads_ofTheOwnCopy_areCaught() {
    assertThatThrownBy(() -> Seeds.forEach(1, SEEDS, seed -> new Run(seed, Rule.OWN_COPY).check()))
        .hasMessageContaining("not linearizable");
  }

  @Test
  void reads_whereOneBelievesToLead_areCaught() {
    assertThatThrownBy(
            () ->
                Seeds.forEach(1, 4 * SEEDS, seed -> new Run(seed, Rule.AT_BELIEVED_LEADER).check()))
        .hasMessageContaining("not linearizable");
  }

  private enum Rule {
    THROUGH_THE_LOG,
    OWN_COPY,
    AT_BELIEVED_LEADER
  }

  /** The value is the last number appended; 0 is a read, which changes nothing. */
  private static final class Register implements Log.Projection {
    private long value;

    @Override
    public Log.Stream stream() {
      return Log.Stream.TRANSACTIONS;
    }

    @Override
    public byte[] apply(long position, byte[] payload) {
      long written = new WireReader(payload).int64();
      value = written == 0 ? value : written;
      return new WireWriter(16).int64(value).toBytes();
    }

    @Override
    public void save(WireWriter out) {
      out.int64(value);
    }

    @Override
    public void restore(long position, WireReader in) {
      value = in.int64();
    }
  }

  private static final class Run {
    private final World world;
    private final SimCluster cluster;
    private final History history;
    private final Dice dice;
    private final Rule rule;
    private final Map<NodeId, Register> registers = new HashMap<>();
    private final Map<NodeId, SimReplica> logs = new HashMap<>();
    private final Map<NodeId, SimNode> busy = new HashMap<>();
    private long last;

    Run(long seed, Rule rule) {
      this.rule = rule;
      world = new World(seed);
      dice = world.dice("test");
      history = new History(world::nanos);
      cluster = new SimCluster(world, SimCluster.names(3), 3, this::boot);
      cluster.startAll();
      // Each entry once: a register without identities cannot tell a copy.
      LogFaults all = LogFaults.draw(dice);
      cluster
          .log()
          .faults(
              new LogFaults(
                  all.lost(),
                  all.stray(),
                  0,
                  all.elections(),
                  all.stalls(),
                  all.snapshots(),
                  all.installs()));
      cluster.ids().forEach(this::client);
    }

    void check() {
      Nemesis nemesis =
          new Nemesis(
              cluster,
              Nemesis.draw(dice),
              Duration.ofMillis(dice.between(300, 3_000)),
              Duration.ofSeconds(1));
      world.runFor(Duration.ofSeconds(12));
      nemesis.stop();
      world.runFor(Duration.ofSeconds(3));
      assertThat(history.operations()).isNotEmpty();
      Linearizability.check(history).orThrow();
    }

    private void boot(SimNode node, Transport transport, SimReplica log) {
      Register register = new Register();
      log.register(register);
      registers.put(node.id(), register);
      logs.put(node.id(), log);
    }

    /** Does one thing after another; what it was at when its node died is left unknown. */
    private void client(NodeId id) {
      world.after(
          Duration.ofMillis(dice.between(1, 300)),
          "client",
          () -> {
            SimNode before = busy.get(id);
            if (cluster.alive(id) && before != cluster.node(id)) {
              busy.put(id, cluster.node(id));
              cluster
                  .node(id)
                  .loop()
                  .execute(dice.nextBoolean() ? () -> read(id) : () -> write(id));
            }
            client(id);
          });
    }

    private void read(NodeId id) {
      Operation operation = history.invoke(id.name(), "key", Action.read());
      Register register = Objects.requireNonNull(registers.get(id));
      SimReplica log = Objects.requireNonNull(logs.get(id));
      switch (rule) {
        case THROUGH_THE_LOG -> append(id, 0, operation);
        case OWN_COPY -> {
          busy.remove(id);
          end(operation, register.value);
        }
        case AT_BELIEVED_LEADER -> {
          busy.remove(id);
          if (log.leadingTerm() != 0) {
            end(operation, register.value);
          } else {
            operation.failed();
          }
        }
      }
    }

    private void write(NodeId id) {
      long value = ++last;
      append(id, value, history.invoke(id.name(), "key", Action.write("" + value)));
    }

    private void append(NodeId id, long value, Operation operation) {
      var _ =
          Objects.requireNonNull(logs.get(id))
              .append(Ledger.entry(value))
              .whenComplete(
                  (applied, error) -> {
                    busy.remove(id);
                    Throwable cause = error instanceof CompletionException e ? e.getCause() : error;
                    if (cause instanceof Log.NotAppendedException) {
                      operation.failed();
                    } else if (cause != null) {
                      operation.unknown();
                    } else {
                      end(operation, new WireReader(applied.result()).int64());
                    }
                  });
    }

    private static void end(Operation operation, long value) {
      if (operation.action() instanceof Action.Read) {
        operation.read(value == 0 ? null : "" + value, 0);
      } else {
        operation.written(0);
      }
    }
  }
}
