package io.quire.columns;

import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/** Pipelines as bytes: a version, a count, and the steps. */
final class PipelineCodec {
  private static final int VERSION = 1;
  private static final int KEEP = 1;
  private static final int DERIVE = 2;

  private static final int COLUMN = 1;
  private static final int NUMBER = 2;
  private static final int PLUS = 3;
  private static final int MINUS = 4;
  private static final int TIMES = 5;
  private static final int LOOKUP = 6;
  private static final int WHEN = 7;

  private static final int DEPTH_MAX = 32;

  private PipelineCodec() {}

  static void checkDepth(Expression expression, int depth) {
    if (depth > DEPTH_MAX) {
      throw new IllegalArgumentException("expression is too deep: max=" + DEPTH_MAX);
    }
    switch (expression) {
      case Expression.Column _, Expression.Literal _ -> {}
      case Expression.Plus(Expression left, Expression right) -> {
        checkDepth(left, depth + 1);
        checkDepth(right, depth + 1);
      }
      case Expression.Minus(Expression left, Expression right) -> {
        checkDepth(left, depth + 1);
        checkDepth(right, depth + 1);
      }
      case Expression.Times(Expression left, Expression right) -> {
        checkDepth(left, depth + 1);
        checkDepth(right, depth + 1);
      }
      case Expression.Lookup lookup -> checkDepth(lookup.key(), depth + 1);
      case Expression.When when -> checkDepth(when.then(), depth + 1);
    }
  }

  static byte[] write(Pipeline pipeline) {
    WireWriter out = new WireWriter(64).int8(VERSION).int8(pipeline.steps().size());
    for (Pipeline.Step step : pipeline.steps()) {
      switch (step) {
        case Pipeline.Step.Keep keep -> out.int8(KEEP).bytes(keep.filter().toBytes());
        case Pipeline.Step.Derive derive -> write(out.int8(DERIVE), derive.expression());
      }
    }
    return out.toBytes();
  }

  private static void write(WireWriter out, Expression expression) {
    switch (expression) {
      case Expression.Column column -> out.int8(COLUMN).uint16(column.column());
      case Expression.Literal number ->
          out.int8(NUMBER)
              .int8(number.value().scale())
              .int64(number.value().unscaledValue().longValueExact());
      case Expression.Plus plus -> both(out.int8(PLUS), plus.left(), plus.right());
      case Expression.Minus minus -> both(out.int8(MINUS), minus.left(), minus.right());
      case Expression.Times times -> both(out.int8(TIMES), times.left(), times.right());
      case Expression.Lookup lookup ->
          write(out.int8(LOOKUP).bytes(lookup.map().toBytes()), lookup.key());
      case Expression.When when ->
          write(out.int8(WHEN).bytes(when.filter().toBytes()), when.then());
    }
  }

  private static void both(WireWriter out, Expression left, Expression right) {
    write(out, left);
    write(out, right);
  }

  static Pipeline read(byte[] bytes) {
    WireReader in = new WireReader(bytes);
    int version = in.int8();
    if (version != VERSION) {
      throw new MalformedException("unknown version of pipelines: found=" + version);
    }
    List<Pipeline.Step> steps = new ArrayList<>();
    try {
      for (int left = in.int8(); left > 0; left--) {
        int kind = in.int8();
        steps.add(
            switch (kind) {
              case KEEP -> new Pipeline.Step.Keep(Filter.read(in.bytes()));
              case DERIVE -> new Pipeline.Step.Derive(expression(in, 1));
              default -> throw new MalformedException("not a step: found=" + kind);
            });
      }
      in.end();
      return new Pipeline(steps);
    } catch (IllegalArgumentException e) {
      throw new MalformedException(String.valueOf(e.getMessage()));
    }
  }

  private static Expression expression(WireReader in, int depth) {
    if (depth > DEPTH_MAX) {
      throw new MalformedException("expression is too deep: max=" + DEPTH_MAX);
    }
    int kind = in.int8();
    return switch (kind) {
      case COLUMN -> new Expression.Column(in.uint16());
      case NUMBER -> {
        int scale = in.int8();
        yield new Expression.Literal(BigDecimal.valueOf(in.int64(), scale));
      }
      case PLUS -> new Expression.Plus(expression(in, depth + 1), expression(in, depth + 1));
      case MINUS -> new Expression.Minus(expression(in, depth + 1), expression(in, depth + 1));
      case TIMES -> new Expression.Times(expression(in, depth + 1), expression(in, depth + 1));
      case LOOKUP -> {
        KeyMap map = KeyMap.read(in.bytes());
        yield new Expression.Lookup(expression(in, depth + 1), map);
      }
      case WHEN -> {
        Filter filter = Filter.read(in.bytes());
        yield new Expression.When(filter, expression(in, depth + 1));
      }
      default -> throw new MalformedException("not an expression: found=" + kind);
    };
  }
}
