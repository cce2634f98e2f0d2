/**
 * Finds the other nodes and carries Raft, messages and extents to them.
 *
 * <p>{@link io.quire.fabric.Fabric} is the way between nodes: requests with deadlines and one-way
 * messages over mutual TLS 1.3, each {@link io.quire.fabric.Service} on the connection of its
 * {@link io.quire.fabric.Lane}. Its failures are {@link io.quire.fabric.FabricException}s, which
 * keep "did not happen" apart from "may have happened". {@link io.quire.fabric.FabricTransport}
 * puts it behind the seam that protocol code sees. {@link io.quire.fabric.CertificateAuthority}
 * issues the {@link io.quire.fabric.Tls} by which a node is let in. {@link
 * io.quire.fabric.Discovery} says who can be seen, and decides nothing.
 *
 * <p>To read the inside: {@code Frame} (what travels), {@code FrameReader} (in), {@code Outbox}
 * (out, in slices), {@code Link} and its {@code Connection} (the side that asks), {@code Accepted}
 * (the side that answers).
 *
 * <p>Threads: a link or an accepted connection is confined to one event loop, and others reach it
 * through its {@code Mailbox}. What the loop finds there in one turn is written together, and that
 * is all the batching there is. Servers, {@code decode} functions and the stages behind futures run
 * on these loops and must not block.
 *
 * <p>Limits, and what happens at them: unanswered requests and unwritten bytes for each peer and
 * lane ({@link io.quire.fabric.OverloadedException}, or the message is dropped and counted); the
 * size of a frame ({@link java.lang.IllegalArgumentException} before any effect; a peer that
 * announces more is cut off); accepted connections (closed at once); a peer that asks faster than
 * it reads is not read from meanwhile.
 */
@NullMarked
package io.quire.fabric;

import org.jspecify.annotations.NullMarked;
