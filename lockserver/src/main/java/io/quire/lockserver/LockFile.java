package io.quire.lockserver;

import io.quire.base.Member;

/**
 * An ephemeral file: it lives as long as the session that made it.
 *
 * @param path {@code /servers/<node>}
 * @param owner whose session it belongs to; also its contents
 * @param storage the storage its owner's process holds locked; 0 for none
 * @param made position of the entry that made it; with the incarnation it names the session
 */
public record LockFile(String path, Member owner, long storage, long made) {}
