package io.quire.node;

import io.javalin.Javalin;
import io.javalin.http.Context;
import io.quire.ns.Holder;
import io.quire.ns.Namespaces;
import io.quire.ns.NsObject;
import io.quire.ns.ReferenceReport;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Who holds references to an object, over HTTP: node by node. */
final class ReferenceRoute {
  private static final int SECONDS = 5;

  private ReferenceRoute() {}

  static void add(Javalin http) {
    http.get("/api/ns/refs", ReferenceRoute::references);
  }

  private static void references(Context call) {
    Namespaces namespaces = Caller.of(call).namespaces();
    Duration deadline = Duration.ofSeconds(seconds(call.queryParam("seconds")));
    ReferenceReport report = namespaces.references(HistoryRoute.xid(call, namespaces), deadline);
    NsObject object = report.object();
    call.json(
        new Report(
            object.xidText(),
            object.name(),
            object.namespace().text(),
            object.draining(),
            report.complete(),
            report.nodes().stream().map(ReferenceRoute::describe).toList()));
  }

  private static int seconds(@Nullable String text) {
    try {
      return text == null ? SECONDS : Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("not a number of seconds: found=" + text, e);
    }
  }

  private static OfNode describe(ReferenceReport.OfNode of) {
    String node = of.member().node().name();
    String incarnation = Long.toHexString(of.member().incarnation());
    return switch (of) {
      case ReferenceReport.Told(_, long references, List<Holder> holders, boolean truncated) ->
          new OfNode(
              node,
              incarnation,
              true,
              references,
              holders.stream().map(ReferenceRoute::describe).toList(),
              truncated);
      case ReferenceReport.Silent _ -> new OfNode(node, incarnation, false, null, List.of(), false);
    };
  }

  private static Held describe(Holder holder) {
    return new Held(
        holder.label(),
        holder.place(),
        holder.since(),
        holder.mode().map(mode -> mode.name().toLowerCase(Locale.ROOT)).orElse(null),
        holder.waits());
  }

  /**
   * As {@link ReferenceReport}; JSON by field name.
   *
   * @param complete whether all nodes answered
   */
  record Report(
      String xid,
      String name,
      String namespace,
      boolean draining,
      boolean complete,
      List<OfNode> nodes) {}

  /**
   * What is known of one node; JSON by field name.
   *
   * @param references null if it did not answer
   */
  record OfNode(
      String node,
      String incarnation,
      boolean answered,
      @Nullable Long references,
      List<Held> holders,
      boolean truncated) {}

  /** As {@link Holder}; JSON by field name. */
  record Held(String label, String place, long since, @Nullable String mode, boolean waits) {}
}
