package io.quire.formats;

/**
 * A file as it was when it was found.
 *
 * @param uri with its scheme
 * @param bytes its size
 * @param modifiedMillis when it was last written, by the clock of its file system
 */
public record InputFile(String uri, long bytes, long modifiedMillis) {
  public InputFile {
    if (uri.isEmpty() || bytes < 0) {
      throw new IllegalArgumentException("not a file: uri=" + uri + " bytes=" + bytes);
    }
  }
}
