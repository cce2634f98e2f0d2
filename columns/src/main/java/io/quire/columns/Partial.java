package io.quire.columns;

import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.jspecify.annotations.Nullable;

/**
 * What an {@link Aggregate} has counted so far: of some rows, to be merged with that of others,
 * here or on another node. Confined to one thread at a time. After any method has thrown, it must
 * not be used any more.
 */
public final class Partial {
  private static final int VERSION = 1;
  private static final Domain.Kind[] KINDS = Domain.Kind.values();

  private final Aggregate aggregate;
  private @Nullable State state;

  /** What is known once the types of the columns are. */
  private record State(GroupTable groups, List<Optional<Domain>> measured, List<Tally> tallies) {
    static State of(Aggregate aggregate, List<Domain> by, List<Optional<Domain>> measured) {
      List<Tally> tallies = new ArrayList<>();
      for (int i = 0; i < measured.size(); i++) {
        tallies.add(Tally.of(aggregate.measures().get(i).kind(), measured.get(i).orElse(null)));
      }
      return new State(new GroupTable(by, aggregate.groupsMax()), measured, tallies);
    }

    void grow() {
      tallies.forEach(tally -> tally.grow(groups.size()));
    }

    boolean isLike(List<Domain> by, List<Optional<Domain>> others) {
      return groups.domains().equals(by) && measured.equals(others);
    }
  }

  Partial(Aggregate aggregate) {
    this.aggregate = aggregate;
  }

  /** What is counted. */
  public Aggregate aggregate() {
    return aggregate;
  }

  /** How many groups there are so far. */
  public int groups() {
    return state == null ? 0 : state.groups.size();
  }

  /**
   * Adds the chosen rows.
   *
   * @throws IllegalArgumentException if the group lacks a column, a column is of another type than
   *     in groups before, or of one that cannot be grouped by or measured so, or bytes to group by
   *     or an extreme are longer than 65,535
   * @throws Aggregate.TooManyGroups beyond the limit
   * @throws ArithmeticException if an exact sum is beyond 128 bits
   */
  public void add(RowGroup group, Selection rows) {
    if (rows.rows() != group.rows()) {
      throw new IllegalArgumentException(
          "selection of another group: rows=" + rows.rows() + " wanted=" + group.rows());
    }
    List<Lane> by = aggregate.by().stream().map(c -> new Lane(group.column(c))).toList();
    List<Optional<Lane>> measured =
        aggregate.measures().stream().map(measure -> lane(measure, group)).toList();
    State to = stateOf(by.stream().map(Partial::domain).toList(), domains(measured));
    int[] chosen = rows.toArray();
    int[] numbers = new int[Lane.RUN];
    int[] run = new int[Lane.RUN];
    long[][] keys = new long[by.size()][Lane.RUN];
    int next = 0;
    for (int from = 0; next < chosen.length; from += Lane.RUN) {
      int count = Math.min(Lane.RUN, group.rows() - from);
      int size = 0;
      while (next < chosen.length && chosen[next] < from + count) {
        run[size++] = chosen[next++];
      }
      if (size > 0) {
        number(to.groups, by, keys, new Tally.Run(from, count, run, numbers, size));
        to.grow();
        for (int i = 0; i < to.tallies.size(); i++) {
          Tally.Run added = new Tally.Run(from, count, run, numbers, size);
          to.tallies.get(i).add(measured.get(i).orElse(null), added);
        }
      }
    }
  }

  /** Finds the group of each row. */
  private static void number(GroupTable groups, List<Lane> by, long[][] keys, Tally.Run run) {
    boolean[] isLong = new boolean[by.size()];
    for (int c = 0; c < keys.length; c++) {
      isLong[c] = domain(by.get(c)).keys() == Domain.Keys.LONG;
      if (isLong[c]) {
        by.get(c).keys(run.from(), run.count(), keys[c]);
      }
    }
    for (int i = 0; i < run.size(); i++) {
      int row = run.rows()[i];
      groups.begin();
      for (int c = 0; c < keys.length; c++) {
        Lane lane = by.get(c);
        if (!lane.isValid(row)) {
          groups.setNull(c);
        } else if (isLong[c]) {
          groups.set(c, keys[c][row - run.from()]);
        } else {
          groups.set(c, lane.bytes(), lane.start(row), lane.end(row));
        }
      }
      run.groups()[i] = groups.find();
    }
  }

  private static Optional<Lane> lane(Aggregate.Measure measure, RowGroup group) {
    if (measure.kind() == Aggregate.Kind.ROWS) {
      return Optional.empty();
    }
    FieldVector vector = group.column(measure.column());
    ArrowType type = vector.getField().getType();
    boolean isSum = measure.kind() == Aggregate.Kind.SUM || measure.kind() == Aggregate.Kind.AVG;
    if (isSum
        && !(type instanceof ArrowType.Int
            || type instanceof ArrowType.Decimal
            || type instanceof ArrowType.FloatingPoint)) {
      throw new IllegalArgumentException("no such sum: measure=" + measure + " type=" + type);
    }
    return Optional.of(new Lane(vector));
  }

  private static Domain domain(Lane lane) {
    Domain domain = lane.domain();
    if (domain == null) {
      throw new IllegalArgumentException("values to group by do not compare");
    }
    return domain;
  }

  private static List<Optional<Domain>> domains(List<Optional<Lane>> lanes) {
    return lanes.stream().map(lane -> lane.flatMap(l -> Optional.ofNullable(l.domain()))).toList();
  }

  private State stateOf(List<Domain> by, List<Optional<Domain>> measured) {
    if (state == null) {
      state = State.of(aggregate, by, measured);
    }
    if (!state.isLike(by, measured)) {
      throw new IllegalArgumentException(
          "columns have other types: by=%s measured=%s wantedBy=%s wantedMeasured=%s"
              .formatted(by, measured, state.groups.domains(), state.measured));
    }
    return state;
  }

  /**
   * Adds what another partial of an equal aggregate has; that one stays as it is.
   *
   * @throws IllegalArgumentException if it is of another aggregate, or its columns have other types
   * @throws Aggregate.TooManyGroups beyond the limit
   * @throws ArithmeticException if an exact sum is beyond 128 bits
   */
  public void merge(Partial other) {
    if (!other.aggregate.equals(aggregate)) {
      throw new IllegalArgumentException(
          "another aggregate: found=" + other.aggregate + " wanted=" + aggregate);
    }
    State from = other.state;
    if (from == null) {
      return;
    }
    State to = stateOf(from.groups.domains(), from.measured);
    for (int group = 0; group < from.groups.size(); group++) {
      int number = to.groups.find(from.groups, group);
      to.grow();
      for (int i = 0; i < to.tallies.size(); i++) {
        to.tallies.get(i).merge(number, from.tallies.get(i), group);
      }
    }
  }

  /**
   * The groups, ordered by their keys, null last. Without columns to group by there is always one.
   * More can be added afterwards.
   */
  public List<Aggregate.Row> finish() {
    List<Aggregate.Row> rows = new ArrayList<>();
    if (groups() == 0 && aggregate.by().isEmpty()) {
      rows.add(
          new Aggregate.Row(
              List.of(), aggregate.measures().stream().map(Partial::ofNoRows).toList()));
    }
    for (int group = 0; group < groups(); group++) {
      int number = group;
      State from = Objects.requireNonNull(state);
      rows.add(
          new Aggregate.Row(
              from.groups.values(group),
              from.tallies.stream().map(tally -> tally.finish(number)).toList()));
    }
    rows.sort(Comparator.comparing(Aggregate.Row::keys, Partial::compare));
    return List.copyOf(rows);
  }

  private static Optional<Value> ofNoRows(Aggregate.Measure measure) {
    return switch (measure.kind()) {
      case ROWS, COUNT -> Optional.of(new Value.Whole(0));
      case SUM, MIN, MAX, AVG -> Optional.empty();
    };
  }

  private static int compare(List<Optional<Value>> keys, List<Optional<Value>> others) {
    for (int i = 0; i < keys.size(); i++) {
      Optional<Value> key = keys.get(i);
      Optional<Value> other = others.get(i);
      int order =
          key.isPresent() && other.isPresent()
              ? ValueOrder.compare(key.get(), other.get())
              : Boolean.compare(key.isEmpty(), other.isEmpty());
      if (order != 0) {
        return order;
      }
    }
    return 0;
  }

  /** In the form of docs/formats/column-block.md. */
  public byte[] toBytes() {
    WireWriter out = new WireWriter(256).int8(VERSION).bool(state != null);
    State from = state;
    if (from != null) {
      from.groups.domains().forEach(domain -> write(out, Optional.of(domain)));
      from.measured.forEach(domain -> write(out, domain));
      out.int32(from.groups.size());
      for (int group = 0; group < from.groups.size(); group++) {
        from.groups.write(out, group);
        for (Tally tally : from.tallies) {
          tally.write(out, group);
        }
      }
    }
    return out.toBytes();
  }

  /**
   * Reads what {@link #toBytes} wrote of a partial of this aggregate.
   *
   * @throws MalformedException if the bytes are something else, or have too many groups
   */
  public static Partial read(Aggregate aggregate, byte[] bytes) {
    WireReader in = new WireReader(bytes);
    int version = in.int8();
    if (version != VERSION) {
      throw new MalformedException("unknown version of partials: found=" + version);
    }
    Partial partial = new Partial(aggregate);
    try {
      if (in.bool()) {
        partial.read(in);
      }
    } catch (IllegalArgumentException | Aggregate.TooManyGroups e) {
      throw new MalformedException(String.valueOf(e.getMessage()));
    }
    in.end();
    return partial;
  }

  private void read(WireReader in) {
    List<Domain> by = new ArrayList<>();
    for (int i = 0; i < aggregate.by().size(); i++) {
      by.add(domain(in).orElseThrow(() -> new MalformedException("no type to group by")));
    }
    List<Optional<Domain>> measured = new ArrayList<>();
    for (int i = 0; i < aggregate.measures().size(); i++) {
      measured.add(domain(in));
    }
    State to = stateOf(by, measured);
    int groups = in.count(1 + 8 * measured.size());
    for (int group = 0; group < groups; group++) {
      to.groups.read(in);
      to.grow();
      for (Tally tally : to.tallies) {
        tally.read(in, group);
      }
    }
  }

  private static void write(WireWriter out, Optional<Domain> domain) {
    out.int8(domain.map(d -> d.kind().ordinal() + 1).orElse(0));
    out.int8(domain.map(Domain::scale).orElse(0));
  }

  private static Optional<Domain> domain(WireReader in) {
    int kind = in.int8();
    int scale = in.int8();
    boolean isDecimal = kind == Domain.Kind.DECIMAL.ordinal() + 1;
    if (kind < 0 || kind > KINDS.length || Math.abs(scale) > (isDecimal ? 38 : 0)) {
      throw new MalformedException("not a type: kind=" + kind + " scale=" + scale);
    }
    return kind == 0 ? Optional.empty() : Optional.of(new Domain(KINDS[kind - 1], scale));
  }
}
