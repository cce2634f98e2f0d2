package io.quire.node;

import io.javalin.Javalin;
import io.javalin.http.Context;
import io.quire.base.Position;
import io.quire.ns.HistoryEnd;
import io.quire.ns.Namespaces;
import io.quire.ns.NsObject;
import io.quire.ns.ObjectHistory;
import io.quire.ns.ObjectVersion;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What an object was, over HTTP: what its versions are, without their values. */
final class HistoryRoute {
  private static final int LIMIT = 100;

  private HistoryRoute() {}

  static void add(Javalin http) {
    http.get("/api/ns/history", HistoryRoute::history);
  }

  private static void history(Context call) {
    Namespaces namespaces = Caller.of(call).namespaces();
    String before = call.queryParam("before");
    int limit = limit(call.queryParam("limit"));
    ObjectHistory history =
        namespaces.history(
            xid(call, namespaces), before == null ? Long.MAX_VALUE : Position.parse(before));
    List<ObjectVersion> versions = history.next(limit);
    String next = history.end().isPresent() ? null : Position.text(versions.getLast().position());
    call.json(
        new Page(
            Long.toHexString(history.xid()),
            versions.stream().map(HistoryRoute::describe).toList(),
            next,
            history.end().map(HistoryRoute::describe).orElse(null)));
  }

  /** The id of the object that a request names, by name or by id. */
  static long xid(Context call, Namespaces namespaces) {
    String name = call.queryParam("name");
    String xid = call.queryParam("xid");
    if (name != null && xid == null) {
      return namespaces
          .lookup(SpaceRoutes.in(call, namespaces), name)
          .map(NsObject::xid)
          .orElseThrow(() -> new Failure.NoSuchName("no such object: name=" + name));
    }
    if (name == null && xid != null) {
      return parsed(xid);
    }
    throw new IllegalArgumentException("one parameter is needed: name or xid");
  }

  private static long parsed(String xid) {
    try {
      return Long.parseUnsignedLong(xid, 16);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("not an id: found=" + xid + " wanted=hexadecimal", e);
    }
  }

  private static int limit(@Nullable String text) {
    try {
      return text == null ? LIMIT : Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("not a limit: found=" + text, e);
    }
  }

  private static Version describe(ObjectVersion version) {
    Optional<NsObject> object = version.object();
    return new Version(
        Position.text(version.position()),
        version.what().name().toLowerCase(Locale.ROOT),
        object.map(NsObject::name).orElse(null),
        object.map(NsObject::kind).orElse(null),
        version.wallMillis().isPresent() ? version.wallMillis().getAsLong() : null,
        object.map(one -> one.value().length).orElse(0));
  }

  private static End describe(HistoryEnd end) {
    return switch (end) {
      case HistoryEnd.Created() -> new End("created", null, null);
      case HistoryEnd.Trimmed(long position, long oldest) ->
          new End("trimmed", Position.text(position), Position.text(oldest));
      case HistoryEnd.Unlinked(long position) -> new End("unlinked", Position.text(position), null);
    };
  }

  /**
   * Versions, the newest first; JSON by field name.
   *
   * @param next what to pass as {@code before} for more; null if there are none
   * @param end why there are none; null if there may be more
   */
  record Page(String xid, List<Version> versions, @Nullable String next, @Nullable End end) {}

  /** A version; JSON by field name. {@code wallMillis} is null where nobody knows it. */
  record Version(
      String position,
      String what,
      @Nullable String name,
      @Nullable String kind,
      @Nullable Long wallMillis,
      long bytes) {}

  /** As {@link HistoryEnd}; JSON by field name. */
  record End(String why, @Nullable String position, @Nullable String oldest) {}
}
