package io.quire.formats;

/**
 * A row that could not be read, and why.
 *
 * @param input the file
 * @param place what {@code at} counts
 * @param at where the row begins in the file, from 0
 * @param reason in one sentence
 * @param text the first {@link #TEXT_BYTES_MAX} bytes of it, as far as they are text; empty if the
 *     format is not of text
 */
public record BadRow(String input, Place place, long at, String reason, String text) {
  /** How many bytes of a row are kept: 4 KiB. */
  public static final int TEXT_BYTES_MAX = 4 << 10;

  /** How a place in a file is counted. */
  public enum Place {
    /** In bytes. */
    BYTE,
    /** In rows. */
    ROW
  }
}
