package io.quire.node;

import io.javalin.http.Context;
import io.quire.datasets.Datasets;
import io.quire.ns.Namespaces;
import io.quire.ns.Principal;
import io.quire.tables.Tables;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * For whom a request is done: for the principal of its token, or for the node itself.
 *
 * @param principal null for the node
 */
record Caller(
    @Nullable Principal principal, Namespaces namespaces, Datasets datasets, Tables tables) {
  private static final String ATTRIBUTE = "caller";
  private static final String JOBS = "/api/jobs/";

  /**
   * What principals may ask for. All of it looks at access lists or says only how the node is; what
   * is added and does neither is for the node's own token alone.
   */
  private static final Set<String> FOR_PRINCIPALS =
      Set.of(
          "GET /health",
          "GET /metrics",
          "GET /api/status",
          "GET /api/ns",
          "POST /api/ns",
          "DELETE /api/ns",
          "GET /api/ns/stat",
          "GET /api/ns/history",
          "POST /api/ns/rename",
          "GET /api/ns/refs",
          "GET /api/namespaces",
          "POST /api/namespaces",
          "DELETE /api/namespaces",
          "GET /api/namespaces/stat",
          "POST /api/namespaces/quota",
          "GET /api/namespaces/access",
          "POST /api/namespaces/access",
          "DELETE /api/namespaces/access",
          "PUT /api/data",
          "GET /api/data",
          "GET /api/tables",
          "GET /api/tables/bad",
          "POST /api/scan");

  /** The node itself. */
  static Caller of(Node node) {
    return new Caller(null, node.namespaces(), node.datasets(), node.tables());
  }

  /** Somebody who is not the node. */
  static Caller of(Node node, Principal principal) {
    return new Caller(
        principal,
        node.namespaces().as(principal),
        node.datasets().as(principal),
        node.tables().as(principal));
  }

  /** Whose request this is. */
  static Caller of(Context call) {
    return Objects.requireNonNull(call.attribute(ATTRIBUTE));
  }

  void asks(Context call) {
    call.attribute(ATTRIBUTE, this);
  }

  boolean mayAsk(Context call) {
    return principal == null
        || FOR_PRINCIPALS.contains(call.method() + " " + call.path())
        || (call.path().startsWith(JOBS) && call.method().name().equals("GET"));
  }

  Optional<Principal> asPrincipal() {
    return Optional.ofNullable(principal);
  }
}
