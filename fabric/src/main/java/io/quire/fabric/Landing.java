package io.quire.fabric;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;

/**
 * Where the body of an answer goes as it comes, so that it need not be gathered elsewhere first.
 * Confined to the event loop of the link.
 */
final class Landing {
  private final ByteBuffer into;

  /**
   * @param into the remaining bytes are the room; its position and limit stay as they are
   */
  Landing(ByteBuffer into) {
    this.into = into.slice();
  }

  boolean hasRoom(int bytes) {
    return bytes <= into.remaining();
  }

  void take(ByteBuf part) {
    into.put(part.nioBuffer());
  }

  /** What was taken. */
  ByteBuffer landed() {
    return into.duplicate().flip();
  }
}
