package io.quire.fabric;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.embedded.EmbeddedChannel;
import io.quire.fabric.Frame.Kind;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class FrameReaderTest {
  private final Counters counters = new Counters();
  private final Received received = new Received();
  private final EmbeddedChannel channel =
      new EmbeddedChannel(new FrameReader(received, 64 << 10, counters));

  @Test
  void frame_layout_isThatOfTheDocument() {
    Frame request = Frame.request(Service.CALL, Loan.gift(ByteBuffer.wrap(new byte[] {7, 8})));
    request.id = 0x0102030405060708L;

    assertThat(hex(request)).isEqualTo("0c000000" + "01" + "03" + "0807060504030201" + "0708");
    assertThat(hex(Frame.hello(new Frame.Hello(Lane.BULK, true))))
        .isEqualTo(
            "12000000" + "00" + "00" + "0000000000000000" + "51554952" + "0200" + "02" + "01");
    assertThat(hex(Frame.error(1, 5, true, "no")))
        .isEqualTo("0d000000" + "03" + "01" + "0500000000000000" + "01" + "6e6f");
  }

  @Test
  void frames_cutAnywhere_arriveWhole() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    List<String> sent = new ArrayList<>();
    ByteBuf stream = ByteBufAllocator.DEFAULT.buffer();
    for (int i = 0; i < 300; i++) {
      byte[] body = new byte[random.nextInt(4) == 0 ? 0 : random.nextInt(200)];
      random.nextBytes(body);
      Frame frame = Frame.answer(i % 5, i, Loan.gift(ByteBuffer.wrap(body)));
      sent.add("ANSWER " + i % 5 + " " + i + " " + ByteBufUtil.hexDump(body));
      ByteBuf encoded = frame.encode(ByteBufAllocator.DEFAULT);
      stream.writeBytes(encoded);
      encoded.release();
    }
    int total = stream.readableBytes();
    while (stream.isReadable()) {
      int most = random.nextBoolean() ? 20 : 1000;
      int piece = Math.min(stream.readableBytes(), 1 + random.nextInt(most));
      channel.writeInbound(stream.readRetainedSlice(piece));
    }
    stream.release();

    assertThat(received.frames).as("seed=%s", seed).isEqualTo(sent);
    assertThat(counters.bytesIn.sum()).isEqualTo(total);
    channel.finishAndReleaseAll();
  }

  @Test
  void answersThatHaveAPlace_cutAnywhere_landThere() {
    received.placesForOddIds = true;
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    List<String> sent = new ArrayList<>();
    ByteBuf stream = ByteBufAllocator.DEFAULT.buffer();
    for (int i = 0; i < 300; i++) {
      byte[] body = new byte[random.nextInt(4) == 0 ? 0 : random.nextInt(200)];
      random.nextBytes(body);
      boolean request = random.nextInt(8) == 0;
      Frame frame =
          request
              ? Frame.request(Service.CALL, Loan.gift(ByteBuffer.wrap(body)))
              : Frame.answer(3, i, Loan.gift(ByteBuffer.wrap(body)));
      frame.id = i;
      sent.add((request ? "REQUEST" : "ANSWER") + " 3 " + i + " " + ByteBufUtil.hexDump(body));
      ByteBuf encoded = frame.encode(ByteBufAllocator.DEFAULT);
      stream.writeBytes(encoded);
      encoded.release();
    }
    while (stream.isReadable()) {
      int piece = Math.min(stream.readableBytes(), 1 + random.nextInt(60));
      channel.writeInbound(stream.readRetainedSlice(piece));
    }
    stream.release();

    assertThat(received.frames).as("seed=%s", seed).isEqualTo(sent);
    assertThat(received.landings).as("seed=%s", seed).isPositive();
    channel.finishAndReleaseAll();
  }

  @Test
  void lengthBeyondTheLimit_endsTheConnectionAndReadsNoMore() {
    ByteBuf bad = ByteBufAllocator.DEFAULT.buffer();
    bad.writeIntLE((64 << 10) + Frame.HEADER_BYTES - Frame.LENGTH_BYTES + 1).writeZero(40);

    channel.writeInbound(bad);

    assertThat(received.frames).isEmpty();
    assertThat(channel.isOpen()).isFalse();
    assertThat(received.cause).hasMessageContaining("length out of range");
  }

  @Test
  void lengthBelowAHeader_endsTheConnection() {
    ByteBuf bad = ByteBufAllocator.DEFAULT.buffer();
    bad.writeIntLE(-5).writeZero(10);

    channel.writeInbound(bad);

    assertThat(received.cause).hasMessageContaining("length out of range: found=-5");
  }

  @Test
  void unknownKind_endsTheConnection() {
    ByteBuf bad = ByteBufAllocator.DEFAULT.buffer();
    bad.writeIntLE(10).writeByte(77).writeZero(9);

    channel.writeInbound(bad);

    assertThat(received.cause).hasMessageContaining("not a kind of frame: found=77");
  }

  private static String hex(Frame frame) {
    ByteBuf encoded = frame.encode(ByteBufAllocator.DEFAULT);
    String hex = ByteBufUtil.hexDump(encoded);
    encoded.release();
    return hex;
  }

  private static final class Received implements FrameReader.End {
    private final List<String> frames = new ArrayList<>();
    private final StringBuilder landing = new StringBuilder();
    private boolean placesForOddIds;
    private int landings;
    private @Nullable Throwable cause;

    @Override
    public void secured() {}

    @Override
    public boolean lands(long id, int bytes) {
      return placesForOddIds && id % 2 == 1;
    }

    @Override
    public void land(long id, ByteBuf piece) {
      landing.append(ByteBufUtil.hexDump(piece));
    }

    @Override
    public void landed(long id) {
      frames.add("ANSWER 3 " + id + " " + landing);
      landing.setLength(0);
      landings++;
    }

    @Override
    public void received(Kind kind, int service, long id, ByteBuf body) {
      frames.add(kind + " " + service + " " + id + " " + ByteBufUtil.hexDump(body));
    }

    @Override
    public void writabilityChanged() {}

    @Override
    public void lost(@Nullable Throwable cause) {
      this.cause = cause;
    }
  }
}
