package io.quire.columns;

import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import java.util.ArrayList;
import java.util.List;

/** Filters as bytes: a version, then the tree from its root. */
final class FilterCodec {
  private static final int VERSION = 1;
  private static final int AND = 1;
  private static final int OR = 2;
  private static final int NOT = 3;
  private static final int COMPARE = 4;
  private static final int IN = 5;
  private static final int BETWEEN = 6;
  private static final int PREFIX = 7;
  private static final int IS_NULL = 8;
  private static final Filter.Op[] OPS = Filter.Op.values();

  private FilterCodec() {}

  static byte[] write(Filter filter) {
    WireWriter out = new WireWriter(64).int8(VERSION);
    write(out, filter);
    return out.toBytes();
  }

  private static void write(WireWriter out, Filter filter) {
    switch (filter) {
      case Filter.And and -> parts(out.int8(AND), and.parts());
      case Filter.Or or -> parts(out.int8(OR), or.parts());
      case Filter.Not not -> write(out.int8(NOT), not.part());
      case Filter.Compare compare -> {
        out.int8(COMPARE).uint16(compare.column()).int8(compare.op().ordinal());
        ValueCodec.write(out, compare.value());
      }
      case Filter.In in -> {
        out.int8(IN).uint16(in.column()).int32(in.values().size());
        in.values().forEach(value -> ValueCodec.write(out, value));
      }
      case Filter.Between between -> {
        out.int8(BETWEEN).uint16(between.column());
        ValueCodec.write(out, between.low());
        ValueCodec.write(out, between.high());
      }
      case Filter.Prefix prefix -> {
        out.int8(PREFIX).uint16(prefix.column());
        ValueCodec.write(out, prefix.prefix());
      }
      case Filter.IsNull isNull -> out.int8(IS_NULL).uint16(isNull.column());
    }
  }

  private static void parts(WireWriter out, List<Filter> parts) {
    out.int32(parts.size());
    parts.forEach(part -> write(out, part));
  }

  static Filter read(byte[] bytes) {
    WireReader in = new WireReader(bytes);
    int version = in.int8();
    if (version != VERSION) {
      throw new MalformedException("unknown version of filters: found=" + version);
    }
    try {
      Filter filter = read(in, 1);
      in.end();
      return filter;
    } catch (IllegalArgumentException e) {
      throw new MalformedException(String.valueOf(e.getMessage()));
    }
  }

  private static Filter read(WireReader in, int depth) {
    if (depth > FilterLimits.DEPTH_MAX) {
      throw new MalformedException("filter is too deep: max=" + FilterLimits.DEPTH_MAX);
    }
    int kind = in.int8();
    return switch (kind) {
      case AND -> new Filter.And(parts(in, depth));
      case OR -> new Filter.Or(parts(in, depth));
      case NOT -> new Filter.Not(read(in, depth + 1));
      case COMPARE -> new Filter.Compare(in.uint16(), op(in), ValueCodec.read(in));
      case IN -> new Filter.In(in.uint16(), values(in));
      case BETWEEN -> new Filter.Between(in.uint16(), ValueCodec.read(in), ValueCodec.read(in));
      case PREFIX -> new Filter.Prefix(in.uint16(), bytes(in));
      case IS_NULL -> new Filter.IsNull(in.uint16());
      default -> throw new MalformedException("not a filter: found=" + kind);
    };
  }

  private static List<Filter> parts(WireReader in, int depth) {
    int count = in.count(3);
    if (count > FilterLimits.PARTS_MAX) {
      throw new MalformedException("filter is too large: parts=" + count);
    }
    List<Filter> parts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      parts.add(read(in, depth + 1));
    }
    return parts;
  }

  private static List<Value> values(WireReader in) {
    int count = in.count(1);
    FilterLimits.literals(count);
    List<Value> values = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      values.add(ValueCodec.read(in));
    }
    return values;
  }

  private static Filter.Op op(WireReader in) {
    int op = in.int8();
    if (op < 0 || op >= OPS.length) {
      throw new MalformedException("not a comparison: found=" + op);
    }
    return OPS[op];
  }

  private static Value.Bytes bytes(WireReader in) {
    if (ValueCodec.read(in) instanceof Value.Bytes bytes) {
      return bytes;
    }
    throw new MalformedException("prefix is no bytes");
  }
}
