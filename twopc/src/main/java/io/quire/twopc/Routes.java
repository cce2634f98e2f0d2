package io.quire.twopc;

import io.quire.base.Address;
import io.quire.base.Log;
import io.quire.base.Member;
import io.quire.base.Transport;
import io.quire.lockserver.Sessions;
import io.quire.lockserver.View;
import java.util.HashSet;
import java.util.Set;

/*
 * How messages get to members. A link that is cut between two nodes changes no view as long as both
 * reach the log's leader, so the leader passes messages on: PREPARE to a member that was silent for a
 * while, and its vote back. A member that answered only by that detour is sent everything twice, directly
 * and by the leader, until a vote of it comes directly again. All messages may be repeated, so two ways
 * are as good as one.
 */
final class Routes {
  private final Address self;
  private final Sessions sessions;
  private final Log log;
  private final Transport transport;
  private final Set<Long> detours = new HashSet<>();

  Routes(Address self, Sessions sessions, Log log, Transport transport) {
    this.self = self;
    this.sessions = sessions;
    this.log = log;
    this.transport = transport;
  }

  void send(Address to, byte[] message) {
    transport.send(to, Transport.Channel.TWOPC, message);
  }

  void send(Member to, byte[] message) {
    Address leader = detours.contains(to.incarnation()) ? log.leader() : null;
    if (leader != null && !leader.equals(self) && !leader.equals(to.address())) {
      relay(leader, to.address(), message);
    }
    send(to.address(), message);
  }

  /** Lets somebody pass the message on. */
  void relay(Address by, Address to, byte[] message) {
    send(by, new Message.Relay(to, message).toBytes());
  }

  /** Passes on what a member asked for, to members only. */
  void passOn(Message.Relay relay) {
    for (Member member : sessions.view().members()) {
      if (member.address().equals(relay.to())) {
        send(relay.to(), new Message.Relayed(self, relay.message()).toBytes());
        return;
      }
    }
  }

  /** Nothing was heard of the member for a while. */
  void silent(Member member) {
    detours.add(member.incarnation());
  }

  /** The member was heard without a detour. */
  void heard(long incarnation) {
    if (!detours.isEmpty()) {
      detours.remove(incarnation);
    }
  }

  void viewChanged(View view) {
    detours.removeIf(incarnation -> !view.has(incarnation));
  }
}
