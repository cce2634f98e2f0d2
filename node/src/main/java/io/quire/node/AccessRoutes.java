package io.quire.node;

import io.javalin.Javalin;
import io.javalin.http.Context;
import io.quire.ns.Access;
import io.quire.ns.AccessList;
import io.quire.ns.Namespaces;
import io.quire.ns.NsHandle;
import io.quire.ns.Principal;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Who may do what in a namespace, over HTTP. */
final class AccessRoutes {
  /** In the place of a principal: everybody who is not named. */
  private static final String OTHERS = "*";

  private AccessRoutes() {}

  static void add(Javalin http) {
    http.get("/api/namespaces/access", AccessRoutes::show);
    http.post("/api/namespaces/access", AccessRoutes::grant);
    http.delete("/api/namespaces/access", AccessRoutes::revoke);
  }

  private static void show(Context call) {
    Namespaces namespaces = Caller.of(call).namespaces();
    NsHandle namespace = SpaceRoutes.in(call, namespaces);
    AccessList list = namespaces.access(namespace);
    List<Granted> granted =
        list.granted().entrySet().stream()
            .map(entry -> new Granted(entry.getKey().name(), text(entry.getValue())))
            .toList();
    call.json(new Described(namespace.text(), granted, text(list.others())));
  }

  private static void grant(Context call) {
    Namespaces namespaces = Caller.of(call).namespaces();
    NsHandle namespace = SpaceRoutes.in(call, namespaces);
    String principal = AdminServer.required(call, "principal");
    Access access = access(AdminServer.required(call, "access"));
    if (principal.equals(OTHERS)) {
      namespaces.grantOthers(namespace, access);
    } else {
      namespaces.grant(namespace, new Principal(principal), access);
    }
    // Not the list: who gave up its own access may not see it any more.
    call.json(Map.of());
  }

  private static void revoke(Context call) {
    Namespaces namespaces = Caller.of(call).namespaces();
    String principal = AdminServer.required(call, "principal");
    namespaces.revoke(SpaceRoutes.in(call, namespaces), new Principal(principal));
    call.json(Map.of());
  }

  private static Access access(String text) {
    for (Access access : Access.values()) {
      if (text(access).equals(text)) {
        return access;
      }
    }
    throw new IllegalArgumentException(
        "not an access: found=%s allowed=none, reader, writer, owner".formatted(text));
  }

  private static String text(Access access) {
    return access.name().toLowerCase(Locale.ROOT);
  }

  /** A principal and what it may do; JSON by field name. */
  record Granted(String principal, String access) {}

  /** An access list; JSON by field name. */
  record Described(String namespace, List<Granted> granted, String others) {}
}
