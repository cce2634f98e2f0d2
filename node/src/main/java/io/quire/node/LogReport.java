package io.quire.node;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quire.base.Log.Fence;
import io.quire.base.Log.Recorded;
import io.quire.base.Log.Stream;
import io.quire.base.LogBook;
import io.quire.base.Position;
import io.quire.log.LogHold;
import io.quire.log.LogStat;
import io.quire.log.LogVerification;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

/**
 * What is told of a log in JSON, the same whether a node tells it or a directory was read.
 * Positions are written as {@code index.slot}, sizes in bytes, times in milliseconds since 1970.
 */
public final class LogReport {
  private static final ObjectMapper JSON = new ObjectMapper();

  private LogReport() {}

  /** A record, with its payload in Base64. */
  public static ObjectNode of(Recorded recorded, LogBook.State book) {
    Fence fence = recorded.entry().fence();
    ObjectNode out =
        JSON.createObjectNode()
            .put("position", Position.text(recorded.position()))
            .put("term", recorded.term())
            .put("stream", name(recorded.entry().stream(), book))
            .put("fence", fence.kind().name().toLowerCase(Locale.ROOT));
    if (fence.kind() != Fence.Kind.NONE) {
      out.put("fenceValue", fence.value());
    }
    byte[] payload = recorded.entry().payload();
    return out.put("bytes", payload.length)
        .put("payload", Base64.getEncoder().encodeToString(payload));
  }

  /** A stream by the name that its users gave it. */
  public static String name(Stream stream, LogBook.State book) {
    Stream declared = book.stream(stream.number());
    return declared == null ? stream.name() : declared.name();
  }

  /** Entries that do not verify. */
  public static ObjectNode of(LogVerification.Bad bad) {
    return JSON.createObjectNode()
        .put("position", Position.text(Position.of(bad.first(), 0)))
        .put("through", Position.text(Position.of(bad.last(), 0)))
        .put("file", bad.file())
        .put("offset", bad.offset())
        .put("reason", bad.reason());
  }

  /** All that a verification found. */
  public static ObjectNode of(LogVerification found) {
    ObjectNode out =
        JSON.createObjectNode()
            .put("good", found.good())
            .put("segments", found.segments())
            .put("bytes", found.bytes())
            .put("entries", found.entries())
            .put("oldest", index(found.oldest()))
            .put("newest", index(found.newest()));
    ObjectNode records = out.putObject("records");
    found.records().forEach(records::put);
    ArrayNode bad = out.putArray("bad");
    found.bad().forEach(each -> bad.add(of(each)));
    ArrayNode missing = out.putArray("missing");
    found
        .missing()
        .forEach(
            each ->
                missing
                    .addObject()
                    .put("first", index(each.first()))
                    .put("last", index(each.last())));
    out.put("torn", found.torn());
    snapshots(out, found.snapshots());
    ArrayNode archive = out.putArray("archive");
    found.archive().forEach(archive::add);
    return out;
  }

  /** Files, and what is kept. */
  public static ObjectNode of(LogStat stat) {
    LogBook.State book = stat.book();
    ObjectNode out =
        JSON.createObjectNode()
            .put("cluster", stat.cluster())
            .put("peer", stat.peer())
            .put("directory", stat.directory())
            .put("oldest", index(stat.oldest()))
            .put("newest", index(stat.newest()))
            .put("bytes", stat.bytes());
    ArrayNode segments = out.putArray("segments");
    for (LogStat.Segment segment : stat.segments()) {
      segments
          .addObject()
          .put("file", segment.file())
          .put("first", index(segment.first()))
          .put("last", index(segment.last()))
          .put("bytes", segment.bytes())
          .put("archived", segment.archived())
          .put("live", segment.live());
    }
    snapshots(out, stat.snapshots());
    ArrayNode aside = out.putArray("aside");
    stat.aside().forEach(aside::add);
    ObjectNode retention = out.putObject("retention");
    retention
        .put("records", book.retention().records())
        .put("bytes", book.retention().bytes())
        .put("ageMillis", book.retention().ageMillis())
        .put("trimmedBefore", Position.text(book.floor()));
    holds(out, stat.holds());
    ArrayNode bookmarks = out.putArray("bookmarks");
    book.bookmarks()
        .forEach(
            (name, mark) ->
                bookmarks
                    .addObject()
                    .put("name", name)
                    .put("position", Position.text(mark.position()))
                    .put("expiresMillis", mark.expiresMillis()));
    ObjectNode streams = out.putObject("streams");
    Stream.own().forEach(stream -> streams.put(stream.name(), stream.number()));
    book.streams().forEach((name, stream) -> streams.put(name, stream.number()));
    return out;
  }

  /** Adds who needs what. */
  public static ObjectNode holds(ObjectNode out, List<LogHold> holds) {
    ArrayNode array = out.putArray("holds");
    holds.forEach(
        hold ->
            array.addObject().put("by", hold.by()).put("position", Position.text(hold.position())));
    return out;
  }

  private static void snapshots(ObjectNode out, List<LogVerification.SnapshotFile> found) {
    ArrayNode snapshots = out.putArray("snapshots");
    found.forEach(
        each ->
            snapshots
                .addObject()
                .put("index", each.index())
                .put("file", each.file())
                .put("bytes", each.bytes())
                .put("reason", each.reason()));
  }

  private static String index(long index) {
    return index < 0 ? "" : Position.text(Position.of(index, 0));
  }
}
