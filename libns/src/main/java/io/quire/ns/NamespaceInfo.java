package io.quire.ns;

import java.util.Optional;

/**
 * A namespace as of one version. It is a copy: it does not change.
 *
 * @param handle what operations take
 * @param name by which it is found; empty if it is anonymous
 * @param creator the incarnation that made it
 * @param created by the creator's wall clock, milliseconds since 1970
 * @param quota how much it may hold
 * @param version position of its last change
 */
public record NamespaceInfo(
    NsHandle handle, Optional<String> name, long creator, long created, Quota quota, long version) {

  NamespaceInfo limited(Quota next) {
    return new NamespaceInfo(handle, name, creator, created, next, version);
  }

  NamespaceInfo at(long position) {
    return new NamespaceInfo(handle, name, creator, created, quota, position);
  }
}
