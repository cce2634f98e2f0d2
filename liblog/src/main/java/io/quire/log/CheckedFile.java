package io.quire.log;

import io.quire.base.Checksum;
import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** A file that is read whole: magic number and version before, CRC32C of all behind. */
final class CheckedFile {
  private static final int HEAD_BYTES = 6;

  private CheckedFile() {}

  /**
   * What stands between version and checksum.
   *
   * @throws MalformedException if a single bit of it is different
   * @throws LogException.NewerFormatException if it is whole, and a newer Quire wrote it
   * @throws LogException.OlderFormatException if it is whole, and of a version not read any more
   */
  static WireReader body(Path file, byte[] bytes, int magic, int version) {
    int body = bytes.length - Integer.BYTES;
    if (body < 0) {
      throw new MalformedException("file is cut short: bytes=" + bytes.length);
    }
    int found = new WireReader(ByteBuffer.wrap(bytes, body, Integer.BYTES)).int32();
    int wanted = Checksum.of(bytes, 0, body);
    if (found != wanted) {
      throw differs("checksum", found, wanted);
    }
    WireReader in = new WireReader(ByteBuffer.wrap(bytes, 0, body));
    int begin = in.int32();
    if (begin != magic) {
      throw differs("magic number", begin, magic);
    }
    int of = in.uint16();
    if (of > version) {
      throw new LogException.NewerFormatException(file, of, version);
    }
    if (of < version) {
      throw new LogException.OlderFormatException(file, of, version);
    }
    return in;
  }

  /**
   * Looks at magic number and version only, for what a newer Quire wrote may be built otherwise.
   *
   * @throws LogException.NewerFormatException if a newer Quire wrote it
   */
  static void refuseNewer(Path file, byte[] bytes, int magic, int version) {
    if (bytes.length >= HEAD_BYTES) {
      WireReader head = new WireReader(ByteBuffer.wrap(bytes, 0, HEAD_BYTES));
      int of = head.int32() == magic ? head.uint16() : version;
      if (of > version) {
        throw new LogException.NewerFormatException(file, of, version);
      }
    }
  }

  static MalformedException differs(String what, int found, int wanted) {
    return new MalformedException(
        what
            + " differs: found="
            + Integer.toHexString(found)
            + " wanted="
            + Integer.toHexString(wanted));
  }
}
