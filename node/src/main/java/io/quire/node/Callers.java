package io.quire.node;

import io.quire.ns.Principal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Tells callers by their tokens. Where there are none, everybody is the node itself. */
final class Callers {
  private static final String BEARER = "Bearer ";

  private final Caller node;
  private final Map<String, Caller> byToken = new LinkedHashMap<>();

  Callers(Node node) {
    this.node = Caller.of(node);
    String own = node.config().httpToken();
    if (!own.isEmpty()) {
      byToken.put(own, this.node);
    }
    Map<Principal, Caller> others = new LinkedHashMap<>();
    node.config()
        .httpTokens()
        .forEach(
            (token, principal) ->
                byToken.put(
                    token, others.computeIfAbsent(principal, each -> Caller.of(node, each))));
  }

  /**
   * Whose token it is; empty if nobody's.
   *
   * @param authorization as the request says it, null if it does not
   */
  Optional<Caller> of(@Nullable String authorization) {
    if (byToken.isEmpty()) {
      return Optional.of(node);
    }
    Optional<Caller> found = Optional.empty();
    for (Map.Entry<String, Caller> each : byToken.entrySet()) {
      if (authorization != null && same(BEARER + each.getKey(), authorization)) {
        found = Optional.of(each.getValue());
      }
    }
    return found;
  }

  /** In a time that does not tell how much of it was right. */
  private static boolean same(String wanted, String found) {
    return MessageDigest.isEqual(
        wanted.getBytes(StandardCharsets.UTF_8), found.getBytes(StandardCharsets.UTF_8));
  }
}
