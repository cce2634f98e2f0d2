package io.quire.log;

import io.quire.base.Address;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.ratis.protocol.RaftPeer;
import org.jspecify.annotations.Nullable;

/**
 * Where peers listen. Discovery is asked first: addresses in the Raft configuration are those at
 * the time of joining, and a node may come back elsewhere. Safe from any thread.
 */
final class AddressBook {
  private final Peers peers;
  private final Map<PeerId, Address> written = new ConcurrentHashMap<>();

  AddressBook(Peers peers) {
    this.peers = peers;
  }

  void add(RaftPeer peer) {
    if (peer.getAddress() != null) {
      written.put(PeerId.of(peer.getId()), Address.parse(peer.getAddress()));
    }
  }

  @Nullable Address of(PeerId peer) {
    Address seen = peers.addressOf(peer.node());
    return seen != null ? seen : written.get(peer);
  }
}
