package io.quire.log;

import io.quire.base.Checksum;
import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** A small file that is read whole: magic number and version before, CRC32C of all behind. */
final class CheckedFile {
  private CheckedFile() {}

  /**
   * What stands between version and checksum.
   *
   * @throws MalformedException if a single bit of it is different
   * @throws LogException.NewerFormatException if it is whole, and of a version above this one
   */
  static WireReader body(Path file, byte[] bytes, int magic, int version) {
    int body = bytes.length - Integer.BYTES;
    if (body < 0) {
      throw new MalformedException("file is cut short: bytes=" + bytes.length);
    }
    int found = new WireReader(ByteBuffer.wrap(bytes, body, Integer.BYTES)).int32();
    int wanted = Checksum.of(bytes, 0, body);
    if (found != wanted) {
      throw Snapshot.differs("checksum", found, wanted);
    }
    WireReader in = new WireReader(ByteBuffer.wrap(bytes, 0, body));
    int begin = in.int32();
    if (begin != magic) {
      throw Snapshot.differs("magic number", begin, magic);
    }
    int of = in.uint16();
    if (of > version) {
      throw new LogException.NewerFormatException(file, of, version);
    }
    return in;
  }
}
