package io.quire.tables;

import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import io.quire.formats.BadRowLimit;
import io.quire.formats.Format;
import io.quire.formats.InputFile;
import io.quire.formats.ReadOptions;
import io.quire.formats.Split;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * What every part of a load is told. A file is written as the split that it is as a whole, so each
 * node can cut it by itself.
 *
 * <pre>
 *   version     1 byte: 1
 *   schema      bytes, see TableSchema
 *   options     columns (count, strings), rows and bytes of a batch, bytes of a record, bad rows
 *               (count, bits of the share)
 *   source      1 byte: 1 files, 2 made
 *     files     bytes of a split (64 bits), count, splits (bytes)
 *     made      the first split (bytes)
 * </pre>
 *
 * @param schema of the files
 */
record LoadArguments(Source source, Schema schema, ReadOptions options) {
  private static final int VERSION = 1;
  private static final int FILES = 1;
  private static final int MADE = 2;

  byte[] toBytes() {
    WireWriter out = new WireWriter(4_096).int8(VERSION).bytes(TableSchema.write(schema));
    out.int32(options.columns().size());
    options.columns().forEach(out::string);
    out.int32(options.batchRows()).int64(options.batchBytes()).int32(options.recordBytes());
    BadRowLimit bad = options.badRows();
    out.int64(bad.count()).int64(Double.doubleToLongBits(bad.share()));
    switch (source) {
      case Source.Files(var files, Format format, long splitBytes) -> {
        out.int8(FILES).int64(splitBytes).int32(files.size());
        for (InputFile file : files) {
          out.bytes(new Split.OfFile(file, 0, file.bytes(), format).toBytes());
        }
      }
      case Source.Made made -> out.int8(MADE).bytes(made.splits().getFirst().toBytes());
    }
    return out.toBytes();
  }

  static LoadArguments read(byte[] bytes) {
    WireReader in = new WireReader(bytes);
    int version = in.int8();
    if (version != VERSION) {
      throw new MalformedException("unknown version of a load: found=" + version);
    }
    Schema schema = TableSchema.read(in.bytes());
    List<String> columns = new ArrayList<>();
    for (int left = in.count(4); left > 0; left--) {
      columns.add(in.string());
    }
    int batchRows = in.int32();
    long batchBytes = in.int64();
    int recordBytes = in.int32();
    BadRowLimit bad = new BadRowLimit(in.int64(), Double.longBitsToDouble(in.int64()));
    ReadOptions options = new ReadOptions(columns, batchRows, batchBytes, recordBytes, bad);
    Source source =
        switch (in.int8()) {
          case FILES -> files(in);
          case MADE -> made(Split.read(in.bytes()));
          default -> throw new MalformedException("not a source of a load");
        };
    in.end();
    return new LoadArguments(source, schema, options);
  }

  private static Source files(WireReader in) {
    long splitBytes = in.int64();
    List<InputFile> files = new ArrayList<>();
    Format format = Format.Csv.DEFAULT;
    for (int left = in.count(4); left > 0; left--) {
      if (!(Split.read(in.bytes()) instanceof Split.OfFile whole)) {
        throw new MalformedException("not a file of a load");
      }
      files.add(whole.file());
      format = whole.format();
    }
    return new Source.Files(files, format, splitBytes);
  }

  private static Source made(Split split) {
    if (!(split instanceof Split.OfTpch first)) {
      throw new MalformedException("not a part that is made");
    }
    return new Source.Made(first.tpch(), first.parts());
  }
}
