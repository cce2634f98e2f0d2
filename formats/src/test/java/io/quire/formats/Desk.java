package io.quire.formats;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.Schema;

/** Files, and what is read from them, as text. Closing it fails if memory of vectors is lost. */
final class Desk implements AutoCloseable {
  final Inputs inputs = Inputs.open(Map.of());
  final BufferAllocator allocator = new RootAllocator();
  final List<BadRow> bad = new ArrayList<>();
  private final Path directory;

  Desk(Path directory) {
    this.directory = directory;
  }

  /** Writes a file, and finds it. */
  InputFile file(String name, String text) throws IOException {
    return file(name, text.getBytes(StandardCharsets.UTF_8));
  }

  InputFile file(String name, byte[] bytes) throws IOException {
    Path path = directory.resolve(name);
    Files.write(path, bytes);
    return inputs.find(List.of(path.toString())).getFirst();
  }

  /** All rows of a file, read in one split. */
  List<String> rows(InputFile file, Format format, String schema, ReadOptions options) {
    return rows(whole(file, format), SchemaText.parse(schema), options);
  }

  static List<Split> whole(InputFile file, Format format) {
    return List.of(new Split.OfFile(file, 0, file.bytes(), format));
  }

  /** All rows of some splits; values with bars between them. */
  List<String> rows(List<Split> splits, Schema schema, ReadOptions options) {
    List<String> rows = new ArrayList<>();
    for (Split split : splits) {
      Split sent = Split.read(split.toBytes());
      try (RecordSource source = inputs.read(sent, schema, options, allocator, bad::add)) {
        while (source.next()) {
          for (int row = 0; row < source.batch().getRowCount(); row++) {
            rows.add(text(source.batch(), row));
          }
        }
      }
    }
    return rows;
  }

  static String text(VectorSchemaRoot batch, int row) {
    return batch.getFieldVectors().stream()
        .map(vector -> text(vector, row))
        .collect(Collectors.joining("|"));
  }

  private static String text(FieldVector vector, int row) {
    Object value = vector.getObject(row);
    return value instanceof byte[] bytes
        ? new String(bytes, StandardCharsets.ISO_8859_1)
        : String.valueOf(value);
  }

  /** Reasons of the bad rows, with their places. */
  List<String> reasons() {
    return bad.stream().map(row -> row.at() + ": " + row.reason()).toList();
  }

  @Override
  public void close() {
    allocator.close();
    inputs.close();
  }
}
