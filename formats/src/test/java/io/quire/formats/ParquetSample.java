package io.quire.formats;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.ObjIntConsumer;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroup;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.LocalOutputFile;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;

/** Files that Parquet's own library wrote. */
final class ParquetSample {
  private ParquetSample() {}

  static void write(
      Path path,
      String schema,
      CompressionCodecName codec,
      int rows,
      int rowsAGroup,
      ObjIntConsumer<Group> fill)
      throws IOException {
    Files.deleteIfExists(path);
    MessageType type = MessageTypeParser.parseMessageType(schema);
    try (ParquetWriter<Group> writer =
        ExampleParquetWriter.builder(new LocalOutputFile(path))
            .withConf(new PlainParquetConfiguration())
            .withType(type)
            .withCompressionCodec(codec)
            .withRowGroupRowCountLimit(rowsAGroup)
            .withPageRowCountLimit(7)
            .build()) {
      for (int row = 0; row < rows; row++) {
        Group group = new SimpleGroup(type);
        fill.accept(group, row);
        writer.write(group);
      }
    }
  }
}
