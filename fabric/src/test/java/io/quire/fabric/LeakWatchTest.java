package io.quire.fabric;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LeakWatchTest {
  @Test
  void buffer_thatNobodyReleases_isReportedOnce() {
    LeakWatch.leak("planted by a test");

    assertThat(LeakWatch.leaks()).singleElement().asString().contains("planted by a test");
    assertThat(LeakWatch.leaks()).isEmpty();
  }

  @Test
  void buffer_ofAChannelThatNobodyCloses_isReported() {
    keepHalfAFrame();

    assertThat(LeakWatch.leaks()).singleElement().asString().contains("FrameReader");
  }

  @Test
  void buffer_thatIsReleased_isNotReported() {
    ByteBuf buffer = ByteBufAllocator.DEFAULT.buffer(16).touch("given back");
    buffer.release();

    assertThat(LeakWatch.leaks()).isEmpty();
  }

  private static void keepHalfAFrame() {
    EmbeddedChannel channel =
        new EmbeddedChannel(new FrameReader(new Nobody(), 64 << 10, new Counters()));
    channel.writeInbound(Unpooled.wrappedBuffer(new byte[] {100, 0, 0, 0}));
  }

  private static final class Nobody implements FrameReader.End {
    @Override
    public void secured() {}

    @Override
    public void received(Frame.Kind kind, int service, long id, ByteBuf body) {}

    @Override
    public void writabilityChanged() {}

    @Override
    public void lost(@Nullable Throwable cause) {}
  }
}
