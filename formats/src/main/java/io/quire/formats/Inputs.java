package io.quire.formats;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.apache.parquet.hadoop.ParquetFileReader;

/**
 * Finds input files, the columns that are in them, and reads them. Holds the connections to file
 * systems. Any thread; a source that it opened is for one.
 *
 * <p>A load does it in four steps, the last one for each split, on any node and again if need be:
 *
 * <pre>{@code
 * List<InputFile> files = inputs.find(List.of("hdfs://cluster/2026/*.csv"));
 * Schema schema = inputs.infer(files, Format.Csv.DEFAULT, Sampling.DEFAULTS);
 * List<Split> splits = Split.cut(files, Format.Csv.DEFAULT, Split.TARGET_BYTES);
 * try (RecordSource source = inputs.read(split, schema, options, allocator, badRows)) {
 *   while (source.next()) {
 *     use(source.batch());
 *   }
 * }
 * }</pre>
 */
public final class Inputs implements AutoCloseable {
  private final FileSystems files;

  private Inputs(FileSystems files) {
    this.files = files;
  }

  /**
   * Opens it. Connects to nothing yet.
   *
   * @param settings of Hadoop's file systems; they win over its configuration files
   */
  public static Inputs open(Map<String, String> settings) {
    return new Inputs(new FileSystems(settings));
  }

  /**
   * Finds files, in the order of their URIs, each once.
   *
   * @param patterns paths, or URIs of any Hadoop file system; without a scheme they are local. They
   *     may have {@code *}, {@code ?}, {@code [a-c]}, {@code {a,b}}, none of which passes a slash,
   *     and a backslash before what is meant literally. A directory stands for all files below it.
   *     Files and directories whose names begin with a dot or an underscore are left out, unless
   *     the last part of the pattern does, too
   * @throws FormatsException.NothingFound if a pattern matches no file
   * @throws FormatsException.NoPermission if a directory may not be listed
   * @throws FormatsException.UnknownScheme if no file system has the scheme
   * @throws FormatsException.BadRequest if a pattern is none
   * @throws FormatsException.Unreadable if a file system fails
   */
  public List<InputFile> find(List<String> patterns) {
    return new Finder(files).find(patterns);
  }

  /**
   * Finds a schema. Of CSV and JSON lines a sample is read, and each column has the narrowest of
   * bool, long, double (or decimal), date, timestamp, instant and string that all its values have.
   * It may be null if a null was seen, or if not all of the input was. Without a header the columns
   * are {@code f0}, {@code f1} and so on. Of Parquet it is the schema of the first file. {@link
   * SchemaText#override} replaces single columns.
   *
   * @throws FormatsException.BadSchema if there is nothing to find columns in
   * @throws FormatsException.Unsupported if a column of Parquet is not flat, or of a type that is
   *     not read
   */
  public Schema infer(List<InputFile> from, Format format, Sampling sampling) {
    if (from.isEmpty()) {
      throw new FormatsException.BadSchema("nothing to find columns in: files=0");
    }
    return switch (format) {
      case Format.Csv csv -> new Inference(files, sampling).csv(from, csv);
      case Format.JsonLines _ -> new Inference(files, sampling).json(from);
      case Format.Parquet _ -> parquet(from.getFirst());
      case Format.Raw _ ->
          new Schema(List.of(SchemaText.field(RawRows.COLUMN, new ArrowType.Binary(), false)));
    };
  }

  private Schema parquet(InputFile file) {
    try (ParquetFileReader reader = ParquetInput.open(files, file, 0, file.bytes())) {
      return ParquetTypes.schema(file.uri(), reader.getFileMetaData().getSchema());
    } catch (IOException e) {
      throw FileSystems.failed(file.uri(), e);
    }
  }

  /**
   * Opens a split. It gives the same rows in the same order whenever and wherever it is read.
   *
   * @param schema of the files. Without a header its columns are those of CSV in their order; else
   *     they are found by name, and one that is not in a file is null
   * @param allocator for the batches; what they hold is given back when the source is closed
   * @param badRows takes what cannot be read
   * @throws FormatsException.FileChanged if the file is not the one that was found
   * @throws FormatsException.BadSchema if the schema does not fit the file, or a wanted column is
   *     not in the schema
   * @throws FormatsException.NotTheFormat if the file is of another format
   */
  public RecordSource read(
      Split split, Schema schema, ReadOptions options, BufferAllocator allocator, BadRows badRows) {
    Schema wanted = project(schema, options.columns());
    Batch batch = new Batch(wanted, allocator, options.batchRows(), options.batchBytes());
    boolean opened = false;
    try {
      Rows rows = new Opening(files, schema, wanted, options.recordBytes()).open(split);
      opened = true;
      return new BatchSource(split, rows, batch, options.badRows(), badRows);
    } catch (IOException e) {
      throw FileSystems.failed(split.toString(), e);
    } finally {
      if (!opened) {
        batch.close();
      }
    }
  }

  private static Schema project(Schema schema, List<String> columns) {
    Map<String, Field> fields = new HashMap<>();
    for (Field field : schema.getFields()) {
      if (fields.put(field.getName(), field) != null) {
        throw new FormatsException.BadSchema("column twice: name=" + field.getName());
      }
    }
    if (columns.isEmpty()) {
      return schema;
    }
    return new Schema(
        columns.stream()
            .map(
                column -> {
                  Field field = fields.get(column);
                  if (field == null) {
                    throw new FormatsException.BadSchema(
                        "no such column: wanted=%s known=%s"
                            .formatted(column, Opening.names(schema)));
                  }
                  return field;
                })
            .toList());
  }

  @Override
  public void close() {
    files.close();
  }
}
