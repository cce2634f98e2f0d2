package io.quire.log;

import io.quire.base.Address;
import io.quire.base.NodeId;
import io.quire.fabric.Fabric;
import io.quire.fabric.Service;
import io.quire.log.Identity.State;
import io.quire.log.LogMessages.Hello;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a storage part of a group: a new one, if all of its founders are blank, or the one that is
 * there.
 *
 * <p>The group's id is a hash of the founders' names and storage ids. So founders who saw different
 * storages form different groups, of which no two can have a majority, and a founder whose storage
 * was lost is no member of the group that knew it.
 */
final class Formation {
  private static final Logger LOG = LoggerFactory.getLogger(Formation.class);
  private static final Duration HELLO_DEADLINE = Duration.ofSeconds(1);
  private static final Duration PAUSE = Duration.ofMillis(50);

  private final LogConfig config;
  private final Storage storage;
  private final Fabric fabric;
  private final Peers peers;
  private final CountDownLatch closed;

  Formation(LogConfig config, Storage storage, Fabric fabric, Peers peers, CountDownLatch closed) {
    this.config = config;
    this.storage = storage;
    this.fabric = fabric;
    this.peers = peers;
    this.closed = closed;
  }

  /** Whether a node there knows who leads its group. Blocks. */
  static boolean led(Fabric fabric, Address address) {
    try {
      return fabric
          .request(
              address,
              Service.LOG,
              ByteBuffer.wrap(LogMessages.hello()),
              HELLO_DEADLINE,
              Hello::decode)
          .get(HELLO_DEADLINE.toMillis() * 2, TimeUnit.MILLISECONDS)
          .led();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } catch (ExecutionException | TimeoutException e) {
      return false;
    }
  }

  /** What follows from what the others say. */
  sealed interface Decision {
    /** All founders are known: this storage is one of them. */
    record Found(UUID group, List<GroupMember> founders) implements Decision {}

    /** There is a group: come to it as a listener. */
    record Join(UUID group, List<GroupMember> members) implements Decision {}

    /** Too little is known yet. */
    record Wait(String missing) implements Decision {}

    /** It will never work. */
    record Refuse(String reason) implements Decision {}
  }

  /** Returns when the storage is part of a group. Blocks. */
  void run(long deadlineNanos) throws IOException {
    storage.finishForming();
    String missing = "";
    while (!storage.identity().grouped()) {
      if (System.nanoTime() - deadlineNanos > 0) {
        throw new LogException.StartException("no group was formed in time: missing=" + missing);
      }
      switch (decide(storage.identity(), fabric.address(), config.voters(), ask())) {
        case Decision.Found(UUID group, List<GroupMember> founders) -> {
          LOG.info("forming a group: id={} founders={}", group, founders);
          storage.form(group, founders);
        }
        case Decision.Join(UUID group, List<GroupMember> members) -> {
          LOG.info("coming to a group: id={} members={}", group, members);
          storage.form(group, members);
        }
        case Decision.Wait(String reason) -> {
          missing = reason;
          pause();
        }
        case Decision.Refuse(String reason) -> throw new LogException.StartException(reason);
      }
    }
  }

  static Decision decide(
      Identity self, Address address, List<NodeId> founders, Map<Hello, Address> answers) {
    List<Hello> grouped = answers.keySet().stream().filter(Hello::grouped).toList();
    if (grouped.stream().map(Hello::group).distinct().count() > 1) {
      return new Decision.Refuse("nodes belong to different groups: answers=" + grouped);
    }
    if (!grouped.isEmpty()) {
      return decideWithGroup(self, address, grouped);
    }
    if (self.state() != State.BLANK || !founders.contains(self.node())) {
      return new Decision.Wait("a node that is part of the group");
    }
    return decideWithoutGroup(self, address, founders, answers);
  }

  private static Decision decideWithGroup(Identity self, Address address, List<Hello> grouped) {
    UUID group = grouped.getFirst().group();
    for (Hello hello : grouped) {
      List<GroupMember> voters = hello.members().stream().filter(GroupMember::voter).toList();
      boolean founder =
          self.state() == State.BLANK
              && voters.stream().anyMatch(member -> member.peer().equals(self.peer()))
              && GroupMember.groupId(self.cluster(), voters).equals(group);
      if (founder) {
        return new Decision.Found(group, voters);
      }
    }
    for (Hello hello : grouped) {
      List<GroupMember> members =
          new ArrayList<>(hello.running().stream().filter(GroupMember::voter).toList());
      if (!members.isEmpty()) {
        members.add(new GroupMember(self.peer(), address, false));
        return new Decision.Join(group, List.copyOf(members));
      }
    }
    return new Decision.Wait("a running member of the group, group=" + group);
  }

  private static Decision decideWithoutGroup(
      Identity self, Address address, List<NodeId> founders, Map<Hello, Address> answers) {
    Map<NodeId, GroupMember> blank = new HashMap<>();
    blank.put(self.node(), new GroupMember(self.peer(), address, true));
    for (Map.Entry<Hello, Address> answer : answers.entrySet()) {
      Hello hello = answer.getKey();
      NodeId node = hello.peer().node();
      if (!founders.contains(node)) {
        continue;
      }
      if (!hello.founders().equals(founders)) {
        return new Decision.Refuse(
            "nodes name different voters: here="
                + founders
                + " there="
                + hello.founders()
                + " node="
                + node);
      }
      if (hello.state() == State.BLANK) {
        blank.put(node, new GroupMember(hello.peer(), answer.getValue(), true));
      }
    }
    List<NodeId> missing = founders.stream().filter(node -> !blank.containsKey(node)).toList();
    if (!missing.isEmpty()) {
      return new Decision.Wait("voters with a blank storage, nodes=" + missing);
    }
    List<GroupMember> members = founders.stream().map(blank::get).toList();
    return new Decision.Found(GroupMember.groupId(self.cluster(), members), members);
  }

  private Map<Hello, Address> ask() {
    Map<Address, CompletableFuture<Hello>> asked = new HashMap<>();
    for (Address address : addresses()) {
      asked.put(
          address,
          fabric.request(
              address,
              Service.LOG,
              ByteBuffer.wrap(LogMessages.hello()),
              HELLO_DEADLINE,
              Hello::decode));
    }
    Map<Hello, Address> answers = new HashMap<>();
    asked.forEach(
        (address, future) -> {
          Hello hello = await(future, address);
          if (hello != null && hello.cluster().equals(config.cluster())) {
            answers.put(hello, address);
          }
        });
    return answers;
  }

  private Collection<Address> addresses() {
    Set<Address> addresses = new LinkedHashSet<>(peers.all());
    for (NodeId voter : config.voters()) {
      Address address = peers.addressOf(voter);
      if (address != null) {
        addresses.add(address);
      }
    }
    addresses.remove(fabric.address());
    return addresses;
  }

  private @Nullable Hello await(CompletableFuture<Hello> future, Address address) {
    try {
      return future.get(HELLO_DEADLINE.toMillis() * 2, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LogException.StartException("interrupted while forming the group", e);
    } catch (ExecutionException | TimeoutException e) {
      LOG.debug("no answer: address={} cause={}", address, e.toString());
      return null;
    }
  }

  private void pause() {
    try {
      if (closed.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new LogException.StartException("log was closed while it started");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LogException.StartException("interrupted while forming the group", e);
    }
  }
}
