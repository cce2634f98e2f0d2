package io.quire.flight;

import io.quire.ns.Namespaces;
import io.quire.ns.Principal;
import io.quire.tables.Tables;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Map;
import java.util.Optional;
import org.apache.arrow.flight.CallHeaders;
import org.apache.arrow.flight.CallInfo;
import org.apache.arrow.flight.CallStatus;
import org.apache.arrow.flight.FlightProducer.CallContext;
import org.apache.arrow.flight.FlightServerMiddleware;
import org.apache.arrow.flight.RequestContext;
import org.jspecify.annotations.Nullable;

/**
 * For whom a call is done: for the principal of the token that it shows, or for the node itself.
 */
final class Caller implements FlightServerMiddleware {
  static final Key<Caller> KEY = Key.of("quire-caller");

  private static final String HEADER = "authorization";
  private static final String BEARER = "Bearer ";

  /** Empty for the node itself. */
  private final Optional<Principal> principal;

  private Caller(Optional<Principal> principal) {
    this.principal = principal;
  }

  /** Lets in whoever shows a token; everybody, as the node itself, if there are none. */
  static final class Door implements FlightServerMiddleware.Factory<Caller> {
    private final String ofNode;
    private final Map<String, Principal> ofPrincipals;

    Door(String ofNode, Map<String, Principal> ofPrincipals) {
      this.ofNode = ofNode;
      this.ofPrincipals = ofPrincipals;
    }

    @Override
    public Caller onCallStarted(CallInfo call, CallHeaders headers, RequestContext context) {
      String shown = headers.get(HEADER);
      if (ofNode.isEmpty() && ofPrincipals.isEmpty()) {
        return new Caller(Optional.empty());
      }
      if (!ofNode.isEmpty() && same(ofNode, shown)) {
        return new Caller(Optional.empty());
      }
      for (Map.Entry<String, Principal> token : ofPrincipals.entrySet()) {
        if (same(token.getKey(), shown)) {
          return new Caller(Optional.of(token.getValue()));
        }
      }
      throw CallStatus.UNAUTHENTICATED.withDescription("a token is needed").toRuntimeException();
    }

    /** In a time that does not tell how much of it was right. */
    private static boolean same(String token, @Nullable String shown) {
      return shown != null
          && MessageDigest.isEqual(
              (BEARER + token).getBytes(StandardCharsets.UTF_8),
              shown.getBytes(StandardCharsets.UTF_8));
    }
  }

  /** Whose call this is. */
  static Caller of(CallContext call) {
    return call.getMiddleware(KEY);
  }

  /** Empty for the node itself. */
  Optional<Principal> principal() {
    return principal;
  }

  Namespaces in(Namespaces ofNode) {
    return principal.map(ofNode::as).orElse(ofNode);
  }

  Tables in(Tables ofNode) {
    return principal.map(ofNode::as).orElse(ofNode);
  }

  @Override
  public void onBeforeSendingHeaders(CallHeaders headers) {}

  @Override
  public void onCallCompleted(CallStatus status) {}

  @Override
  public void onCallErrored(Throwable error) {}
}
