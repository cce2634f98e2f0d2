package io.quire.ns;

/**
 * A namespace: names are unique within it.
 *
 * @param id unique for ever
 */
public record NsHandle(long id) {
  /** The namespace that is always there; commands use it. */
  public static final NsHandle ROOT = new NsHandle(0);
}
