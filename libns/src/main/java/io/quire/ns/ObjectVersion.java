package io.quire.ns;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * A version of an object: what one transaction made of it.
 *
 * @param position where the transaction stands in the log
 * @param what it did
 * @param object as it was from then on; empty where the object ended, or what was written is none
 * @param wallMillis when, milliseconds since 1970, by the clock of the node that did it; the log
 *     knows that of creations only
 */
public record ObjectVersion(
    long position, What what, Optional<NsObject> object, OptionalLong wallMillis) {
  /** What a transaction did to an object. */
  public enum What {
    /** It was created: nothing of it is older. */
    CREATED,
    /** It got another value. */
    UPDATED,
    /** It got another name. */
    RENAMED,
    /** Its name was taken away; it drains. */
    DELETED,
    /** Nobody had a reference to it any more, and it went for good. */
    ENDED,
    /**
     * One of the above that this node cannot tell, since the transaction is not in its log any
     * more; or something that this library did not do.
     */
    UNKNOWN
  }

  /** How much the value takes. */
  int bytes() {
    return object.map(one -> one.held().length).orElse(0);
  }
}
