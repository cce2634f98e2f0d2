package io.quire.datasets;

import io.quire.base.Member;
import io.quire.fabric.Fabric;
import io.quire.fabric.Service;
import io.quire.lockserver.Sessions;
import io.quire.lockserver.View;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The members of the view, and the way to them. Any thread. */
final class Members {
  private final Member self;
  private final Sessions sessions;
  private final Fabric fabric;
  private final CallServer local;

  Members(Member self, Sessions sessions, Fabric fabric, CallServer local) {
    this.self = self;
    this.sessions = sessions;
    this.fabric = fabric;
    this.local = local;
  }

  Member self() {
    return self;
  }

  View view() {
    return sessions.view();
  }

  boolean isSelf(Member member) {
    return member.incarnation() == self.incarnation();
  }

  /**
   * Checks that there are enough members to hold replicas. A view without this node says nothing
   * about who lives.
   *
   * @throws DatasetsException.TooFewMembers if there are not
   */
  void require(String dataset, int replicas) {
    View view = view();
    if (view.has(self.incarnation()) && view.members().size() < replicas) {
      throw new DatasetsException.TooFewMembers(dataset, replicas, view.members().size());
    }
  }

  /**
   * Asks a member. The future completes by the deadline or a little later, with the result, or with
   * a {@link Refusal} if the member said no, or with anything else if it may not have heard or may
   * have done it.
   */
  CompletableFuture<byte[]> call(Member to, Call call, Duration deadline) {
    if (isSelf(to)) {
      CompletableFuture<byte[]> result = new CompletableFuture<>();
      local
          .handle(call)
          .whenComplete(
              (value, failure) -> {
                if (failure == null) {
                  result.complete(value);
                } else {
                  result.completeExceptionally(CallServer.refusal(failure));
                }
              });
      return result.orTimeout(deadline.toNanos(), TimeUnit.NANOSECONDS);
    }
    return fabric.request(
        to.address(),
        Service.CALL,
        ByteBuffer.wrap(call.toBytes(to.incarnation())),
        deadline,
        answer -> {
          byte[] copy = new byte[answer.remaining()];
          answer.get(copy);
          return Refusal.result(copy);
        });
  }
}
