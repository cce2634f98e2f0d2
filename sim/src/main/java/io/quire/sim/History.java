package io.quire.sim;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What clients asked and learned, in the order in which it was told here: an operation is to be
 * invoked here before anything of it is sent, and its end told after it was learned. Safe from any
 * thread.
 */
public final class History {
  private final LongSupplier nanos;
  private final List<Operation> operations = new ArrayList<>();
  private long order;

  /**
   * An empty history.
   *
   * @param nanos a clock, for people; order does not come from it
   */
  public History(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /** Begins an operation, whose outcome is unknown until it is told. */
  public synchronized Operation invoke(String client, String key, Action action) {
    Operation operation = new Operation(this, client, key, action, order++, nanos.getAsLong());
    operations.add(operation);
    return operation;
  }

  /** All operations in the order of their begin. */
  public synchronized List<Operation> operations() {
    return List.copyOf(operations);
  }

  synchronized Map<String, List<Operation>> byKey() {
    Map<String, List<Operation>> keys = new LinkedHashMap<>();
    for (Operation operation : operations) {
      keys.computeIfAbsent(operation.key, _ -> new ArrayList<>()).add(operation);
    }
    return keys;
  }

  synchronized void close(
      Operation operation, Operation.Outcome outcome, @Nullable String value, long version) {
    if (operation.returned != Long.MAX_VALUE || operation.outcome != Operation.Outcome.UNKNOWN) {
      throw new IllegalStateException("operation ended twice: operation=" + operation);
    }
    operation.outcome = outcome;
    operation.value = value;
    operation.version = version;
    if (outcome != Operation.Outcome.UNKNOWN) {
      operation.returned = order++;
      operation.returnedNanos = nanos.getAsLong();
    }
  }
}
