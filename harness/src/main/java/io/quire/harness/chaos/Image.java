package io.quire.harness.chaos;

import io.quire.lockserver.FileContents;
import io.quire.node.Node;
import io.quire.ns.Lifetime;
import io.quire.ns.NamePattern;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * All that a node holds of the shared state, as of one log position: its cells as the applied log
 * made them, and objects and lists as the public interface shows them.
 *
 * @param position up to which the log was applied
 * @param cells version and value by key
 * @param objects by id
 * @param lists ids by name, by namespace
 * @param files of the lock server, version and contents by path
 * @param references that this node holds to any of the objects
 * @param sessions of clients of the lock server, on all nodes; where objects are opened in modes,
 *     for which nodes keep sessions as long as they run, locks that somebody holds or waits for
 */
record Image(
    long position,
    Map<String, String> cells,
    Map<Long, Held> objects,
    Map<Long, Map<String, Long>> lists,
    Map<String, String> files,
    long references,
    long sessions) {
  private static final Duration DEADLINE = Duration.ofSeconds(20);
  private static final int DIFFERENCES_MAX = 10;
  private static final String OBJECT_PREFIX = "x/";

  /**
   * An object as a lookup by id shows it.
   *
   * @param value of a table only that it is one
   * @param owner whose session it lives for, or 0
   * @param closed whether it lives until it is closed, and was open
   */
  record Held(
      long namespace,
      String name,
      String value,
      long version,
      boolean draining,
      long owner,
      boolean closed) {}

  /** Takes the image of a node on which nothing is going on. */
  static Image of(Node node, Area area, Keys newest) {
    Map<String, String> cells = new TreeMap<>();
    long position =
        waited(
            node.cells()
                .onLoop(
                    List.of(),
                    DEADLINE,
                    () -> {
                      node.cells()
                          .forEach(
                              (key, cell) ->
                                  cells.put(
                                      key,
                                      cell.version()
                                          + " "
                                          + Base64.getEncoder().encodeToString(cell.value())));
                      return node.log().applied();
                    }));
    Map<Long, Held> objects = new TreeMap<>();
    long references = 0;
    for (String key : cells.keySet()) {
      if (key.startsWith(OBJECT_PREFIX)) {
        long xid = Long.parseUnsignedLong(key.substring(OBJECT_PREFIX.length()), 16);
        NsObject object = node.namespaces().lookup(xid).orElse(null);
        references += node.namespaces().references(xid);
        if (object != null) {
          objects.put(xid, held(object));
        }
      }
    }
    return new Image(
        position,
        cells,
        objects,
        lists(node, objects),
        files(node, newest),
        references,
        area == Area.NAMES ? node.locks().stats().locks() : node.locks().stats().sessions());
  }

  private static Map<String, String> files(Node node, Keys newest) {
    Map<String, String> files = new TreeMap<>();
    for (int age = 0; age <= newest.age(); age++) {
      for (String path : new Keys(age).locks()) {
        FileContents found = waited(node.locks().peek(path));
        if (found != null) {
          files.put(
              path, found.version() + " " + Base64.getEncoder().encodeToString(found.contents()));
        }
      }
    }
    return files;
  }

  private static <T extends @Nullable Object> T waited(CompletableFuture<T> future) {
    try {
      return future.get(DEADLINE.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("no image", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("no image", e);
    }
  }

  private static Held held(NsObject object) {
    return new Held(
        object.namespace().id(),
        object.name(),
        Base64.getEncoder()
            .encodeToString(
                object.kind().equals(TableClient.TABLE)
                    ? ObjectCalls.bytes(TableClient.TABLE)
                    : object.value()),
        object.version(),
        object.draining(),
        object.lifetime() == Lifetime.SESSION ? object.creator() : 0,
        object.lifetime() == Lifetime.UNTIL_CLOSED && object.opened());
  }

  private static Map<Long, Map<String, Long>> lists(Node node, Map<Long, Held> objects) {
    Map<Long, Map<String, Long>> lists = new TreeMap<>();
    TreeSet<Long> namespaces = new TreeSet<>();
    objects.values().forEach(object -> namespaces.add(object.namespace()));
    for (long namespace : namespaces) {
      Map<String, Long> names = new TreeMap<>();
      node.namespaces()
          .listAll(new NsHandle(namespace), NamePattern.ALL)
          .forEach(listed -> names.put(listed.name(), listed.xid()));
      lists.put(namespace, names);
    }
    return lists;
  }

  /** What a read of a client's key finds. */
  Result find(String key) {
    if (Keys.isCell(key) || Keys.isFile(key)) {
      String cell = (Keys.isCell(key) ? cells : files).get(key);
      if (cell == null) {
        return Result.ABSENT;
      }
      int space = cell.indexOf(' ');
      return new Result.Found(
          Long.parseLong(cell.substring(0, space)), plain(cell.substring(space + 1)));
    }
    Long xid =
        lists.values().stream()
            .map(names -> names.get(key))
            .filter(Objects::nonNull)
            .findFirst()
            .orElse(null);
    Held object = xid == null ? null : objects.get(xid);
    return object == null ? Result.ABSENT : new Result.Found(object.version, plain(object.value));
  }

  private static String plain(String base64) {
    return new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
  }

  /** What does not fit together within this image. */
  List<String> contradictions() {
    List<String> found = new ArrayList<>();
    lists.forEach(
        (namespace, names) ->
            names.forEach(
                (name, xid) -> {
                  Held object = objects.get(xid);
                  if (object == null
                      || object.draining
                      || object.namespace != namespace
                      || !object.name.equals(name)) {
                    found.add(
                        "half an object: name=%s xid=%d object=%s".formatted(name, xid, object));
                  }
                }));
    objects.forEach(
        (xid, object) -> {
          Long listed = lists.getOrDefault(object.namespace, Map.of()).get(object.name);
          if (!object.draining && !xid.equals(listed)) {
            found.add("half an object: xid=%d object=%s listed=%s".formatted(xid, object, listed));
          }
        });
    return found;
  }

  /** How cells and files of two nodes differ, a few of them; empty if they are the same. */
  List<String> differences(Image other) {
    return Stream.concat(differences(cells, other.cells), differences(files, other.files))
        .limit(DIFFERENCES_MAX)
        .toList();
  }

  private static Stream<String> differences(Map<String, String> one, Map<String, String> other) {
    TreeSet<String> keys = new TreeSet<>(one.keySet());
    keys.addAll(other.keySet());
    return keys.stream()
        .filter(key -> !Objects.equals(one.get(key), other.get(key)))
        .map(key -> "key=%s one=%s other=%s".formatted(key, one.get(key), other.get(key)));
  }

  /** What should be gone: references, objects that drain, objects of sessions that are over. */
  List<String> leaks(Set<Long> members) {
    List<String> found = new ArrayList<>();
    if (references > 0) {
      found.add("references held: count=" + references);
    }
    if (sessions > 0) {
      found.add("sessions or locks of clients of the lock server: count=" + sessions);
    }
    objects.forEach(
        (xid, object) -> {
          if (object.draining) {
            found.add("object still drains: xid=" + xid + " name=" + object.name);
          } else if (object.closed) {
            found.add("object that was closed: xid=" + xid + " name=" + object.name);
          } else if (object.owner != 0 && !members.contains(object.owner)) {
            found.add("object of a session that is over: xid=" + xid + " name=" + object.name);
          }
        });
    return found;
  }

  void save(Path file) throws IOException {
    List<String> lines = new ArrayList<>();
    lines.add("position " + position + " " + references + " " + sessions);
    cells.forEach((key, cell) -> lines.add("cell\t" + key + "\t" + cell));
    files.forEach((path, found) -> lines.add("file\t" + path + "\t" + found));
    objects.forEach(
        (xid, o) ->
            lines.add(
                "object\t%d\t%d\t%s\t%s\t%d\t%b\t%d\t%b"
                    .formatted(
                        xid,
                        o.namespace,
                        o.name,
                        o.value,
                        o.version,
                        o.draining,
                        o.owner,
                        o.closed)));
    lists.forEach(
        (namespace, names) ->
            names.forEach(
                (name, xid) -> lines.add("list\t%d\t%s\t%d".formatted(namespace, name, xid))));
    Files.write(file, lines);
  }

  static Image load(Path file) throws IOException {
    List<String> lines = Files.readAllLines(file);
    String[] first = lines.getFirst().split(" ");
    Map<String, String> cells = new TreeMap<>();
    Map<Long, Held> objects = new TreeMap<>();
    Map<Long, Map<String, Long>> lists = new TreeMap<>();
    Map<String, String> files = new TreeMap<>();
    for (String line : lines.subList(1, lines.size())) {
      String[] f = line.split("\t");
      switch (f[0]) {
        case "cell" -> cells.put(f[1], f[2]);
        case "file" -> files.put(f[1], f[2]);
        case "object" ->
            objects.put(
                Long.parseLong(f[1]),
                new Held(
                    Long.parseLong(f[2]),
                    f[3],
                    f[4],
                    Long.parseLong(f[5]),
                    Boolean.parseBoolean(f[6]),
                    Long.parseLong(f[7]),
                    Boolean.parseBoolean(f[8])));
        case "list" ->
            lists
                .computeIfAbsent(Long.parseLong(f[1]), _ -> new TreeMap<>())
                .put(f[2], Long.parseLong(f[3]));
        default -> throw new IOException("not a line of an image: found=" + line);
      }
    }
    return new Image(
        Long.parseLong(first[1]),
        cells,
        objects,
        lists,
        files,
        Long.parseLong(first[2]),
        Long.parseLong(first[3]));
  }
}
