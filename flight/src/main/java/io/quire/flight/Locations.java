package io.quire.flight;

import io.quire.base.Member;
import io.quire.base.NodeId;
import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import io.quire.fabric.Fabric;
import io.quire.fabric.Service;
import io.quire.lockserver.Sessions;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.arrow.flight.Location;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the members serve Flight. Each incarnation is asked once; one that does not serve it, or
 * does not answer in time, has no location, and is asked again the next time. Any thread.
 */
final class Locations {
  private static final Logger LOG = LoggerFactory.getLogger(Locations.class);
  private static final Duration DEADLINE = Duration.ofSeconds(2);

  private final Member self;
  private final Sessions sessions;
  private final Fabric fabric;
  private final Location here;
  private final Map<Long, Location> known = new ConcurrentHashMap<>();

  /** Begins to tell the others: takes {@link Service#FLIGHT} of the fabric. */
  Locations(Member self, Sessions sessions, Fabric fabric, Location here) {
    this.self = self;
    this.sessions = sessions;
    this.fabric = fabric;
    this.here = here;
    byte[] answer =
        new WireWriter(64).int64(self.incarnation()).string(here.getUri().toString()).toBytes();
    fabric.serve(Service.FLIGHT, _ -> CompletableFuture.completedFuture(ByteBuffer.wrap(answer)));
  }

  /** Of those of the nodes that are in the view and serve it. Waits, two seconds at most. */
  Map<NodeId, Location> of(Set<NodeId> nodes) {
    List<Member> members = sessions.view().members();
    known.keySet().retainAll(members.stream().map(Member::incarnation).toList());
    known.put(self.incarnation(), here);
    List<Member> wanted = members.stream().filter(member -> nodes.contains(member.node())).toList();
    CompletableFuture.allOf(
            wanted.stream()
                .filter(member -> !known.containsKey(member.incarnation()))
                .map(this::ask)
                .toArray(CompletableFuture<?>[]::new))
        .join();
    Map<NodeId, Location> found = new HashMap<>();
    for (Member member : wanted) {
      Location location = known.get(member.incarnation());
      if (location != null) {
        found.put(member.node(), location);
      }
    }
    return found;
  }

  /** Completes, and never with a failure. */
  private CompletableFuture<Void> ask(Member member) {
    return fabric
        .request(member.address(), Service.FLIGHT, new byte[0], DEADLINE)
        .thenAccept(answer -> take(member, answer))
        .exceptionally(
            e -> {
              LOG.debug("serves no Flight: member={} reason={}", member, e.getMessage());
              return null;
            });
  }

  private void take(Member member, byte[] answer) {
    WireReader in = new WireReader(answer);
    long incarnation = in.int64();
    Location location = location(in.string());
    in.end();
    // At the same address there may be another incarnation by now.
    if (incarnation == member.incarnation()) {
      known.put(incarnation, location);
    }
  }

  private static Location location(String uri) {
    try {
      return new Location(new URI(uri));
    } catch (URISyntaxException e) {
      throw new MalformedException("not a location: found=" + uri);
    }
  }
}
