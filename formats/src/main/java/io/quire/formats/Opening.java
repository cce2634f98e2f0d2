package io.quire.formats;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.io.IOUtils;
import org.apache.parquet.hadoop.ParquetFileReader;

/** Opens splits: finds where their first record begins, and where fields go. */
final class Opening {
  static final int SAMPLE_RECORD_BYTES = 16 << 20;

  private final FileSystems files;
  private final Schema schema;
  private final Schema wanted;
  private final int recordBytes;

  /**
   * Opens splits of one schema.
   *
   * @param schema all columns
   * @param wanted those of the batches
   */
  Opening(FileSystems files, Schema schema, Schema wanted, int recordBytes) {
    this.files = files;
    this.schema = schema;
    this.wanted = wanted;
    this.recordBytes = recordBytes;
  }

  Rows open(Split split) throws IOException {
    return switch (split) {
      case Split.OfTpch part -> tpch(part);
      case Split.OfFile part ->
          switch (part.format()) {
            case Format.Csv csv -> csv(part, csv);
            case Format.JsonLines json ->
                new JsonRows(
                    part,
                    json,
                    lines(files, part.file(), part.offset(), part.end(), recordBytes),
                    recordBytes,
                    names(schema),
                    names(wanted));
            case Format.Parquet _ -> parquet(part);
            case Format.Raw raw -> raw(part, raw);
          };
    };
  }

  static List<String> names(Schema schema) {
    return schema.getFields().stream().map(Field::getName).toList();
  }

  private Rows tpch(Split.OfTpch split) {
    Schema made = split.tpch().schema();
    for (Field field : wanted.getFields()) {
      if (!made.getFields().contains(field)) {
        throw new FormatsException.BadSchema(
            "no such column: table=%s column=%s".formatted(split.tpch(), field));
      }
    }
    return new TpchRows(split, names(wanted));
  }

  private Rows csv(Split.OfFile split, Format.Csv csv) throws IOException {
    List<String> header = names(schema);
    long begin = split.offset();
    if (csv.header()) {
      InputFile file = split.file();
      CsvSample sample = new CsvSample(csv.nullText());
      try (CsvRecords records =
          new CsvRecords(
              lines(files, file, 0, file.bytes(), recordBytes),
              csv,
              recordBytes,
              file.uri(),
              sample)) {
        header = header(file.uri(), records, sample.fields, csv);
        begin = Math.max(begin, records.nextAt());
      }
    }
    CsvRows.Mapping mapping = CsvRows.map(split.file().uri(), header, names(wanted));
    for (int column : mapping.missing()) {
      Field field = wanted.getFields().get(column);
      if (!field.isNullable()) {
        throw new FormatsException.BadSchema(
            "column missing: file=%s column=%s header=%s"
                .formatted(split.file().uri(), field.getName(), header));
      }
    }
    LineReader lines = lines(files, split.file(), begin, split.end(), recordBytes);
    return new CsvRows(split, csv, lines, recordBytes, mapping);
  }

  /** Reads the names of the columns, which the first record has. */
  static List<String> header(
      String file, CsvRecords records, List<CsvSample.Value> fields, Format.Csv csv)
      throws IOException {
    try {
      if (!records.next()) {
        return List.of();
      }
    } catch (BadRecord e) {
      throw new FormatsException.NotTheFormat(file, "header cannot be read: " + e.reason());
    }
    int count = fields.size() - (csv.closed() && fields.getLast().bytes().length == 0 ? 1 : 0);
    Set<String> names = new LinkedHashSet<>();
    for (int i = 0; i < count; i++) {
      String name = fields.get(i).text();
      if (!names.add(name.isEmpty() ? "f" + i : name)) {
        throw new FormatsException.BadSchema(
            "column twice in the header: file=%s column=%s".formatted(file, name));
      }
    }
    return new ArrayList<>(names);
  }

  /** Names of columns that have none. */
  static List<String> numbered(int count) {
    return IntStream.range(0, count).mapToObj(i -> "f" + i).toList();
  }

  /** The lines that begin in a range of a file. */
  static LineReader lines(FileSystems files, InputFile file, long from, long to, int lineMax)
      throws IOException {
    FSDataInputStream in = files.open(file);
    boolean opened = false;
    try {
      LineReader lines;
      if (from == 0) {
        lines = new LineReader(in, 0, to, lineMax);
      } else {
        // The line in which the byte before lies is not of this range, whether it ends there or
        // goes on.
        in.seek(from - 1);
        lines = new LineReader(in, from - 1, Math.max(to, from), lineMax);
        lines.next();
        lines.endAt(to);
      }
      opened = true;
      return lines;
    } finally {
      if (!opened) {
        IOUtils.closeStream(in);
      }
    }
  }

  private Rows parquet(Split.OfFile split) throws IOException {
    ParquetFileReader reader = ParquetInput.open(files, split.file(), split.offset(), split.end());
    boolean opened = false;
    try {
      Rows rows = new ParquetRows(split, reader, wanted);
      opened = true;
      return rows;
    } catch (RuntimeException e) {
      throw ParquetInput.notParquet(split.file(), e);
    } finally {
      if (!opened) {
        reader.close();
      }
    }
  }

  private Rows raw(Split.OfFile split, Format.Raw raw) throws IOException {
    List<Field> fields = wanted.getFields();
    if (fields.size() != 1 || !(fields.getFirst().getType() instanceof ArrowType.Binary)) {
      throw new FormatsException.BadSchema(
          "raw bytes are one column of binary: found=" + SchemaText.print(wanted));
    }
    FSDataInputStream in = files.open(split.file());
    boolean opened = false;
    try {
      in.seek(Math.min(RawRows.firstAt(split, raw), split.file().bytes()));
      opened = true;
      return new RawRows(split, raw, in);
    } finally {
      if (!opened) {
        IOUtils.closeStream(in);
      }
    }
  }
}
