package io.quire.formats;

import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;

/** The bytes of a split; the layout is in docs/formats/split.md. */
final class SplitCodec {
  static final int BYTES_MAX = 64 << 10;

  private static final int VERSION = 1;
  private static final int OF_FILE = 1;
  private static final int OF_TPCH = 2;
  private static final int CSV = 1;
  private static final int JSON_LINES = 2;
  private static final int PARQUET = 3;
  private static final int RAW = 4;

  private SplitCodec() {}

  static byte[] write(Split split) {
    WireWriter out = new WireWriter().int8(VERSION);
    switch (split) {
      case Split.OfFile part -> {
        out.int8(OF_FILE)
            .string(part.file().uri())
            .int64(part.file().bytes())
            .int64(part.file().modifiedMillis())
            .int64(part.offset())
            .int64(part.bytes());
        write(out, part.format());
      }
      case Split.OfTpch part ->
          out.int8(OF_TPCH)
              .string(part.tpch().table())
              .int64(Double.doubleToLongBits(part.tpch().scale()))
              .int32(part.part())
              .int32(part.parts());
    }
    if (out.length() > BYTES_MAX) {
      throw new IllegalArgumentException("split too large: bytes=" + out.length());
    }
    return out.toBytes();
  }

  private static void write(WireWriter out, Format format) {
    switch (format) {
      case Format.Csv csv ->
          out.int8(CSV)
              .int8(csv.delimiter())
              .int8(csv.quote())
              .bool(csv.header())
              .string(csv.nullText())
              .int8(csv.comment())
              .bool(csv.multiline())
              .bool(csv.closed());
      case Format.JsonLines lines -> out.int8(JSON_LINES).bool(lines.refuseUnknown());
      case Format.Parquet _ -> out.int8(PARQUET);
      case Format.Raw raw -> out.int8(RAW).int32(raw.blockBytes());
    }
  }

  static Split read(byte[] bytes) {
    if (bytes.length > BYTES_MAX) {
      throw new MalformedException("split too large: bytes=" + bytes.length);
    }
    WireReader in = new WireReader(bytes);
    int version = in.int8();
    if (version != VERSION) {
      throw new MalformedException("version of a split: found=" + version + " wanted=" + VERSION);
    }
    try {
      int kind = in.int8();
      Split split =
          switch (kind) {
            case OF_FILE -> {
              InputFile file = new InputFile(in.string(), in.int64(), in.int64());
              yield new Split.OfFile(file, in.int64(), in.int64(), readFormat(in));
            }
            case OF_TPCH -> {
              Tpch tpch = new Tpch(in.string(), Double.longBitsToDouble(in.int64()));
              yield new Split.OfTpch(tpch, in.int32(), in.int32());
            }
            default -> throw new MalformedException("kind of a split: found=" + kind);
          };
      in.end();
      return split;
    } catch (IllegalArgumentException | FormatsException e) {
      throw new MalformedException("not a split: reason=" + e.getMessage());
    }
  }

  private static Format readFormat(WireReader in) {
    int kind = in.int8();
    return switch (kind) {
      case CSV ->
          new Format.Csv(
              character(in),
              character(in),
              in.bool(),
              in.string(),
              character(in),
              in.bool(),
              in.bool());
      case JSON_LINES -> new Format.JsonLines(in.bool());
      case PARQUET -> new Format.Parquet();
      case RAW -> new Format.Raw(in.int32());
      default -> throw new MalformedException("format of a split: found=" + kind);
    };
  }

  private static char character(WireReader in) {
    return (char) (in.int8() & 0xff);
  }
}
