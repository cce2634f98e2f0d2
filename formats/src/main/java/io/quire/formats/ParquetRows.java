package io.quire.formats;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.OutOfMemoryException;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.column.impl.ColumnReadStoreImpl;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.GroupConverter;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.Type;
import org.jspecify.annotations.Nullable;

/** Rows of the row groups of a split. A row group is held on the heap as it is in the file. */
final class ParquetRows implements Rows {
  private final Split.OfFile split;
  private final ParquetFileReader reader;
  private final MessageType requested;
  private final int[] columnOfField;
  private final int[] missing;
  private ParquetCell @Nullable [] cells;
  private ColumnReader[] current = {};
  private int[] levelsMax = {};
  private @Nullable PageReadStore pages;
  private int group;
  private long rowsLeft;
  private long row = -1;
  private long bytes;

  ParquetRows(Split.OfFile split, ParquetFileReader reader, Schema wanted) {
    this.split = split;
    this.reader = reader;
    MessageType message = reader.getFileMetaData().getSchema();
    List<Type> types = new ArrayList<>();
    List<Integer> places = new ArrayList<>();
    List<Integer> without = new ArrayList<>();
    for (int i = 0; i < wanted.getFields().size(); i++) {
      Field field = wanted.getFields().get(i);
      if (message.containsField(field.getName())) {
        Type type = message.getType(field.getName());
        check(type, field);
        types.add(type);
        places.add(i);
      } else if (field.isNullable()) {
        without.add(i);
      } else {
        throw new FormatsException.BadSchema(
            "column missing: file=%s column=%s".formatted(split.file().uri(), field.getName()));
      }
    }
    requested = new MessageType(message.getName(), types);
    columnOfField = places.stream().mapToInt(i -> i).toArray();
    missing = without.stream().mapToInt(i -> i).toArray();
    reader.setRequestedSchema(requested);
  }

  private void check(Type type, Field wanted) {
    Field found = ParquetTypes.field(split.file().uri(), type);
    if (!ParquetTypes.fits(found.getType(), wanted.getType())) {
      throw new FormatsException.BadSchema(
          "column of another type: file=%s column=%s found=%s wanted=%s"
              .formatted(
                  split.file().uri(),
                  wanted.getName(),
                  SchemaText.type(wanted.getName(), found.getType()),
                  SchemaText.type(wanted.getName(), wanted.getType())));
    }
  }

  @Override
  public boolean next(Batch batch) throws IOException, BadRecord {
    try {
      while (rowsLeft == 0) {
        if (!nextGroup()) {
          return false;
        }
      }
      rowsLeft--;
      row++;
      read(batch);
      return true;
    } catch (FormatsException | OutOfMemoryException e) {
      throw e;
    } catch (RuntimeException e) {
      throw ParquetInput.notParquet(split.file(), e);
    }
  }

  private boolean nextGroup() throws IOException {
    if (pages != null) {
      pages.close();
      bytes += reader.getRowGroups().get(group++).getCompressedSize();
    }
    pages = reader.readNextRowGroup();
    if (pages == null) {
      return false;
    }
    rowsLeft = pages.getRowCount();
    row = pages.getRowIndexOffset().orElse(row + 1) - 1;
    ColumnReadStoreImpl columns =
        new ColumnReadStoreImpl(
            pages, new NoConverter(), requested, reader.getFileMetaData().getCreatedBy());
    List<ColumnDescriptor> descriptors = requested.getColumns();
    current = new ColumnReader[descriptors.size()];
    levelsMax = new int[descriptors.size()];
    for (int i = 0; i < current.length; i++) {
      long values = pages.getPageReader(descriptors.get(i)).getTotalValueCount();
      if (values != rowsLeft) {
        throw new FormatsException.NotTheFormat(
            split.file().uri(),
            "values of a column: column=%s found=%d rows=%d"
                .formatted(requested.getFieldName(i), values, rowsLeft));
      }
      current[i] = columns.getColumnReader(descriptors.get(i));
      levelsMax[i] = descriptors.get(i).getMaxDefinitionLevel();
    }
    return true;
  }

  private void read(Batch batch) throws BadRecord {
    ParquetCell[] to = cells;
    if (to == null) {
      to = cells(batch);
      cells = to;
    }
    BadRecord bad = null;
    for (int i = 0; i < to.length; i++) {
      ColumnReader from = current[i];
      boolean present = from.getCurrentDefinitionLevel() == levelsMax[i];
      try {
        if (bad != null) {
          // A value that is not read has to be passed, or it is taken for the next one.
          if (present) {
            from.skip();
          }
        } else if (present) {
          batch.count(to[i].set(from, batch.row()));
        } else {
          batch.setNull(columnOfField[i]);
        }
      } catch (BadRecord e) {
        bad = e;
      }
      from.consume();
    }
    if (bad != null) {
      throw bad;
    }
    for (int column : missing) {
      batch.setNull(column);
    }
  }

  private ParquetCell[] cells(Batch batch) {
    ParquetCell[] made = new ParquetCell[columnOfField.length];
    for (int i = 0; i < made.length; i++) {
      PrimitiveType type = requested.getType(i).asPrimitiveType();
      made[i] = ParquetCell.of(type, batch.columns().get(columnOfField[i]).vector());
    }
    return made;
  }

  @Override
  public BadRow bad(String reason) {
    return new BadRow(split.file().uri(), BadRow.Place.ROW, row, reason, "");
  }

  @Override
  public long bytesRead() {
    return bytes;
  }

  @Override
  public void close() throws IOException {
    if (pages != null) {
      pages.close();
    }
    reader.close();
  }

  /** The library wants converters; values are taken from the column readers instead. */
  private static final class NoConverter extends GroupConverter {
    private static final Converter NONE = new PrimitiveConverter() {};

    @Override
    public Converter getConverter(int field) {
      return NONE;
    }

    @Override
    public void start() {
      // Never called.
    }

    @Override
    public void end() {
      // Never called.
    }
  }
}
