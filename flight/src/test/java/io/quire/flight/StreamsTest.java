package io.quire.flight;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class StreamsTest {
  @Test
  void streamsBeyondTheLimit_areRefusedUntilOneIsOver() {
    Counters counters = new Counters();
    Streams streams = new Streams(counters);
    List<Calls.Call> calls = new ArrayList<>();
    for (int i = 0; i < Streams.OPEN_MAX; i++) {
      calls.add(new Calls.Call());
      streams.admit(calls.getLast());
    }
    assertThat(streams.open()).isEqualTo(Streams.OPEN_MAX);
    Calls.Call more = new Calls.Call();
    assertThatThrownBy(() -> streams.admit(more))
        .isInstanceOf(Failure.Busy.class)
        .hasMessage("too many streams: open=64 max=64");
    calls.getFirst().streamClosed(Status.OK);
    streams.admit(more);
    assertThat(counters.stats(streams.open(), 0).refused()).isOne();
    assertThat(counters.stats(streams.open(), 0).streams()).isEqualTo(Streams.OPEN_MAX + 1L);
  }
}
