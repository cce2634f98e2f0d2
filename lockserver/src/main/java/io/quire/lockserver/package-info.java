/**
 * Sessions with leases, and what follows from them: ephemeral files and the view.
 *
 * <p>{@link io.quire.lockserver.Sessions} is the projection of the log that knows who is in: each
 * incarnation that joined holds the file {@code /servers/<node>}, these files are the {@link
 * io.quire.lockserver.View}, and each change of them moves its epoch. {@link
 * io.quire.lockserver.Session} is a node's own side: it joins, keeps its lease alive, and says
 * whether a linearizable read may be answered. {@link io.quire.lockserver.LeaseTable} is the
 * leader's side: it grants leases and expires them.
 *
 * <p>On top stands the lock server: {@code LockTree} is the projection of the log that knows
 * clients' sessions, files, locks with their queues, and events; {@link io.quire.lockserver.Locks}
 * is what a node gives to its users.
 *
 * <p>Everything is confined to the node's loop except {@link io.quire.lockserver.Session#token()},
 * {@link io.quire.lockserver.Session#valid} and {@link io.quire.lockserver.Sessions#view()}, which
 * any thread may call.
 */
@NullMarked
package io.quire.lockserver;

import org.jspecify.annotations.NullMarked;
