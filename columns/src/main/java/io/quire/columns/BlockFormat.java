package io.quire.columns;

/** Numbers of the format; see docs/formats/column-block.md. */
final class BlockFormat {
  /** Begins each message of a stream, and stands for its end if the length behind it is 0. */
  static final int CONTINUATION = -1;

  /** The continuation and a length. */
  static final int PREFIX_BYTES = 8;

  static final int ALIGNMENT = 64;

  /** Of one message. */
  static final int METADATA_BYTES_MAX = 1 << 20;

  static final int DEPTH_MAX = 16;
  static final int FIELDS_MAX = 1024;

  private BlockFormat() {}
}
