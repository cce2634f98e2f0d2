package io.quire.bench;

import io.quire.harness.ChildProcess;
import java.time.Duration;
import java.util.List;

/** Finds the member that leads. */
final class Leaders {
  private Leaders() {}

  /**
   * The first that says it leads.
   *
   * @param member of the group; if it ends, the waiting ends
   */
  static JobClient among(ChildProcess member, List<JobClient> clients, Duration limit) {
    JobClient[] found = new JobClient[1];
    member.await(
        "a leader of its group",
        () -> {
          for (JobClient client : clients) {
            if (client.leads()) {
              found[0] = client;
              return true;
            }
          }
          return false;
        },
        limit);
    return found[0];
  }
}
