package io.quire.ns;

/** What a principal may do in a namespace. Each may do what those before it may. */
public enum Access {
  /** Nothing. */
  NONE,
  /** Find, list, open, watch and look back at objects. */
  READER,
  /** Create, change, move and delete objects. */
  WRITER,
  /** Give and take access, set the quota, and destroy the namespace. */
  OWNER;

  /** Whether who has this may do what needs that. */
  public boolean allows(Access wanted) {
    return compareTo(wanted) >= 0;
  }
}
