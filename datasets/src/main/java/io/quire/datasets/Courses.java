package io.quire.datasets;

import io.quire.ager.Ager;
import io.quire.lockserver.View;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The streams that this node serves. One that nobody asks for, or whose caller left the view, ends
 * by itself. Any thread.
 */
final class Courses implements AutoCloseable {
  private static final int OPEN_MAX = 256;

  private final Ager ager;
  private final GroupExtents groupExtents;
  private final Layouts layouts;
  private final Functions functions;
  private final Steps steps;
  private final DatasetsConfig config;
  private final Counters counters;
  private final ConcurrentHashMap<Runs.Key, Course> open = new ConcurrentHashMap<>();

  private final Runs runs;

  Courses(
      Ager ager,
      GroupExtents groupExtents,
      Layouts layouts,
      Functions functions,
      Steps steps,
      DatasetsConfig config,
      Counters counters,
      Runs runs) {
    this.ager = ager;
    this.groupExtents = groupExtents;
    this.layouts = layouts;
    this.functions = functions;
    this.steps = steps;
    this.config = config;
    this.counters = counters;
    this.runs = runs;
  }

  /** How many are open. */
  int count() {
    return open.size();
  }

  /** Begins one, and answers the first of it. Waits. */
  byte[] begin(Call.Begin call) {
    StreamFunction function = functions.stream(call.function());
    if (open.size() >= OPEN_MAX) {
      counters.refused.increment();
      throw new Refusal(Refusal.Reason.LATER, "too much under way: streamsMax=" + OPEN_MAX);
    }
    Layouts.Opened opened = layouts.serve(call.xid());
    if (opened == null || !opened.layout().beginsWith(call.extents(), call.checksum())) {
      if (opened != null) {
        opened.close();
      }
      throw new Refusal(
          Refusal.Reason.GONE,
          "no such version of a dataset: xid=%x extents=%d".formatted(call.xid(), call.extents()));
    }
    Course course =
        new Course(
            call, opened, function, ager, groupExtents, steps, counters, config.sliceBytes());
    Runs.Key key = new Runs.Key(call.caller(), call.stream());
    open.put(key, course);
    if (runs.hasEnded(key)) {
      open.remove(key);
      course.close();
    }
    return next(key, course);
  }

  /** Answers more of one. Waits. */
  byte[] next(Call.Next call) {
    Runs.Key key = new Runs.Key(call.caller(), call.stream());
    Course course = open.get(key);
    if (course == null) {
      throw new Refusal(
          Refusal.Reason.LATER, "no such stream here any more: xid=%x".formatted(call.xid()));
    }
    return next(key, course);
  }

  private byte[] next(Runs.Key key, Course course) {
    boolean more = false;
    try {
      Picked picked = course.next();
      more = !picked.end();
      return picked.toBytes();
    } finally {
      if (!more) {
        open.remove(key, course);
        course.close();
      }
    }
  }

  /** Ends one, if it is open; what runs for it ends after the batch that is being made. */
  void end(Runs.Key key) {
    Course course = open.remove(key);
    if (course != null) {
      course.close();
    }
  }

  /** Ends those that nobody wants any more. */
  void sweep(View view) {
    open.forEach(
        (key, course) -> {
          if (!view.has(key.caller()) || course.forgotten(config.fragmentDeadline())) {
            open.remove(key, course);
            course.close();
          }
        });
  }

  @Override
  public void close() {
    List.copyOf(open.values()).forEach(Course::close);
    open.clear();
  }
}
