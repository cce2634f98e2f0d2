package io.quire.node;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quire.base.Address;
import io.quire.datasets.LoadOptions;
import io.quire.ns.Lifetime;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Talks to a node's {@link AdminServer}. Any thread; methods block. Every request has a deadline of
 * 10 or 30 s, of half an hour where bytes are sent or read or a namespace ends; what the node runs
 * as a job, with a {@code progress}, is asked after until it is over. What goes wrong at the node,
 * or on the way there, is an {@link AdminException}.
 */
public final class AdminClient implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration QUESTION = Duration.ofSeconds(10);
  private static final Duration CALL = Duration.ofSeconds(30);
  private static final Duration LONG_CALL = Duration.ofMinutes(30);

  private final HttpClient http;
  private final Address node;
  private final String token;
  private final String namespace;

  /**
   * Connects to nothing yet.
   *
   * @param node where its admin HTTP listens
   * @param token empty for none
   */
  public AdminClient(Address node, String token) {
    this(
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build(),
        node,
        token,
        "");
  }

  private AdminClient(HttpClient http, Address node, String token, String namespace) {
    this.http = http;
    this.node = node;
    this.token = token;
    this.namespace = namespace;
  }

  /**
   * The same client, for the objects of a namespace; to close one of them closes both.
   *
   * @param which its name, or {@code #} and its id in hexadecimal; empty for the root
   */
  public AdminClient in(String which) {
    return new AdminClient(http, node, token, which);
  }

  /** The address that this client was made with. */
  public Address node() {
    return node;
  }

  /** The node's answer was an error, or there was none. */
  public static final class AdminException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final int status;
    private final boolean mayHaveHappened;

    AdminException(int status, boolean mayHaveHappened, String message) {
      super(message);
      this.status = status;
      this.mayHaveHappened = mayHaveHappened;
    }

    /** The HTTP status, or 0 if there was no answer. */
    public int status() {
      return status;
    }

    /**
     * Whether what was asked for may have been done all the same, or may yet be. False where a mere
     * question was not answered; true where there was no more word of a job.
     */
    public boolean mayHaveHappened() {
      return mayHaveHappened;
    }
  }

  /**
   * The view, the log, namespaces, memory and stores, as the node sees them: an object, see
   * docs/configuration.md.
   */
  public JsonNode status() {
    return json("GET", "/api/status", QUESTION, BodyPublishers.noBody());
  }

  /** Whether the node answers and is in the view. */
  public boolean ready() {
    try {
      return json("GET", "/health", QUESTION, BodyPublishers.noBody()).path("ready").asBoolean();
    } catch (AdminException e) {
      return false;
    }
  }

  /** The members of the log: an array of objects with node, peer and votes. */
  public JsonNode members() {
    return json("GET", "/api/members", QUESTION, BodyPublishers.noBody());
  }

  /** Lets a listener vote. */
  public JsonNode promote(String member) {
    return json("POST", "/api/members/" + text(member) + "/promote", CALL, BodyPublishers.noBody());
  }

  /** Takes a node out of the log. */
  public JsonNode remove(String member) {
    return json("DELETE", "/api/members/" + text(member), CALL, BodyPublishers.noBody());
  }

  /** Puts a listener in the place of a voter. */
  public JsonNode replace(String member, String by) {
    String path = "/api/members/" + text(member) + "/replace?by=" + text(by);
    return json("POST", path, CALL, BodyPublishers.noBody());
  }

  /** An object by name, or null if there is none. */
  public @Nullable JsonNode stat(String name) {
    try {
      return json("GET", "/api/ns/stat?name=" + text(name), CALL, BodyPublishers.noBody());
    } catch (AdminException e) {
      if (e.status() == 404) {
        namespace(); // It may be this that is not there.
        return null;
      }
      throw e;
    }
  }

  /**
   * Versions of an object, the newest first: an object with {@code versions}, {@code next}, which
   * is what to pass as {@code before} for more, and, if there is no more, {@code end}.
   *
   * @param which a name, or an id in hexadecimal
   */
  public JsonNode history(String which, boolean id, int limit, @Nullable String before) {
    String path =
        "/api/ns/history?"
            + (id ? "xid=" : "name=")
            + text(which)
            + "&limit="
            + limit
            + (before == null ? "" : "&before=" + text(before));
    return json("GET", path, CALL, BodyPublishers.noBody());
  }

  /**
   * Deletes all objects whose names match, hundreds at a time; one that fails leaves those before
   * it deleted.
   *
   * @param progress is told now and then how many are gone
   * @return how many
   */
  public long deleteAll(String glob, LongConsumer progress) {
    long deleted = 0;
    String after = null;
    do {
      String query = "?glob=" + text(glob) + (after == null ? "" : "&after=" + text(after));
      JsonNode page = json("DELETE", "/api/ns" + query, CALL, BodyPublishers.noBody());
      deleted += page.path("deleted").asLong();
      progress.accept(deleted);
      after = page.path("next").isTextual() ? page.path("next").asText() : null;
    } while (after != null);
    return deleted;
  }

  /** All objects whose names match, in order. */
  public List<JsonNode> list(@Nullable String glob) {
    List<JsonNode> objects = new ArrayList<>();
    String after = null;
    do {
      String query =
          (glob == null ? "?" : "?glob=" + text(glob) + "&")
              + (after == null ? "" : "after=" + text(after));
      JsonNode page = json("GET", "/api/ns" + query, CALL, BodyPublishers.noBody());
      page.path("objects").forEach(objects::add);
      after = page.path("next").isTextual() ? page.path("next").asText() : null;
    } while (after != null);
    return objects;
  }

  /**
   * Who holds references to an object, on every node: an object with {@code nodes}.
   *
   * @param which a name, or an id in hexadecimal
   * @param seconds how long the node waits for the others
   */
  public JsonNode references(String which, boolean id, int seconds) {
    return get("/api/ns/refs?" + (id ? "xid=" : "name=") + text(which) + "&seconds=" + seconds);
  }

  /** All namespaces whose names match, in order. */
  public List<JsonNode> namespaces(@Nullable String glob) {
    List<JsonNode> namespaces = new ArrayList<>();
    String after = null;
    do {
      JsonNode page =
          get(
              "/api/namespaces?after="
                  + (after == null ? "" : text(after))
                  + (glob == null ? "" : "&glob=" + text(glob)));
      page.path("namespaces").forEach(namespaces::add);
      after = page.path("next").isTextual() ? page.path("next").asText() : null;
    } while (after != null);
    return namespaces;
  }

  /** The namespace that this client is for: what it is and what it holds. */
  public JsonNode namespace() {
    return get("/api/namespaces/stat");
  }

  /**
   * Makes a namespace.
   *
   * @param name null for none
   * @param objects how many it may hold; {@link Long#MAX_VALUE} for any number
   * @param bytes as above, of their values
   */
  public JsonNode createNamespace(@Nullable String name, long objects, long bytes) {
    String path = "/api/namespaces?" + quota(objects, bytes);
    return json(
        "POST", name == null ? path : path + "&name=" + text(name), CALL, BodyPublishers.noBody());
  }

  /** Sets how much the namespace that this client is for may hold. */
  public JsonNode limitNamespace(long objects, long bytes) {
    String path = "/api/namespaces/quota?" + quota(objects, bytes);
    return json("POST", path, CALL, BodyPublishers.noBody());
  }

  private static String quota(long objects, long bytes) {
    return "objects=%d&bytes=%d".formatted(objects, bytes);
  }

  /** Ends the namespace that this client is for, with all its objects; answers what it was. */
  public JsonNode destroyNamespace() {
    return json("DELETE", "/api/namespaces", LONG_CALL, BodyPublishers.noBody());
  }

  /**
   * Who may do what in a namespace: an object with {@code granted} and {@code others}.
   *
   * @param namespace its name, or {@code #} and its id in hexadecimal; empty for the root
   */
  public JsonNode access(String namespace) {
    return get("/api/namespaces/access?namespace=" + text(namespace));
  }

  /**
   * Gives a principal access to a namespace.
   *
   * @param namespace as above
   * @param principal {@code *} for everybody who is not named
   * @param access none, reader, writer or owner
   */
  public void grant(String namespace, String principal, String access) {
    String path = "?namespace=%s&principal=%s&access=%s";
    json(
        "POST",
        "/api/namespaces/access" + path.formatted(text(namespace), text(principal), text(access)),
        CALL,
        BodyPublishers.noBody());
  }

  /** Names a principal no more: it may do what everybody may. */
  public void revoke(String namespace, String principal) {
    String path = "?namespace=%s&principal=%s".formatted(text(namespace), text(principal));
    json("DELETE", "/api/namespaces/access" + path, CALL, BodyPublishers.noBody());
  }

  /** The files and locks below a directory, in order. */
  public List<JsonNode> locks(String directory) {
    List<JsonNode> paths = new ArrayList<>();
    String after = null;
    do {
      String query =
          "?directory=" + text(directory) + (after == null ? "" : "&after=" + text(after));
      JsonNode page = json("GET", "/api/locks" + query, CALL, BodyPublishers.noBody());
      page.path("paths").forEach(paths::add);
      after = page.path("next").isTextual() ? page.path("next").asText() : null;
    } while (after != null);
    return paths;
  }

  /** A file or lock, or null if there is none. */
  public @Nullable JsonNode lockStat(String path) {
    try {
      return json("GET", "/api/locks/stat?path=" + text(path), CALL, BodyPublishers.noBody());
    } catch (AdminException e) {
      if (e.status() == 404) {
        return null;
      }
      throw e;
    }
  }

  /** Creates a small object; answers for how many nanoseconds the node took to publish it. */
  public long create(String name, String value) {
    return json("POST", "/api/ns?name=" + text(name), CALL, BodyPublishers.ofString(value))
        .path("nanos")
        .asLong();
  }

  /** Gives an object another name; answers for how many nanoseconds the node took to publish it. */
  public long rename(String name, String to) {
    String path = "/api/ns/rename?name=" + text(name) + "&to=" + text(to);
    return json("POST", path, CALL, BodyPublishers.noBody()).path("nanos").asLong();
  }

  /**
   * Takes the name from an object; answers for how many nanoseconds the node took to publish that.
   */
  public long delete(String name) {
    return json("DELETE", "/api/ns?name=" + text(name), CALL, BodyPublishers.noBody())
        .path("nanos")
        .asLong();
  }

  /**
   * Loads a file as a data set of lines.
   *
   * @throws UncheckedIOException if the file cannot be read; there is no data set then
   */
  public JsonNode loadLines(Path file, String name, String lifetime) {
    return loadLines(file, name, lifetime, LoadOptions.DEFAULTS);
  }

  /** As above, with options. */
  public JsonNode loadLines(Path file, String name, String lifetime, LoadOptions options) {
    String path =
        "/api/data?name=%s&lifetime=%s&replicas=%d"
            .formatted(text(name), lifetime, options.replicas());
    try (Source source = new Source(Files.newInputStream(file))) {
      try {
        return json("PUT", path, LONG_CALL, BodyPublishers.ofInputStream(() -> source));
      } catch (AdminException e) {
        IOException why = source.failure;
        throw why == null ? e : new UncheckedIOException(cannotRead(file, why), why);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(cannotRead(file, e), e);
    }
  }

  private static String cannotRead(Path file, IOException why) {
    return "cannot read the file: path=" + file + " why=" + AdminServer.message(why);
  }

  /** Remembers its own failure, which the HTTP client reports as one of the connection. */
  private static final class Source extends FilterInputStream {
    private volatile @Nullable IOException failure;

    Source(InputStream file) {
      super(file);
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      try {
        return super.read(into, offset, length);
      } catch (IOException e) {
        failure = e;
        throw e;
      }
    }
  }

  /** The bytes of a data set, or the text of a small object. */
  public InputStream read(String name) {
    return stream("/api/data?name=" + text(name));
  }

  private InputStream stream(String path) {
    HttpRequest request = request("GET", path, LONG_CALL, BodyPublishers.noBody());
    try {
      var answer = http.send(request, BodyHandlers.ofInputStream());
      checkFromNode(answer);
      if (answer.statusCode() >= 300) {
        try (InputStream body = answer.body()) {
          throw error(answer.statusCode(), new String(body.readAllBytes(), StandardCharsets.UTF_8));
        }
      }
      return answer.body();
    } catch (IOException e) {
      throw unanswered("GET " + path, e);
    } catch (InterruptedException e) {
      throw interrupted("GET " + path);
    }
  }

  /** Runs a registered load function on all nodes; returns the object. */
  public JsonNode load(
      String name,
      String lifetime,
      byte[] schema,
      String function,
      byte[] arguments,
      int parts,
      BiConsumer<Long, Long> progress) {
    Base64.Encoder base64 = Base64.getEncoder();
    Object request =
        new AdminServer.LoadRequest(
            name,
            lifetime,
            base64.encodeToString(schema),
            function,
            base64.encodeToString(arguments),
            parts,
            null);
    return job("/api/load", request, progress);
  }

  /** Runs a registered scan function where the data are; returns the partial results. */
  public List<byte[]> scan(
      String name, String function, byte[] arguments, BiConsumer<Long, Long> progress) {
    Object request =
        new AdminServer.ScanRequest(name, function, Base64.getEncoder().encodeToString(arguments));
    List<byte[]> partials = new ArrayList<>();
    for (JsonNode partial : job("/api/scan", request, progress)) {
      partials.add(Base64.getDecoder().decode(partial.asText()));
    }
    return partials;
  }

  private JsonNode job(String path, Object request, BiConsumer<Long, Long> progress) {
    JsonNode job;
    try {
      String body = JSON.writeValueAsString(request);
      job = json("POST", path, CALL, BodyPublishers.ofString(body));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot write JSON", e);
    }
    long id = job.path("id").asLong();
    while (!job.path("finished").asBoolean()) {
      progress.accept(job.path("done").asLong(), job.path("total").asLong());
      try {
        Thread.sleep(50);
      } catch (InterruptedException e) {
        throw interrupted("job=" + id);
      }
      job = poll(id);
    }
    if (job.path("error").isTextual()) {
      throw new AdminException(
          job.path("status").asInt(),
          !"no".equals(job.path("happened").asText()),
          job.path("error").asText());
    }
    progress.accept(job.path("total").asLong(), job.path("total").asLong());
    return job.path("result");
  }

  /** A job goes on, whether or not there is word of it. */
  private JsonNode poll(long id) {
    try {
      return json("GET", "/api/jobs/" + id, CALL, BodyPublishers.noBody());
    } catch (AdminException e) {
      throw new AdminException(
          e.status(), true, "no word of job=%d: %s".formatted(id, e.getMessage()));
    }
  }

  /**
   * Lets the nodes load files as a table; answers what it is.
   *
   * @param files paths, patterns or URIs, as the nodes see them
   * @param format null: by the name of the first file
   * @param schema null: as it is found
   * @param progress of the parts
   */
  public JsonNode loadTable(
      String name,
      Lifetime lifetime,
      LoadOptions options,
      List<String> files,
      @Nullable String format,
      @Nullable String schema,
      long badRows,
      BiConsumer<Long, Long> progress) {
    Object request =
        new TableRoutes.TableRequest(
            name, lifetime, files, format, schema, badRows, options.replicas());
    return job("/api/tables", request, progress);
  }

  /**
   * Appends files to a table, by whose columns they are read.
   *
   * @param format null: by the name of the first file
   * @param badRows how many are borne
   * @param progress is told how many parts are appended, of how many
   * @return what the table is then
   */
  public JsonNode appendTable(
      String name,
      List<String> files,
      @Nullable String format,
      long badRows,
      BiConsumer<Long, Long> progress) {
    Object request = new TableRoutes.AppendRequest(name, files, format, badRows);
    return job("/api/tables/append", request, progress);
  }

  /** What a table is: its columns, and how many rows. */
  public JsonNode table(String name) {
    return get("/api/tables?name=" + text(name));
  }

  /** The bad rows of a table, each as a line of JSON. */
  public InputStream badRows(String name) {
    return stream("/api/tables/bad?name=" + text(name));
  }

  /**
   * Lets the node look in its stores for durable copies that nobody needs.
   *
   * @param remove whether files in which there is nothing else are removed
   * @param brokenLoads whether loads whose coordinator is gone are given up before
   * @return how many files there are of each kind, and those that may go or are bad
   */
  public JsonNode orphans(boolean remove, boolean brokenLoads) {
    Object request = new StoreRoutes.OrphansRequest(remove, brokenLoads);
    return job("/api/orphans", request, (_, _) -> {});
  }

  /** What the node's log holds; see {@link LogReport}. */
  public JsonNode logStat() {
    return get("/api/log");
  }

  /** Lets the node read and check its log; positions may be empty. */
  public JsonNode verifyLog(String from, String to, BiConsumer<Long, Long> progress) {
    return job("/api/log/verify?from=" + text(from) + "&to=" + text(to), Map.of(), progress);
  }

  /**
   * Gives the records of the node's log.
   *
   * @param from position of the first, empty for the oldest
   * @param to position of the last, empty for the newest
   * @param stream only of this one; null for all
   */
  public void logEntries(
      String from, String to, @Nullable String stream, Consumer<JsonNode> entry) {
    String next = from;
    while (next != null) {
      JsonNode page =
          get(
              "/api/log/entries?from="
                  + text(next)
                  + "&to="
                  + text(to)
                  + (stream == null ? "" : "&stream=" + text(stream)));
      page.path("entries").forEach(entry);
      next = page.path("next").isTextual() ? page.path("next").asText() : null;
    }
  }

  /** Trims the logs of all nodes; answers who needs what is left before the position. */
  public JsonNode trimLog(String before) {
    return json("POST", "/api/log/trim?before=" + text(before), CALL, BodyPublishers.noBody());
  }

  /** Sets how much of the log all nodes keep; 0 is no limit. */
  public void retainLog(long records, long bytes, long ageMillis) {
    json(
        "POST",
        "/api/log/retention?records=%d&bytes=%d&ageMillis=%d".formatted(records, bytes, ageMillis),
        CALL,
        BodyPublishers.noBody());
  }

  /** Takes a reader's bookmark away. */
  public void releaseBookmark(String name) {
    json("DELETE", "/api/log/bookmark?name=" + text(name), CALL, BodyPublishers.noBody());
  }

  /** Any route that answers JSON. */
  public JsonNode get(String path) {
    return json("GET", path, CALL, BodyPublishers.noBody());
  }

  @Override
  public void close() {
    http.shutdownNow();
  }

  private JsonNode json(String method, String path, Duration deadline, BodyPublisher body) {
    String doing = method + " " + path;
    try {
      var answer = http.send(request(method, path, deadline, body), BodyHandlers.ofString());
      checkFromNode(answer);
      if (answer.statusCode() >= 300) {
        throw error(answer.statusCode(), answer.body());
      }
      return JSON.readTree(answer.body());
    } catch (IOException e) {
      throw unanswered(doing, e);
    } catch (InterruptedException e) {
      throw interrupted(doing);
    }
  }

  /** Any server may listen at the address that somebody took for a node's. */
  private void checkFromNode(HttpResponse<?> answer) {
    if (answer.headers().firstValue(AdminServer.NODE_HEADER).isEmpty()) {
      throw new AdminException(
          answer.statusCode(),
          false,
          "something else than a Quire node answers: address=%s status=%d"
              .formatted(node, answer.statusCode()));
    }
  }

  private HttpRequest request(String method, String path, Duration deadline, BodyPublisher body) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://" + node + within(path)))
            .method(method, body)
            .timeout(deadline);
    if (!token.isEmpty()) {
      request.header("Authorization", "Bearer " + token);
    }
    return request.build();
  }

  /** What is not about objects does not look at the namespace. */
  private String within(String path) {
    if (namespace.isEmpty()) {
      return path;
    }
    return path + (path.indexOf('?') < 0 ? '?' : '&') + "namespace=" + text(namespace);
  }

  private AdminException unanswered(String doing, IOException e) {
    boolean never =
        e instanceof ConnectException
            || e instanceof HttpConnectTimeoutException
            || doing.startsWith("GET ");
    return new AdminException(
        0,
        !never,
        "cannot talk to the node: node=%s doing=%s why=%s".formatted(node, doing, why(e)));
  }

  private static String why(IOException e) {
    return switch (e) {
      case HttpConnectTimeoutException _ -> "nobody answers there, in time";
      case HttpTimeoutException _ -> "no answer in time";
      case ConnectException unknown
          when unknown.getCause() instanceof ConnectException cause
              && cause.getCause() instanceof UnresolvedAddressException ->
          "no such host";
      case ConnectException _ -> "no node answers there";
      default -> AdminServer.message(e).lines().findFirst().orElse("");
    };
  }

  private static AdminException interrupted(String doing) {
    Thread.currentThread().interrupt();
    return new AdminException(0, true, "interrupted: doing=" + doing);
  }

  private static AdminException error(int status, String body) {
    try {
      Map<?, ?> failure = JSON.readValue(body, Map.class);
      return new AdminException(
          status, "maybe".equals(failure.get("happened")), String.valueOf(failure.get("error")));
    } catch (JsonProcessingException e) {
      return new AdminException(status, status >= 500, "not an answer of a node: status=" + status);
    }
  }

  /* In a path, unlike in a query, a plus is a plus. */
  private static String text(String value) {
    return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
