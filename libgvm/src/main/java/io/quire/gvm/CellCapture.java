package io.quire.gvm;

import io.quire.base.Log.Capture;
import io.quire.base.WireWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The cells of one moment, written while they go on to change.
 *
 * <p>Cells are immutable records, so it is enough to know which one a key had. Until all of them
 * have been looked at, the loop notes here what a key had <em>before</em> it replaces it in the
 * table. Whoever writes looks at the table and then at the notes. If there is no note of a key
 * after its cell was taken from the table, that cell was there at the moment; if there is one, it
 * says what was. A key that was taken out of the table meanwhile is found in the notes alone. The
 * moment itself costs the loop nothing but an assignment, and each change of a key one entry of a
 * map, once.
 */
final class CellCapture implements Capture {
  private static final Versioned ABSENT = Versioned.of(new byte[0], 0);

  private final Consumer<BiConsumer<String, Versioned>> table;
  private final ConcurrentHashMap<String, Versioned> before = new ConcurrentHashMap<>();
  private volatile boolean over;
  private volatile boolean overtaken;

  /** Captures what the table holds now. On the loop. */
  CellCapture(Consumer<BiConsumer<String, Versioned>> table) {
    this.table = table;
  }

  /** Whether nothing needs to be noted any more. */
  boolean over() {
    return over;
  }

  /** Notes what a key has, before that is replaced. On the loop. */
  void replacing(String key, @Nullable Versioned old) {
    before.putIfAbsent(key, old == null ? ABSENT : old);
  }

  /** The whole table is replaced: there is nothing to be had any more. On the loop. */
  void overtake() {
    overtaken = true;
    over = true;
  }

  @Override
  public void write(WireWriter out) {
    List<Map.Entry<String, Versioned>> cells = collect();
    cells.sort(Map.Entry.comparingByKey());
    out.int32(cells.size());
    for (Map.Entry<String, Versioned> entry : cells) {
      Versioned cell = entry.getValue();
      out.string(entry.getKey()).int64(cell.version()).bytes(cell.value());
    }
  }

  private List<Map.Entry<String, Versioned>> collect() {
    List<Map.Entry<String, Versioned>> cells = new ArrayList<>();
    table.accept((key, cell) -> cells.add(Map.entry(key, cell)));
    Map<String, Versioned> noted = new HashMap<>(before);
    over = true;
    if (overtaken) {
      throw new IllegalStateException("cells were replaced while they were saved");
    }
    if (!noted.isEmpty()) {
      cells.removeIf(entry -> noted.containsKey(entry.getKey()));
      noted.forEach(
          (key, cell) -> {
            if (cell != ABSENT) {
              cells.add(Map.entry(key, cell));
            }
          });
    }
    return cells;
  }

  @Override
  public void close() {
    over = true;
  }
}
