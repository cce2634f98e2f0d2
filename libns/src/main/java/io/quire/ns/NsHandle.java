package io.quire.ns;

/**
 * A namespace: names are unique within it. It is a number only, and costs nothing to keep.
 *
 * @param id unique for ever; 0 is the root
 */
public record NsHandle(long id) {
  /** The namespace that is always there; commands use it unless they are told another. */
  public static final NsHandle ROOT = new NsHandle(0);

  /** For people: hexadecimal. */
  public String text() {
    return Long.toHexString(id);
  }
}
