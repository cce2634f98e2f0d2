package io.quire.bench;

import io.quire.columns.Aggregate;
import io.quire.columns.Value;
import io.quire.datasets.Descriptor;
import io.quire.datasets.ExtentInfo;
import io.quire.datasets.Progress;
import io.quire.formats.ReadOptions;
import io.quire.formats.Tpch;
import io.quire.node.Node;
import io.quire.ns.Lifetime;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.tables.Source;
import io.quire.tables.TableQuery;
import io.quire.tables.Tables;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The eight tables of TPC-H, loaded by all nodes. */
final class TpchTables {
  private static final int ROWS_OF_A_PART = 1_000_000;
  private static final double LINES_AT_1 = 6_000_000;
  private static final int BATCH_ROWS_SMALL = 1 << 13;

  private final Tables tables;
  private final Map<String, NsObject> loaded;
  private final long bytes;

  private TpchTables(Tables tables, Map<String, NsObject> loaded, long bytes) {
    this.tables = tables;
    this.loaded = loaded;
    this.bytes = bytes;
  }

  /** Loads those that are not there yet. */
  static TpchTables load(Node node, double scale) {
    Map<String, NsObject> loaded = new LinkedHashMap<>();
    long bytes = 0;
    for (String name : Tpch.tables()) {
      String path = "/tpch-" + scale + "/" + name;
      NsObject table =
          node.namespaces()
              .lookup(NsHandle.ROOT, path)
              .orElseGet(() -> load(node.tables(), path, new Tpch(name, scale)));
      loaded.put(name, table);
      Descriptor descriptor = node.datasets().descriptor(table);
      bytes += descriptor.extents().stream().mapToLong(ExtentInfo::bytes).sum();
    }
    return new TpchTables(node.tables(), loaded, bytes);
  }

  private static NsObject load(Tables tables, String path, Tpch tpch) {
    int parts = Math.max(1, (int) (tpch.scale() * LINES_AT_1 / ROWS_OF_A_PART));
    boolean tiny = tpch.table().equals("nation") || tpch.table().equals("region");
    // With little memory a group must be small, for those of several columns are pinned at a time.
    ReadOptions options =
        tpch.scale() < 1
            ? ReadOptions.DEFAULTS.withBatch(BATCH_ROWS_SMALL, ReadOptions.DEFAULTS.batchBytes())
            : ReadOptions.DEFAULTS;
    return tables.load(
        NsHandle.ROOT,
        path,
        Lifetime.DURABLE,
        new Source.Made(tpch, tiny ? 1 : parts),
        tpch.schema(),
        options,
        Progress.NONE);
  }

  /** Of all extents together. */
  long bytes() {
    return bytes;
  }

  TableQuery query(String table) {
    NsObject found = loaded.get(table);
    if (found == null) {
      throw new IllegalArgumentException("no such table: table=" + table);
    }
    return tables.query(found);
  }

  /** A value of a row as the answers have it; dates are whole numbers here. */
  static String text(Optional<Value> value) {
    return switch (value.orElse(null)) {
      case null -> "null";
      case Value.Whole whole -> String.valueOf(whole.value());
      case Value.Exact exact -> exact.value().toPlainString();
      case Value.Bytes bytes -> new String(bytes.value(), StandardCharsets.UTF_8);
      case Value.Bool bool -> String.valueOf(bool.value());
      case Value.Real real -> String.valueOf(real.value());
    };
  }

  /** The key of a group; it is not null. */
  static long key(Aggregate.Row row, int at) {
    return row.keys().get(at).orElseThrow() instanceof Value.Whole whole
        ? whole.value()
        : Long.MIN_VALUE;
  }
}
