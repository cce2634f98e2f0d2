package io.quire.formats;

import java.io.IOException;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.io.IOUtils;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopStreams;
import org.apache.parquet.io.SeekableInputStream;

/** A file as Parquet's library wants it: opened by us, once. */
record ParquetInput(InputFile file, FSDataInputStream in)
    implements org.apache.parquet.io.InputFile {
  @Override
  public long getLength() {
    return file.bytes();
  }

  @Override
  public SeekableInputStream newStream() {
    return HadoopStreams.wrap(in);
  }

  /** Opens the row groups whose middles lie in a range. Closes the stream if it fails. */
  static ParquetFileReader open(FileSystems files, InputFile file, long from, long to) {
    FSDataInputStream in = files.open(file);
    boolean opened = false;
    try {
      ParquetReadOptions options =
          ParquetReadOptions.builder(new PlainParquetConfiguration())
              .withRange(from, to)
              .withUseHadoopVectoredIo(false)
              .usePageChecksumVerification(true)
              .build();
      ParquetFileReader reader = ParquetFileReader.open(new ParquetInput(file, in), options);
      opened = true;
      return reader;
    } catch (IOException e) {
      throw FileSystems.failed(file.uri(), e);
    } catch (RuntimeException e) {
      throw notParquet(file, e);
    } finally {
      if (!opened) {
        IOUtils.closeStream(in);
      }
    }
  }

  static FormatsException notParquet(InputFile file, Throwable e) {
    return e instanceof FormatsException known
        ? known
        : new FormatsException.NotTheFormat(file.uri(), String.valueOf(e), e);
  }

  @Override
  public String toString() {
    return file.uri();
  }
}
