package io.quire.lockserver;

/**
 * A file as it was read.
 *
 * @param version position of the entry that wrote it
 * @param contents the caller's own copy
 */
public record FileContents(String path, long version, byte[] contents) {
  /**
   * The value of a counter.
   *
   * @throws LockException.NotACounter if it is none
   */
  public long counter() {
    if (contents.length != FileTable.COUNTER_BYTES) {
      throw new LockException.NotACounter(
          "reading a counter: path=" + path + " bytes=" + contents.length);
    }
    return FileTable.counter(contents);
  }
}
