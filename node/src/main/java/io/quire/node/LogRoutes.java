package io.quire.node;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.Javalin;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;
import io.quire.base.Log.Entry;
import io.quire.base.Log.Recorded;
import io.quire.base.Log.Tail;
import io.quire.base.LogBook;
import io.quire.base.LogBook.Retention;
import io.quire.base.Position;
import io.quire.log.LogHold;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The log of a node over HTTP: what it holds, whether it verifies, and what is kept of it. */
final class LogRoutes {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int PAGE = 500;
  private static final int SCANNED_MAX = 50_000;
  private static final long SECONDS = 30;

  private final Node node;
  private final Jobs jobs;

  LogRoutes(Node node, Jobs jobs) {
    this.node = node;
    this.jobs = jobs;
  }

  void add(Javalin http) {
    http.get("/api/log", call -> call.json(LogReport.of(node.log().stat())));
    http.get("/api/log/entries", this::entries);
    http.post("/api/log/verify", this::verify);
    http.post("/api/log/trim", this::trim);
    http.post("/api/log/retention", this::retain);
    http.delete("/api/log/bookmark", this::release);
  }

  /** A page of records; {@code next} is what to pass as {@code from} for more. */
  private void entries(Context call) throws Exception {
    long from = position(call, "from", node.log().oldest());
    long to = Math.min(position(call, "to", Long.MAX_VALUE), node.log().applied());
    String stream = call.queryParam("stream");
    LogBook.State book = node.log().book().state();
    ObjectNode page = JSON.createObjectNode();
    ArrayNode found = page.putArray("entries");
    try (Tail tail = node.log().read(from, to)) {
      int scanned = 0;
      List<Recorded> some = List.of();
      while (found.size() < PAGE && scanned < SCANNED_MAX) {
        some = done(tail.next(PAGE - found.size()));
        if (some.isEmpty()) {
          break;
        }
        scanned += some.size();
        for (Recorded one : some) {
          if (stream == null || stream.equals(LogReport.name(one.entry().stream(), book))) {
            found.add(LogReport.of(one, book));
          }
        }
      }
      page.put("next", some.isEmpty() ? null : Position.text(tail.resume()));
    }
    call.json(page);
  }

  private void verify(Context call) {
    long from = Position.index(position(call, "from", Position.NONE));
    long to = Position.index(position(call, "to", Long.MAX_VALUE));
    Jobs.Job job =
        jobs.start(
            "verify", running -> LogReport.of(node.log().verify(from, to, running::progress)));
    call.status(HttpStatus.ACCEPTED).json(job.status());
  }

  private void trim(Context call) throws Exception {
    long before = position(call, "before", -1);
    if (before < 0) {
      throw new IllegalArgumentException("parameter missing: name=before");
    }
    append(LogBook.trim(before));
    List<LogHold> holds =
        node.log().holds().stream().filter(hold -> hold.position() < before).toList();
    call.json(LogReport.holds(JSON.createObjectNode(), holds));
  }

  private void retain(Context call) throws Exception {
    Retention retention =
        new Retention(number(call, "records"), number(call, "bytes"), number(call, "ageMillis"));
    append(LogBook.retain(retention));
    call.json(JSON.createObjectNode());
  }

  private void release(Context call) throws Exception {
    String name = call.queryParam("name");
    if (name == null || !node.log().book().state().bookmarks().containsKey(name)) {
      throw new Failure.NoSuchName("no such bookmark: name=" + name);
    }
    append(LogBook.release(name));
    call.json(JSON.createObjectNode());
  }

  private void append(Entry entry) throws Exception {
    done(node.append(entry));
  }

  private static <T> T done(CompletableFuture<T> future) throws Exception {
    try {
      return future.get(SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    } catch (TimeoutException e) {
      throw new IllegalStateException("no answer in time: seconds=" + SECONDS, e);
    }
  }

  private static long number(Context call, String name) {
    String text = call.queryParam(name);
    try {
      return text == null ? 0 : Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("not a number: name=" + name + " found=" + text, e);
    }
  }

  private static long position(Context call, String name, long otherwise) {
    @Nullable String text = call.queryParam(name);
    return text == null || text.isEmpty() ? otherwise : Position.parse(text);
  }
}
