package io.quire.ns;

/**
 * An id that stands in the log before there is an object of it, and for as long as somebody makes
 * what the object is to have. Whoever finds something made under an id that is neither reserved nor
 * an object's knows that nobody needs it, and nobody will: ids are not given twice, and a
 * reservation that ended does not come back.
 *
 * @param xid what is made belongs to it
 * @param holder the incarnation that makes it
 * @param note what the holder says of it; not to be changed
 * @param version of the note; whoever changes or ends a reservation names the one that he saw
 */
public record Reservation(long xid, long holder, byte[] note, long version) {
  /** For people. */
  public String xidText() {
    return Long.toHexString(xid);
  }
}
