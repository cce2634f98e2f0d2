package io.quire.log;

import io.quire.base.Checksum;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.StateMachineLogEntryProto;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;

/** A segment as Ratis writes it, made in memory. */
final class SegmentBytes {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final List<Integer> starts = new ArrayList<>();
  private long index;

  SegmentBytes(long first) {
    index = first;
    out.writeBytes(TornTail.MAGIC);
  }

  SegmentBytes add(long term, byte[] data) {
    LogEntryProto entry =
        LogEntryProto.newBuilder()
            .setTerm(term)
            .setIndex(index++)
            .setStateMachineLogEntry(
                StateMachineLogEntryProto.newBuilder().setLogData(ByteString.copyFrom(data)))
            .build();
    byte[] body = entry.toByteArray();
    ByteBuffer bytes = ByteBuffer.allocate(body.length + 9);
    for (int rest = body.length; ; rest >>>= 7) {
      if (rest < 0x80) {
        bytes.put((byte) rest);
        break;
      }
      bytes.put((byte) (rest | 0x80));
    }
    bytes.put(body);
    bytes.putInt(Checksum.of(bytes.array(), 0, bytes.position()));
    starts.add(out.size());
    out.write(bytes.array(), 0, bytes.position());
    return this;
  }

  SegmentBytes add(Random random, int length) {
    byte[] data = new byte[length];
    random.nextBytes(data);
    return add(1, data);
  }

  int start(int entry) {
    return starts.get(entry);
  }

  int length() {
    return out.size();
  }

  long last() {
    return index - 1;
  }

  byte[] toBytes() {
    return out.toByteArray();
  }

  /** With the zeros behind it that Ratis writes ahead. */
  byte[] padded(int length) {
    return Arrays.copyOf(out.toByteArray(), length);
  }
}
