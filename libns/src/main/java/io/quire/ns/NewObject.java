package io.quire.ns;

/**
 * An object that is to be created.
 *
 * @param name unique in the namespace
 * @param kind what it is, up to 64 characters
 * @param lifetime how long it lives
 * @param value encoded, up to {@link NsObject#VALUE_BYTES_MAX}; not copied, so not to be changed
 */
public record NewObject(String name, String kind, Lifetime lifetime, byte[] value) {
  /** One that lives until it is deleted. */
  public NewObject(String name, String kind, byte[] value) {
    this(name, kind, Lifetime.DURABLE, value);
  }
}
