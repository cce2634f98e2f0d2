package io.quire.node;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.javalin.Javalin;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import io.javalin.http.HttpStatus;
import io.javalin.json.JavalinJackson;
import io.quire.base.Address;
import io.quire.base.NodeId;
import io.quire.base.Position;
import io.quire.datasets.Datasets;
import io.quire.datasets.LoadOptions;
import io.quire.datasets.Progress;
import io.quire.log.MemberChange;
import io.quire.ns.Lifetime;
import io.quire.ns.NamePage;
import io.quire.ns.NamePattern;
import io.quire.ns.Namespaces;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.ns.Values;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A node over HTTP: its health, its metrics, and a JSON interface that the commands use. Errors are
 * {@code {"error": ..., "happened": "no" | "maybe"}}.
 */
public final class AdminServer implements AutoCloseable {
  /** In every answer, so that a client knows that it talks to a node. */
  static final String NODE_HEADER = "Quire-Node";

  /** Of every request but a load of lines, which is a stream. */
  static final int BODY_BYTES_MAX = 1 << 20;

  private static final String HTTP = "http";
  private static final Duration MEMBERS_DEADLINE = Duration.ofSeconds(25);
  private static final Duration DEADLINE_EACH = Duration.ofSeconds(60);
  private static final Duration SCAN_DEADLINE = Duration.ofMinutes(10);
  private static final int PAGE = 1_000;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Node node;
  private final Callers callers;
  private final Javalin http;
  private final Metrics metrics;
  private final Jobs jobs = new Jobs();
  private final Values values = Values.simple();

  /**
   * Serves a node.
   *
   * @param more adds routes of the caller
   * @throws StartException if the port is in use
   */
  public static AdminServer open(Node node, BiConsumer<Node, Javalin> more) {
    return new AdminServer(node, more);
  }

  /**
   * Says at once what {@link #open} would say late: whether the port can be had.
   *
   * @throws StartException if it is in use
   */
  public static void checkPort(NodeConfig config) {
    Preflight.checkPort(HTTP, config.httpHost(), config.httpPort());
  }

  private AdminServer(Node node, BiConsumer<Node, Javalin> more) {
    this.node = node;
    callers = new Callers(node);
    metrics = new Metrics(node);
    http =
        Javalin.create(
            config -> {
              config.showJavalinBanner = false;
              config.useVirtualThreads = true;
              config.http.maxRequestSize = BODY_BYTES_MAX;
              config.http.prefer405over404 = true;
              config.http.disableCompression();
              config.jsonMapper(new JavalinJackson());
            });
    routes();
    more.accept(node, http);
    try {
      http.start(node.config().httpHost(), node.config().httpPort());
    } catch (RuntimeException e) {
      throw Preflight.cannotListen(HTTP, node.config().httpHost(), node.config().httpPort(), e);
    }
  }

  /** Where it listens. */
  public Address address() {
    return new Address(node.config().httpHost(), http.port());
  }

  @Override
  public void close() {
    http.stop();
  }

  private void routes() {
    http.before(call -> call.header(NODE_HEADER, node.self().node().name()));
    http.before(this::authorize);
    http.exception(HttpResponseException.class, Failure::answer);
    http.exception(Exception.class, Failure::answer);
    http.get(
        "/health",
        call ->
            call.status(node.ready() ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE)
                .json(Map.of("ready", node.ready())));
    http.get("/metrics", call -> call.contentType(Metrics.CONTENT_TYPE).result(metrics.scrape()));
    http.get("/api/status", call -> call.json(NodeStatus.of(node)));
    http.get("/api/members", call -> call.json(members()));
    http.post("/api/members/{node}/promote", this::promote);
    http.post("/api/members/{node}/replace", this::replace);
    http.delete("/api/members/{node}", this::remove);
    http.get("/api/ns", this::list);
    http.post("/api/ns", this::create);
    http.delete("/api/ns", this::delete);
    http.get("/api/ns/stat", this::stat);
    http.post("/api/ns/rename", this::rename);
    http.put("/api/data", this::loadLines);
    http.get("/api/data", this::read);
    http.post("/api/load", this::load);
    http.post("/api/scan", this::scan);
    http.get("/api/jobs/{id}", this::job);
    HistoryRoute.add(http);
    AccessRoutes.add(http);
    ReferenceRoute.add(http);
    LockRoutes.add(http, node.locks());
    new SpaceRoutes(node.sessions()).add(http);
    new TableRoutes(jobs).add(http);
    new StoreRoutes(node, jobs).add(http);
    new LogRoutes(node, jobs).add(http);
  }

  private void authorize(Context call) {
    Optional<Caller> caller = callers.of(call.header("Authorization"));
    if (caller.isEmpty()) {
      call.status(HttpStatus.UNAUTHORIZED).json(Failure.didNotHappen("a token is needed"));
      call.skipRemainingHandlers();
    } else if (!caller.get().mayAsk(call)) {
      String what =
          "not allowed: principal=%s method=%s path=%s wanted=http.token"
              .formatted(caller.get().principal(), call.method(), call.path());
      call.status(HttpStatus.FORBIDDEN).json(Failure.didNotHappen(what));
      call.skipRemainingHandlers();
    } else {
      caller.get().asks(call);
    }
  }

  private static Namespaces namespaces(Context call) {
    return Caller.of(call).namespaces();
  }

  private List<MemberOf> members() {
    var log = node.log().status();
    return Stream.concat(
            log.voters().stream().map(peer -> MemberOf.of(peer, true)),
            log.listeners().stream().map(peer -> MemberOf.of(peer, false)))
        .sorted(Comparator.comparing(MemberOf::peer))
        .toList();
  }

  private record MemberOf(String node, String peer, boolean votes) {
    /** A peer is the name of a node, a dash and the id of its storage. */
    static MemberOf of(String peer, boolean votes) {
      return new MemberOf(peer.substring(0, peer.lastIndexOf('-')), peer, votes);
    }
  }

  private void promote(Context call) {
    change(call, new MemberChange.Promote(member(call)));
  }

  private void remove(Context call) {
    change(call, new MemberChange.Remove(member(call)));
  }

  private void replace(Context call) {
    change(call, new MemberChange.Replace(member(call), new NodeId(required(call, "by"))));
  }

  private static NodeId member(Context call) {
    return new NodeId(call.pathParam("node"));
  }

  private void change(Context call, MemberChange change) {
    node.log().change(change, MEMBERS_DEADLINE);
    call.json(members());
  }

  private void list(Context call) {
    String prefix = call.queryParam("prefix");
    String glob = call.queryParam("glob");
    if (prefix != null && glob != null) {
      throw new IllegalArgumentException("prefix and glob exclude each other");
    }
    NamePattern pattern =
        glob != null
            ? NamePattern.of(glob)
            : prefix != null ? NamePattern.startingWith(prefix) : NamePattern.ALL;
    NsHandle space = space(call);
    NamePage page = namespaces(call).list(space, pattern, after(call), PAGE);
    List<Described> objects =
        page.names().stream()
            .flatMap(listed -> node.namespaces().lookup(listed.xid()).stream())
            .filter(object -> !object.draining() && object.namespace().equals(space))
            .map(this::describe)
            .toList();
    call.json(new Page(objects, page.next().orElse(null)));
  }

  private void create(Context call) {
    String name = required(call, "name");
    Lifetime lifetime = lifetime(call);
    long begun = System.nanoTime();
    NsObject made =
        namespaces(call).create(space(call), name, "value", lifetime, values.encode(call.body()));
    long took = System.nanoTime() - begun;
    metrics.published(took);
    call.status(HttpStatus.CREATED).json(new Changed(made.xidText(), took));
  }

  private void delete(Context call) {
    String glob = call.queryParam("glob");
    if (glob != null) {
      deleteMatching(call, NamePattern.of(glob));
      return;
    }
    long begun = System.nanoTime();
    namespaces(call).delete(space(call), required(call, "name"));
    call.json(new Changed("", System.nanoTime() - begun));
  }

  private void deleteMatching(Context call, NamePattern pattern) {
    if (call.queryParam("name") != null) {
      throw new IllegalArgumentException("name and glob exclude each other");
    }
    NsHandle space = space(call);
    NamePage page = namespaces(call).list(space, pattern, after(call), PAGE);
    int deleted = namespaces(call).delete(space, page.names());
    call.json(new Deleted(deleted, page.next().orElse(null)));
  }

  private void rename(Context call) {
    NsObject seen = existing(call, required(call, "name"));
    long begun = System.nanoTime();
    NsObject renamed = namespaces(call).rename(seen, required(call, "to"));
    call.json(new Changed(renamed.xidText(), System.nanoTime() - begun));
  }

  private void stat(Context call) {
    call.json(describe(existing(call, required(call, "name"))));
  }

  private void loadLines(Context call) {
    String name = required(call, "name");
    NsObject made =
        Caller.of(call)
            .datasets()
            .loadLines(
                space(call),
                name,
                lifetime(call),
                options(call.queryParam("replicas")),
                call.bodyInputStream(),
                Progress.NONE);
    call.status(HttpStatus.CREATED).json(describe(made));
  }

  private void read(Context call) {
    NsObject object = existing(call, required(call, "name"));
    if (!object.kind().equals(DATASET)) {
      call.result(String.valueOf(values.decode(object.value())));
      return;
    }
    call.contentType("application/octet-stream");
    // If it breaks off, the client sees that something is missing.
    call.res().setContentLengthLong(node.datasets().descriptor(object).bytes());
    OutputStream out = call.outputStream();
    Caller.of(call)
        .datasets()
        .read(
            object,
            bytes -> {
              try {
                out.write(bytes.toArray(ValueLayout.JAVA_BYTE));
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            },
            DEADLINE_EACH);
  }

  private void load(Context call) throws IOException {
    LoadRequest request = body(call, LoadRequest.class);
    Lifetime lifetime = lifetime(request.lifetime());
    LoadOptions options = options(request.replicas());
    byte[] schema = Base64.getDecoder().decode(request.schema());
    byte[] arguments = Base64.getDecoder().decode(request.arguments());
    NsHandle space = space(call);
    Jobs.Job job =
        jobs.start(
            "load",
            running ->
                describe(
                    node.datasets()
                        .load(
                            space,
                            request.name(),
                            lifetime,
                            options,
                            schema,
                            request.function(),
                            arguments,
                            request.parts(),
                            _ -> {},
                            (done, total, _) -> running.progress(done, total))));
    call.status(HttpStatus.ACCEPTED).json(job.status());
  }

  private void scan(Context call) throws IOException {
    ScanRequest request = body(call, ScanRequest.class);
    NsObject dataset = existing(call, request.name());
    Datasets datasets = Caller.of(call).datasets();
    byte[] arguments = Base64.getDecoder().decode(request.arguments());
    Jobs.Job job =
        jobs.start(
            "scan",
            Caller.of(call).asPrincipal(),
            running ->
                datasets
                    .scan(
                        dataset,
                        request.function(),
                        arguments,
                        SCAN_DEADLINE,
                        (done, total, _) -> running.progress(done, total))
                    .stream()
                    .map(partial -> Base64.getEncoder().encodeToString(partial))
                    .toList());
    call.status(HttpStatus.ACCEPTED).json(job.status());
  }

  private void job(Context call) {
    Jobs.@Nullable Job job = jobs.job(id(call.pathParam("id")));
    if (job == null || !job.isFor(Caller.of(call).asPrincipal())) {
      call.status(HttpStatus.NOT_FOUND)
          .json(Failure.didNotHappen("no such job: id=" + call.pathParam("id")));
    } else {
      call.json(job.status());
    }
  }

  private static long id(String text) {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("not a job: id=" + text, e);
    }
  }

  private static NsObject existing(Context call, String name) {
    return namespaces(call)
        .lookup(space(call), name)
        .orElseThrow(() -> new Failure.NoSuchName("no such object: name=" + name));
  }

  private static NsHandle space(Context call) {
    return SpaceRoutes.in(call, namespaces(call));
  }

  private static String after(Context call) {
    String after = call.queryParam("after");
    return after == null ? "" : after;
  }

  private static final String DATASET = "dataset";

  private Described describe(NsObject object) {
    long bytes = object.value().length;
    long rows = 0;
    int extents = 0;
    int replicas = 1;
    if (object.kind().equals(DATASET)) {
      var descriptor = node.datasets().descriptor(object);
      bytes = descriptor.bytes();
      rows = descriptor.rows();
      extents = descriptor.extents().size();
      replicas = descriptor.replicas();
    }
    return new Described(
        object.name(),
        object.xidText(),
        object.kind(),
        object.lifetime().name(),
        Position.text(object.version()),
        object.created(),
        bytes,
        rows,
        extents,
        replicas,
        node.namespaces().references(object.xid()));
  }

  static String message(Throwable e) {
    String message = e.getMessage();
    return message == null ? e.getClass().getSimpleName() : message;
  }

  static <T> T body(Context call, Class<T> type) throws IOException {
    T body = JSON.readValue(call.bodyAsBytes(), type);
    if (body == null) {
      throw new IllegalArgumentException("not the JSON that was wanted: found=null");
    }
    return body;
  }

  static String required(Context call, String parameter) {
    String value = call.queryParam(parameter);
    if (value == null) {
      throw new IllegalArgumentException("parameter missing: name=" + parameter);
    }
    return value;
  }

  private static Lifetime lifetime(Context call) {
    String text = call.queryParam("lifetime");
    return text == null ? Lifetime.DURABLE : lifetime(text);
  }

  private static LoadOptions options(@Nullable String replicas) {
    try {
      return options(replicas == null ? null : Integer.valueOf(replicas));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("not a number of replicas: found=" + replicas, e);
    }
  }

  /**
   * Options of a load.
   *
   * @param replicas null for the usual number
   */
  static LoadOptions options(@Nullable Integer replicas) {
    return replicas == null ? LoadOptions.DEFAULTS : LoadOptions.DEFAULTS.withReplicas(replicas);
  }

  private static Lifetime lifetime(String text) {
    for (Lifetime lifetime : Lifetime.values()) {
      if (lifetime.name().equals(text)) {
        return lifetime;
      }
    }
    throw new IllegalArgumentException(
        "not a lifetime: found=%s allowed=%s".formatted(text, List.of(Lifetime.values())));
  }

  /** How many objects are gone, and after which name to go on; JSON by field name. */
  private record Deleted(int deleted, @Nullable String next) {}

  /** A change that was made; JSON by field name. */
  record Changed(String xid, long nanos) {}

  /** An object; JSON by field name. */
  record Described(
      String name,
      String xid,
      String kind,
      String lifetime,
      String version,
      long created,
      long bytes,
      long rows,
      int extents,
      int replicas,
      long references) {}

  /** Part of a list; {@code next} is what to pass as {@code after} for more. */
  record Page(List<Described> objects, @Nullable String next) {}

  /**
   * Asks for a load by a registered function; bytes in Base64.
   *
   * @param replicas null for the usual number
   */
  record LoadRequest(
      String name,
      String lifetime,
      String schema,
      String function,
      String arguments,
      int parts,
      @Nullable Integer replicas) {
    LoadRequest {
      given("name", name);
      given("lifetime", lifetime);
      given("schema", schema);
      given("function", function);
      given("arguments", arguments);
    }
  }

  /** Asks for a scan by a registered function; bytes in Base64. */
  record ScanRequest(String name, String function, String arguments) {
    ScanRequest {
      given("name", name);
      given("function", function);
      given("arguments", arguments);
    }
  }

  private static void given(String field, @Nullable String value) {
    if (value == null) {
      throw new IllegalArgumentException("field missing: name=" + field);
    }
  }
}
