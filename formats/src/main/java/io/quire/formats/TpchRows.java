package io.quire.formats;

import io.trino.tpch.TpchEntity;
import io.trino.tpch.TpchTable;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Rows of the TPC-H generator, by the lines that it would write. */
final class TpchRows implements Rows {
  private final Iterator<? extends TpchEntity> entities;
  private final Split.OfTpch split;
  private final int[] columnOfField;
  private long row;
  private long bytes;
  private String line = "";

  TpchRows(Split.OfTpch split, List<String> wanted) {
    this.split = split;
    Tpch tpch = split.tpch();
    entities =
        TpchTable.getTable(tpch.table())
            .createGenerator(tpch.scale(), split.part() + 1, split.parts())
            .iterator();
    Map<String, Integer> places =
        IntStream.range(0, wanted.size()).boxed().collect(Collectors.toMap(wanted::get, i -> i));
    columnOfField =
        tpch.schema().getFields().stream()
            .mapToInt(field -> places.getOrDefault(field.getName(), -1))
            .toArray();
  }

  @Override
  public boolean next(Batch batch) throws BadRecord {
    if (!entities.hasNext()) {
      return false;
    }
    line = entities.next().toLine();
    byte[] b = line.getBytes(StandardCharsets.UTF_8);
    int from = 0;
    for (int field : columnOfField) {
      int to = from;
      while (to < b.length && b[to] != '|') {
        to++;
      }
      if (field >= 0) {
        batch.set(field, b, from, to - from);
      }
      from = to + 1;
    }
    row++;
    bytes += b.length;
    return true;
  }

  @Override
  public BadRow bad(String reason) {
    return new BadRow(split.toString(), BadRow.Place.ROW, row, reason, line);
  }

  @Override
  public long bytesRead() {
    return bytes;
  }

  @Override
  public void close() {
    // Nothing is open.
  }
}
