package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Log;
import io.quire.base.Log.Applied;
import io.quire.base.Log.Entry;
import io.quire.base.Log.Fence;
import io.quire.base.Log.Stream;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class ApplierTest {
  private final Applier applier = new Applier();
  private final Journal journal = new Journal(Stream.TRANSACTIONS);
  private long epoch = 1;

  /** Each of its records changes the view. */
  private final class View implements Log.Projection {
    @Override
    public Stream stream() {
      return Stream.SESSIONS;
    }

    @Override
    public byte[] apply(long position, byte[] payload) {
      epoch++;
      return new byte[0];
    }

    @Override
    public void save(WireWriter out) {
      out.int64(epoch);
    }

    @Override
    public void restore(long position, WireReader in) {
      epoch = in.int64();
    }
  }

  @Test
  void apply_ofAFrameWithAViewChangeInIt_voidsWhatFollowsUnderTheOldEpoch() {
    applier.register(new View());
    applier.register(journal);
    applier.register(Fence.Kind.EPOCH, value -> value == epoch);
    byte[] frame =
        Frame.encode(
            applier.chain(),
            List.of(
                record("before", Fence.epoch(1)),
                LogRecord.of(new Entry(Stream.SESSIONS, Fence.NONE, new byte[0])),
                record("behind", Fence.epoch(1)),
                record("anew", Fence.epoch(2)),
                LogRecord.of(new Entry(Stream.SESSIONS, Fence.epoch(1), new byte[0])),
                record("still", Fence.epoch(2))));

    List<Applied> outcomes = applier.apply(1, 5, Frame.decode(ByteBuffer.wrap(frame)));

    assertThat(outcomes)
        .extracting(Applied::fenced)
        .containsExactly(false, false, true, false, true, false);
    assertThat(journal.lines())
        .containsExactly("5.0 before", "5.2 void behind", "5.3 anew", "5.5 still");
    assertThat(epoch).isEqualTo(2);
  }

  private static LogRecord record(String text, Fence fence) {
    return LogRecord.of(
        new Entry(Stream.TRANSACTIONS, fence, text.getBytes(StandardCharsets.UTF_8)));
  }
}
