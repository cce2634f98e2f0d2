package io.quire.node;

import io.javalin.Javalin;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;
import io.quire.datasets.Descriptor;
import io.quire.datasets.Progress;
import io.quire.formats.BadRowLimit;
import io.quire.formats.Format;
import io.quire.formats.InputFile;
import io.quire.formats.ReadOptions;
import io.quire.formats.Sampling;
import io.quire.formats.SchemaText;
import io.quire.ns.Lifetime;
import io.quire.ns.Namespaces;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.tables.Source;
import io.quire.tables.Tables;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/** Tables over HTTP: loaded from files that the nodes read, described, and their bad rows. */
final class TableRoutes {
  private static final Duration DEADLINE_EACH = Duration.ofSeconds(60);

  private final Jobs jobs;

  TableRoutes(Jobs jobs) {
    this.jobs = jobs;
  }

  /**
   * Asks for a load; JSON by field name.
   *
   * @param files paths, patterns or URIs, as the nodes see them
   * @param format one of {@link Format#NAMES}; null: by the name of the first file
   * @param schema of columns in the place of those that were found; null for none
   * @param badRows how many are borne
   * @param replicas null for the usual number
   */
  record TableRequest(
      String name,
      Lifetime lifetime,
      List<String> files,
      @Nullable String format,
      @Nullable String schema,
      long badRows,
      @Nullable Integer replicas) {}

  /**
   * Asks for files to be appended to a table, by whose columns they are read; JSON by field name.
   */
  record AppendRequest(String name, List<String> files, @Nullable String format, long badRows) {}

  /**
   * A table; JSON by field name.
   *
   * @param keptParts of an attempt before that broke off, if it was loaded just now
   */
  record TableInfo(
      String name,
      String schema,
      long rows,
      long badRows,
      long bytes,
      int extents,
      int replicas,
      long keptParts) {}

  /** Tells a job how far a load is. */
  private static final class LoadProgress implements Progress {
    private final Jobs.Job running;

    /** Parts that an attempt before had finished. */
    private volatile long kept;

    LoadProgress(Jobs.Job running) {
      this.running = running;
    }

    @Override
    public void made(long done, long total, long bytes) {
      running.progress(done, total);
    }

    @Override
    public void kept(long parts, long total, long bytes) {
      kept = parts;
      running.progress(parts, total);
    }
  }

  void add(Javalin http) {
    http.post("/api/tables", this::load);
    http.post("/api/tables/append", this::append);
    http.get("/api/tables", call -> call.json(describe(Caller.of(call), existing(call), 0)));
    http.get("/api/tables/bad", TableRoutes::bad);
  }

  private void load(Context call) throws IOException {
    TableRequest request = AdminServer.body(call, TableRequest.class);
    if (request.name() == null || request.lifetime() == null || request.files() == null) {
      throw new IllegalArgumentException("field missing: wanted name, lifetime and files");
    }
    Caller caller = Caller.of(call);
    NsHandle space = SpaceRoutes.in(call, caller.namespaces());
    Jobs.Job job =
        jobs.start(
            "table",
            running -> {
              LoadProgress progress = new LoadProgress(running);
              NsObject table = load(caller.tables(), space, request, progress);
              return describe(caller, table, progress.kept);
            });
    call.status(HttpStatus.ACCEPTED).json(job.status());
  }

  private static NsObject load(
      Tables tables, NsHandle space, TableRequest request, Progress progress) {
    List<InputFile> files = tables.inputs().find(request.files());
    Format format = format(request.format(), files);
    return tables.load(
        space,
        request.name(),
        request.lifetime(),
        AdminServer.options(request.replicas()),
        new Source.Files(files, format),
        schema(tables, files, format, Optional.ofNullable(request.schema())),
        ReadOptions.DEFAULTS.withBadRows(BadRowLimit.ofCount(request.badRows())),
        progress);
  }

  private static Format format(@Nullable String named, List<InputFile> files) {
    return named == null ? Format.byName(files.getFirst().uri()) : Format.named(named);
  }

  private void append(Context call) throws IOException {
    AppendRequest request = AdminServer.body(call, AppendRequest.class);
    if (request.name() == null || request.files() == null) {
      throw new IllegalArgumentException("field missing: wanted name and files");
    }
    NsObject table = existing(call, request.name());
    Caller caller = Caller.of(call);
    Jobs.Job job =
        jobs.start(
            "append",
            running -> {
              LoadProgress progress = new LoadProgress(running);
              NsObject more = append(caller.tables(), table, request, progress);
              return describe(caller, more, progress.kept);
            });
    call.status(HttpStatus.ACCEPTED).json(job.status());
  }

  private static NsObject append(
      Tables tables, NsObject table, AppendRequest request, Progress progress) {
    List<InputFile> files = tables.inputs().find(request.files());
    return tables.append(
        table,
        new Source.Files(files, format(request.format(), files)),
        tables.schema(table),
        ReadOptions.DEFAULTS.withBadRows(BadRowLimit.ofCount(request.badRows())),
        progress);
  }

  /** Files without a header have no names that could be found: then the schema is all of it. */
  private static Schema schema(
      Tables tables, List<InputFile> files, Format format, Optional<String> given) {
    Optional<Schema> replacements = given.map(SchemaText::parse);
    if (format instanceof Format.Csv csv && !csv.header() && replacements.isPresent()) {
      return replacements.get();
    }
    Schema found = tables.inputs().infer(files, format, Sampling.DEFAULTS);
    return replacements.map(each -> SchemaText.override(found, each)).orElse(found);
  }

  private static NsObject existing(Context call) {
    return existing(call, AdminServer.required(call, "name"));
  }

  private static NsObject existing(Context call, String name) {
    Namespaces namespaces = Caller.of(call).namespaces();
    return namespaces
        .lookup(SpaceRoutes.in(call, namespaces), name)
        .orElseThrow(() -> new Failure.NoSuchName("no such object: name=" + name));
  }

  private static TableInfo describe(Caller caller, NsObject table, long keptParts) {
    Descriptor descriptor = caller.datasets().descriptor(table);
    return new TableInfo(
        table.name(),
        SchemaText.print(caller.tables().schema(table)),
        descriptor.rows(),
        descriptor.rowsAside(),
        descriptor.bytes(),
        descriptor.extents().size(),
        descriptor.replicas(),
        keptParts);
  }

  private static void bad(Context call) {
    Tables tables = Caller.of(call).tables();
    NsObject table = existing(call);
    tables.schema(table); // refuses what is no table
    call.contentType("application/x-ndjson");
    OutputStream out = call.outputStream();
    tables.badRows(
        table,
        line -> {
          try {
            out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        },
        DEADLINE_EACH);
  }
}
