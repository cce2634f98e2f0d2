package io.quire.node;

import io.javalin.Javalin;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;
import io.quire.datasets.Descriptor;
import io.quire.formats.BadRowLimit;
import io.quire.formats.Format;
import io.quire.formats.InputFile;
import io.quire.formats.ReadOptions;
import io.quire.formats.Sampling;
import io.quire.formats.SchemaText;
import io.quire.ns.Lifetime;
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

  private final Node node;
  private final Jobs jobs;

  TableRoutes(Node node, Jobs jobs) {
    this.node = node;
    this.jobs = jobs;
  }

  /**
   * Asks for a load; JSON by field name.
   *
   * @param files paths, patterns or URIs, as the nodes see them
   * @param format one of {@link Format#NAMES}; null: by the name of the first file
   * @param schema of columns in the place of those that were found; null for none
   * @param badRows how many are borne
   */
  record TableRequest(
      String name,
      Lifetime lifetime,
      List<String> files,
      @Nullable String format,
      @Nullable String schema,
      long badRows) {}

  /**
   * Asks for files to be appended to a table, by whose columns they are read; JSON by field name.
   */
  record AppendRequest(String name, List<String> files, @Nullable String format, long badRows) {}

  /** A table; JSON by field name. */
  record TableInfo(String name, String schema, long rows, long badRows, long bytes, int extents) {}

  void add(Javalin http) {
    http.post("/api/tables", this::load);
    http.post("/api/tables/append", this::append);
    http.get("/api/tables", call -> call.json(describe(existing(call))));
    http.get("/api/tables/bad", this::bad);
  }

  private void load(Context call) throws IOException {
    TableRequest request = AdminServer.body(call, TableRequest.class);
    if (request.name() == null || request.lifetime() == null || request.files() == null) {
      throw new IllegalArgumentException("field missing: wanted name, lifetime and files");
    }
    Jobs.Job job = jobs.start("table", running -> describe(load(request, running)));
    call.status(HttpStatus.ACCEPTED).json(job.status());
  }

  private NsObject load(TableRequest request, Jobs.Job running) {
    Tables tables = node.tables();
    List<InputFile> files = tables.inputs().find(request.files());
    Format format = format(request.format(), files);
    return tables.load(
        NsHandle.ROOT,
        request.name(),
        request.lifetime(),
        new Source.Files(files, format),
        schema(files, format, Optional.ofNullable(request.schema())),
        ReadOptions.DEFAULTS.withBadRows(BadRowLimit.ofCount(request.badRows())),
        (done, total, _) -> running.progress(done, total));
  }

  private static Format format(@Nullable String named, List<InputFile> files) {
    return named == null ? Format.byName(files.getFirst().uri()) : Format.named(named);
  }

  private void append(Context call) throws IOException {
    AppendRequest request = AdminServer.body(call, AppendRequest.class);
    if (request.name() == null || request.files() == null) {
      throw new IllegalArgumentException("field missing: wanted name and files");
    }
    NsObject table = existing(request.name());
    Jobs.Job job = jobs.start("append", running -> describe(append(table, request, running)));
    call.status(HttpStatus.ACCEPTED).json(job.status());
  }

  private NsObject append(NsObject table, AppendRequest request, Jobs.Job running) {
    Tables tables = node.tables();
    List<InputFile> files = tables.inputs().find(request.files());
    return tables.append(
        table,
        new Source.Files(files, format(request.format(), files)),
        tables.schema(table),
        ReadOptions.DEFAULTS.withBadRows(BadRowLimit.ofCount(request.badRows())),
        (done, total, _) -> running.progress(done, total));
  }

  /** Files without a header have no names that could be found: then the schema is all of it. */
  private Schema schema(List<InputFile> files, Format format, Optional<String> given) {
    Optional<Schema> replacements = given.map(SchemaText::parse);
    if (format instanceof Format.Csv csv && !csv.header() && replacements.isPresent()) {
      return replacements.get();
    }
    Schema found = node.tables().inputs().infer(files, format, Sampling.DEFAULTS);
    return replacements.map(each -> SchemaText.override(found, each)).orElse(found);
  }

  private NsObject existing(Context call) {
    return existing(AdminServer.required(call, "name"));
  }

  private NsObject existing(String name) {
    return node.namespaces()
        .lookup(NsHandle.ROOT, name)
        .orElseThrow(() -> new Failure.NoSuchName("no such object: name=" + name));
  }

  private TableInfo describe(NsObject table) {
    Descriptor descriptor = node.datasets().descriptor(table);
    return new TableInfo(
        table.name(),
        SchemaText.print(node.tables().schema(table)),
        descriptor.rows(),
        descriptor.rowsAside(),
        descriptor.bytes(),
        descriptor.extents().size());
  }

  private void bad(Context call) {
    NsObject table = existing(call);
    node.tables().schema(table); // refuses what is no table
    call.contentType("application/x-ndjson");
    OutputStream out = call.outputStream();
    node.tables()
        .badRows(
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
