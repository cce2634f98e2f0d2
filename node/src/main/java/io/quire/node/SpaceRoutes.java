package io.quire.node;

import io.javalin.Javalin;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;
import io.quire.base.Member;
import io.quire.base.NodeId;
import io.quire.lockserver.Sessions;
import io.quire.ns.Access;
import io.quire.ns.NamePage;
import io.quire.ns.NamePattern;
import io.quire.ns.NamespaceInfo;
import io.quire.ns.Namespaces;
import io.quire.ns.NsException;
import io.quire.ns.NsHandle;
import io.quire.ns.Quota;
import io.quire.ns.Usage;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Namespaces over HTTP: made, listed, described, limited and destroyed. */
final class SpaceRoutes {
  private static final int PAGE = 100;
  private static final String PARAMETER = "namespace";
  private static final String ANY = "any";

  private final Sessions sessions;

  SpaceRoutes(Sessions sessions) {
    this.sessions = sessions;
  }

  void add(Javalin http) {
    http.get("/api/namespaces", this::list);
    http.post("/api/namespaces", this::create);
    http.delete("/api/namespaces", this::destroy);
    http.get("/api/namespaces/stat", this::stat);
    http.post("/api/namespaces/quota", this::limit);
  }

  /**
   * The namespace that a request names: by its name, or by {@code #} and its id; the root if by
   * none.
   *
   * @throws Failure.NoSuchName if there is none
   */
  static NsHandle in(Context call, Namespaces namespaces) {
    String text = call.queryParam(PARAMETER);
    if (text == null || text.isEmpty()) {
      return NsHandle.ROOT;
    }
    if (!text.startsWith("#")) {
      return namespaces.namespace(text).orElseThrow(() -> absent(text));
    }
    NsHandle handle = new NsHandle(id(text));
    if (!handle.equals(NsHandle.ROOT) && namespaces.describe(handle).isEmpty()) {
      throw absent(text);
    }
    return handle;
  }

  private static Failure.NoSuchName absent(String text) {
    return new Failure.NoSuchName("no such namespace: namespace=" + text);
  }

  private static long id(String text) {
    try {
      return Long.parseUnsignedLong(text, 1, text.length(), 16);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "not a namespace: found=%s allowed=a name, or # and an id in hexadecimal".formatted(text),
          e);
    }
  }

  private void stat(Context call) {
    Namespaces namespaces = Caller.of(call).namespaces();
    call.json(describe(namespaces, in(call, namespaces)));
  }

  private void list(Context call) {
    Namespaces namespaces = Caller.of(call).namespaces();
    String glob = call.queryParam("glob");
    String after = call.queryParam("after");
    NamePage page =
        namespaces.listNamespaces(
            glob == null ? NamePattern.ALL : NamePattern.of(glob),
            after == null ? "" : after,
            PAGE);
    List<Described> spaces =
        page.names().stream()
            .flatMap(listed -> readable(namespaces, new NsHandle(listed.xid())).stream())
            .toList();
    call.json(new Page(spaces, page.next().orElse(null)));
  }

  /** Empty if the caller may not look into it: a list is of what he may see. */
  private Optional<Described> readable(Namespaces namespaces, NsHandle namespace) {
    try {
      return namespaces.describe(namespace).map(info -> describe(namespaces, info));
    } catch (NsException.Forbidden e) {
      return Optional.empty();
    }
  }

  private void create(Context call) {
    Namespaces namespaces = Caller.of(call).namespaces();
    String name = call.queryParam("name");
    Quota quota = new Quota(limit(call, "objects"), limit(call, "bytes"));
    if (name == null && !quota.equals(Quota.NONE)) {
      throw new IllegalArgumentException("parameter missing: name=name, with a quota");
    }
    NsHandle made =
        name == null ? namespaces.createNamespace() : namespaces.createNamespace(name, quota);
    call.status(HttpStatus.CREATED).json(describe(namespaces, made));
  }

  private void limit(Context call) {
    Namespaces namespaces = Caller.of(call).namespaces();
    NsHandle namespace = in(call, namespaces);
    namespaces.require(namespace, Access.OWNER); // before it is told what the request lacks
    AdminServer.required(call, "objects");
    AdminServer.required(call, "bytes");
    namespaces.limit(namespace, new Quota(limit(call, "objects"), limit(call, "bytes")));
    call.json(describe(namespaces, namespace));
  }

  private void destroy(Context call) {
    Namespaces namespaces = Caller.of(call).namespaces();
    NsHandle namespace = in(call, namespaces);
    Described last = describe(namespaces, namespace);
    namespaces.destroyNamespace(namespace);
    call.json(last);
  }

  private static long limit(Context call, String parameter) {
    String text = call.queryParam(parameter);
    if (text == null || text.equals(ANY)) {
      return Long.MAX_VALUE;
    }
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "not a limit: %s=%s allowed=a number, or any".formatted(parameter, text), e);
    }
  }

  private Described describe(Namespaces namespaces, NsHandle namespace) {
    if (!namespace.equals(NsHandle.ROOT)) {
      return namespaces
          .describe(namespace)
          .map(info -> describe(namespaces, info))
          .orElseThrow(() -> absent("#" + namespace.text()));
    }
    Usage usage = namespaces.usage(namespace);
    return new Described(
        namespace.text(), null, null, null, null, null, null, usage.objects(), usage.bytes());
  }

  private Described describe(Namespaces namespaces, NamespaceInfo info) {
    Usage usage = namespaces.usage(info.handle());
    return new Described(
        info.handle().text(),
        info.name().orElse(null),
        Long.toHexString(info.creator()),
        creator(info).map(NodeId::name).orElse(null),
        info.created(),
        shown(info.quota().objects()),
        shown(info.quota().bytes()),
        usage.objects(),
        usage.bytes());
  }

  private Optional<NodeId> creator(NamespaceInfo info) {
    return sessions.view().members().stream()
        .filter(member -> member.incarnation() == info.creator())
        .map(Member::node)
        .findFirst();
  }

  private static @Nullable Long shown(long limit) {
    return limit == Long.MAX_VALUE ? null : limit;
  }

  /**
   * A namespace; JSON by field name. Of the root, only its id and what it holds.
   *
   * @param name null if it has none
   * @param creator the incarnation that made it
   * @param creatorNode the node of that; null when its session has ended
   * @param objectsMax null for any number
   * @param bytesMax null for any number
   */
  record Described(
      String id,
      @Nullable String name,
      @Nullable String creator,
      @Nullable String creatorNode,
      @Nullable Long created,
      @Nullable Long objectsMax,
      @Nullable Long bytesMax,
      long objects,
      long bytes) {}

  /** Part of a list; {@code next} is what to pass as {@code after} for more. */
  record Page(List<Described> namespaces, @Nullable String next) {}
}
