package io.quire.base;

/**
 * One-way protocol messages between nodes. A message may be lost, delayed, repeated or overtaken by
 * another; it is never altered. Sending does not block and does not throw for an unreachable peer;
 * at the limit of what is queued for a peer, messages to it are dropped. A node may send to itself.
 */
public interface Transport {
  /**
   * Sends to the node that listens at the address. The array belongs to the transport from here.
   */
  void send(Address to, Channel channel, byte[] message);

  /**
   * Names who takes the messages of a channel. Called once for each channel, before any arrives.
   */
  void receive(Channel channel, Receiver receiver);

  /** Takes messages, one at a time, on the node's loop. */
  interface Receiver {
    /**
     * Takes a message, whose array is the receiver's from here. It may be a copy, late, or from a
     * node that is not in the view any more: the message has to say so itself. It must not block.
     *
     * @throws WireReader.MalformedException if it cannot be read: it is dropped, and counted
     */
    void receive(byte[] message);
  }

  /** What a message is about; its ordinal is its number on the wire. */
  enum Channel {
    /** Prepares, votes, aborts and hints. */
    TWOPC,
    /** Keep-alives and grants. */
    LEASE,
    /** Questions about references, and their answers. */
    REFERENCES
  }
}
