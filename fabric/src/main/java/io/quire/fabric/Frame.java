package io.quire.fabric;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * One frame on its way out. Made on any thread; after it was handed to a connection it is confined
 * to the connection's event loop. The layout is drawn in {@code docs/formats/fabric.md}.
 */
final class Frame {
  /** What comes before the body: length, kind, service and id. */
  static final int HEADER_BYTES = 14;

  /** Of what the length does not count: itself. */
  static final int LENGTH_BYTES = 4;

  /** Moves with every change of the layout; peers of another version are refused. */
  static final int VERSION = 2;

  private static final int MAGIC = 0x52495551; // "QUIR"
  private static final Lane[] LANES = Lane.values();
  private static final int HELLO_BYTES = 8;
  private static final int VERSION_OFFSET = 4;
  private static final int ERROR_TEXT_BYTES_MAX = 2048;

  /** What a frame does; the ordinal is its number on the wire. */
  enum Kind {
    HELLO,
    REQUEST,
    ANSWER,
    ERROR,
    ONE_WAY,
    PING,
    PONG;

    private static final Kind[] ALL = values();

    static Kind of(int number) {
      if (number < 0 || number >= ALL.length) {
        throw new MalformedFrameException("not a kind of frame: found=" + number);
      }
      return ALL[number];
    }
  }

  final Kind kind;
  final int service;
  final ByteBuffer body;
  private final Runnable release;
  long id;

  /** Whether a part of it was handed to the connection: from then on the peer may have it. */
  boolean begun;

  /** Whether it is given up before it was begun. */
  boolean dropped;

  private boolean released;

  private Frame(Kind kind, int service, long id, Loan loan) {
    this.kind = kind;
    this.service = service;
    this.id = id;
    this.body = loan.bytes().slice();
    this.release = loan.release();
  }

  /**
   * What both sides say first.
   *
   * @param lane what the connection is for
   * @param clear whether what follows need not be encrypted; it is not if both sides say so
   */
  record Hello(Lane lane, boolean clear) {}

  static Frame hello(Hello hello) {
    ByteBuf body = Unpooled.buffer(HELLO_BYTES, HELLO_BYTES);
    body.writeIntLE(MAGIC).writeShortLE(VERSION).writeByte(hello.lane.ordinal());
    body.writeByte(hello.clear ? 1 : 0);
    return new Frame(Kind.HELLO, 0, 0, Loan.gift(body.nioBuffer()));
  }

  static Frame request(Service service, Loan body) {
    return new Frame(Kind.REQUEST, service.ordinal(), 0, body);
  }

  static Frame answer(int service, long id, Loan body) {
    return new Frame(Kind.ANSWER, service, id, body);
  }

  /** Says that a request failed, after a server saw it or ({@code served} false) before. */
  static Frame error(int service, long id, boolean served, String message) {
    byte[] text = message.getBytes(StandardCharsets.UTF_8);
    text = Arrays.copyOf(text, Math.min(text.length, ERROR_TEXT_BYTES_MAX));
    ByteBuffer body = ByteBuffer.allocate(1 + text.length);
    body.put((byte) (served ? 1 : 0)).put(text).flip();
    return new Frame(Kind.ERROR, service, id, Loan.gift(body));
  }

  static Frame oneWay(Service service, ByteBuffer body) {
    return new Frame(Kind.ONE_WAY, service.ordinal(), 0, Loan.gift(body));
  }

  static Frame ping() {
    return new Frame(Kind.PING, 0, 0, Loan.gift(ByteBuffer.allocate(0)));
  }

  static Frame pong() {
    return new Frame(Kind.PONG, 0, 0, Loan.gift(ByteBuffer.allocate(0)));
  }

  /** Reads a greeting; throws unless it is one of our version. */
  static Hello readHello(ByteBuf body) {
    boolean whole = body.readableBytes() >= VERSION_OFFSET + Short.BYTES;
    if (!whole || body.getIntLE(body.readerIndex()) != MAGIC) {
      throw new MalformedFrameException("not a greeting: bytes=" + body.readableBytes());
    }
    int found = body.getUnsignedShortLE(body.readerIndex() + VERSION_OFFSET);
    if (found != VERSION) {
      throw new MalformedFrameException(
          "another version of the fabric: found=" + found + " wanted=" + VERSION);
    }
    if (body.readableBytes() != HELLO_BYTES) {
      throw new MalformedFrameException("not a greeting: bytes=" + body.readableBytes());
    }
    int lane = body.getUnsignedByte(body.readerIndex() + 6);
    if (lane >= LANES.length) {
      throw new MalformedFrameException("not a lane: found=" + lane);
    }
    return new Hello(LANES[lane], body.getByte(body.readerIndex() + 7) != 0);
  }

  static RemoteException readError(ByteBuf body) {
    if (!body.isReadable()) {
      throw new MalformedFrameException("an error without its first byte");
    }
    boolean served = body.readByte() != 0;
    return new RemoteException(body.toString(StandardCharsets.UTF_8), served);
  }

  /** How much it counts in a queue. */
  int bytes() {
    return HEADER_BYTES + body.remaining();
  }

  /** For a frame that goes around the queue. */
  ByteBuf encode(ByteBufAllocator allocator) {
    ByteBuf out = allocator.buffer(bytes());
    writeHeader(out);
    return out.writeBytes(body.duplicate());
  }

  void writeHeader(ByteBuf out) {
    out.writeIntLE(HEADER_BYTES - LENGTH_BYTES + body.remaining());
    out.writeByte(kind.ordinal()).writeByte(service).writeLongLE(id);
  }

  /** Gives the body back; the second time does nothing. */
  void release() {
    if (!released) {
      released = true;
      release.run();
    }
  }

  /** The peer sent what no peer of this version sends; the connection cannot go on. */
  static final class MalformedFrameException extends RuntimeException {
    private static final long serialVersionUID = 1;

    MalformedFrameException(String message) {
      super(message);
    }
  }
}
