package io.quire.datasets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Address;
import io.quire.base.NodeId;
import io.quire.base.WireReader.MalformedException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CallTest {
  private static final ExtentKey KEY = new ExtentKey(3, 70_000, 1);
  private static final List<Call> CALLS =
      List.of(
          new Call.LoadPart(-7, -9, 8, "f", new byte[] {1, 2}, 3, 9, true),
          new Call.Hold(1, Map.of(KEY, -5)),
          new Call.Drop(2),
          new Call.Active(3),
          new Call.Take(4, 11, 5, KEY, 6, 7, -8, false, new Address("127.0.0.1", 4000)),
          new Call.Spare(
              4,
              11,
              5,
              -6,
              new Address("127.0.0.1", 4000),
              List.of(new ExtentInfo(3, 70_000, 1, 6, 7, -8, new NodeId("a"), null))),
          new Call.Keep(4, 11, -5, new byte[] {1, 2, 3}),
          new Call.Scan(5, 18, -19, 70_001, -6, "g", new byte[0], List.of(0, 1, 2, 40, 1000), 99),
          new Call.Begin(
              6, 12, -13, 8, -9, "h", new byte[] {3}, true, List.of(7, 900), List.of(0L, 70L), 5),
          new Call.Next(7, 14, -15),
          new Call.End(8, 16, -17));

  @Test
  void read_ofEachRequest_givesItBack() {
    for (Call call : CALLS) {
      byte[] bytes = call.toBytes(77);
      Call.Addressed read = Call.read(ByteBuffer.wrap(bytes));
      assertThat(read.target()).isEqualTo(77);
      assertThat(read.call().getClass()).isEqualTo(call.getClass());
      assertThat(read.call().toBytes(77)).isEqualTo(bytes);
    }
  }

  @Test
  void read_ofDamagedRequests_isRefusedOrAnotherRequest() {
    for (long seed = 1; seed < 3000; seed++) {
      Random random = new Random(seed);
      byte[] bytes = CALLS.get(random.nextInt(CALLS.size())).toBytes(77);
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      try {
        assertThat(Call.read(ByteBuffer.wrap(bytes)).call()).as("seed=%d", seed).isNotNull();
      } catch (MalformedException | IllegalArgumentException expected) {
        assertThat(expected.getMessage()).as("seed=%d", seed).isNotBlank();
      }
    }
  }

  @Test
  void picked_isReadAsItWasWritten_andAnyPrefixIsRefused() {
    Picked picked =
        new Picked(
            true,
            List.of(
                new Picked.Batch(3, 0, new byte[0]), new Picked.Batch(900, 70, new byte[] {1, 2})));
    byte[] bytes = picked.toBytes();
    Picked read = Picked.read(bytes);
    assertThat(read.end()).isTrue();
    assertThat(read.toBytes()).isEqualTo(bytes);
    assertThat(read.batches().getLast().group()).isEqualTo(900);
    assertThat(read.batches().getLast().next()).isEqualTo(70);
    for (int length = 0; length < bytes.length; length++) {
      byte[] prefix = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> Picked.read(prefix)).isInstanceOf(MalformedException.class);
    }
  }

  @Test
  void result_ofARefusal_throwsIt() {
    Refusal refusal = new Refusal(Refusal.Reason.ELSEWHERE, "no such store");
    assertThatThrownBy(() -> Refusal.result(refusal.toBytes()))
        .isInstanceOfSatisfying(
            Refusal.class,
            thrown -> assertThat(thrown.reason()).isEqualTo(Refusal.Reason.ELSEWHERE))
        .hasMessage("no such store");
    assertThat(Refusal.result(Refusal.done(new byte[] {4, 5}))).containsExactly(4, 5);
  }
}
