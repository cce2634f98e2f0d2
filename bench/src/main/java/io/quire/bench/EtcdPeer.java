package io.quire.bench;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.thirdparty.com.google.common.util.concurrent.FutureCallback;
import org.apache.ratis.thirdparty.com.google.common.util.concurrent.Futures;
import org.apache.ratis.thirdparty.com.google.common.util.concurrent.MoreExecutors;
import org.apache.ratis.thirdparty.com.google.protobuf.CodedInputStream;
import org.apache.ratis.thirdparty.com.google.protobuf.CodedOutputStream;
import org.apache.ratis.thirdparty.com.google.protobuf.WireFormat;
import org.apache.ratis.thirdparty.io.grpc.CallOptions;
import org.apache.ratis.thirdparty.io.grpc.ManagedChannel;
import org.apache.ratis.thirdparty.io.grpc.MethodDescriptor;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyChannelBuilder;
import org.apache.ratis.thirdparty.io.grpc.stub.ClientCalls;

/**
 * A client of a cluster of etcd, over the gRPC that Ratis brings. Four messages are all it needs,
 * so it writes them by hand; their fields are those of etcd's rpc.proto.
 */
final class EtcdPeer implements Subject {
  private static final MethodDescriptor.Marshaller<byte[]> BYTES = new Bytes();
  private static final MethodDescriptor<byte[], byte[]> PUT = method("KV/Put");
  private static final MethodDescriptor<byte[], byte[]> RANGE = method("KV/Range");
  private static final MethodDescriptor<byte[], byte[]> STATUS = method("Maintenance/Status");
  private static final byte[] READ = "read".getBytes(StandardCharsets.UTF_8);
  private static final int KEY = 1;
  private static final int VALUE = 2;
  private static final int HEADER = 1;
  private static final int MEMBER = 2;
  private static final int LEADER = 4;

  private final ManagedChannel[] members;
  private final AtomicLong keys = new AtomicLong();
  private ManagedChannel leader;

  private EtcdPeer(ManagedChannel[] members) {
    this.members = members;
    leader = members[0];
  }

  static EtcdPeer open(Worker.Setup setup) {
    String[] ports = setup.text("clients").split(",");
    ManagedChannel[] members = new ManagedChannel[ports.length];
    for (int i = 0; i < ports.length; i++) {
      members[i] =
          NettyChannelBuilder.forAddress("127.0.0.1", Integer.parseInt(ports[i]))
              .usePlaintext()
              .directExecutor()
              .build();
    }
    return new EtcdPeer(members);
  }

  /** This is the only client; it leads when it has found the member that does. */
  @Override
  public boolean leads() throws IOException {
    for (ManagedChannel member : members) {
      long[] ids = memberAndLeader(call(member, STATUS, new byte[0]));
      if (ids[0] == ids[1] && ids[0] != 0) {
        leader = member;
        return true;
      }
    }
    return false;
  }

  private static byte[] call(
      ManagedChannel member, MethodDescriptor<byte[], byte[]> method, byte[] request) {
    return ClientCalls.blockingUnaryCall(
        member, method, CallOptions.DEFAULT.withDeadlineAfter(10, TimeUnit.SECONDS), request);
  }

  private static long[] memberAndLeader(byte[] status) throws IOException {
    long[] ids = new long[2];
    CodedInputStream in = CodedInputStream.newInstance(status);
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      switch (WireFormat.getTagFieldNumber(tag)) {
        case HEADER -> ids[0] = member(in.readByteArray());
        case LEADER -> ids[1] = in.readUInt64();
        default -> in.skipField(tag);
      }
    }
    return ids;
  }

  private static long member(byte[] header) throws IOException {
    CodedInputStream in = CodedInputStream.newInstance(header);
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      if (WireFormat.getTagFieldNumber(tag) == MEMBER) {
        return in.readUInt64();
      }
      in.skipField(tag);
    }
    return 0;
  }

  @Override
  public Map<String, Double> run(Job job) throws Exception {
    byte[] value = new byte[job.bytes()];
    return switch (job.kind()) {
      case PUBLISH_LATENCY -> ClosedLoop.latency(job, _ -> call(leader, PUT, put(value)));
      case PUBLISH_RATE -> ClosedLoop.rate(job, _ -> putAsync(value));
      case READ_LATENCY -> {
        call(leader, PUT, put(READ, value));
        byte[] request = key(READ, new byte[0]);
        double micros =
            ClosedLoop.latency(job, _ -> call(leader, RANGE, request))
                .getOrDefault(job.row(), Double.NaN);
        yield Map.of(job.row(), 1e3 * micros);
      }
      default -> throw new IllegalArgumentException("not for this peer: job=" + job);
    };
  }

  private CompletableFuture<byte[]> putAsync(byte[] value) {
    CompletableFuture<byte[]> done = new CompletableFuture<>();
    Futures.addCallback(
        ClientCalls.futureUnaryCall(leader.newCall(PUT, CallOptions.DEFAULT), put(value)),
        new FutureCallback<byte[]>() {
          @Override
          public void onSuccess(byte[] answer) {
            done.complete(answer);
          }

          @Override
          public void onFailure(Throwable failure) {
            done.completeExceptionally(failure);
          }
        },
        MoreExecutors.directExecutor());
    return done;
  }

  private byte[] put(byte[] value) {
    String key = "bench/" + keys.incrementAndGet();
    return put(key.getBytes(StandardCharsets.UTF_8), value);
  }

  private static byte[] put(byte[] key, byte[] value) {
    return key(key, value);
  }

  /** PutRequest; without a value also RangeRequest, which is linearizable unless it says not. */
  private static byte[] key(byte[] key, byte[] value) {
    int size = CodedOutputStream.computeByteArraySize(KEY, key);
    if (value.length > 0) {
      size += CodedOutputStream.computeByteArraySize(VALUE, value);
    }
    byte[] bytes = new byte[size];
    try {
      CodedOutputStream out = CodedOutputStream.newInstance(bytes);
      out.writeByteArray(KEY, key);
      if (value.length > 0) {
        out.writeByteArray(VALUE, value);
      }
      out.checkNoSpaceLeft();
    } catch (IOException e) {
      throw new IllegalStateException("an array is full", e);
    }
    return bytes;
  }

  private static MethodDescriptor<byte[], byte[]> method(String name) {
    return MethodDescriptor.newBuilder(BYTES, BYTES)
        .setType(MethodDescriptor.MethodType.UNARY)
        .setFullMethodName("etcdserverpb." + name)
        .build();
  }

  /** Messages as they are. */
  private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] message) {
      return new ByteArrayInputStream(message);
    }

    @Override
    public byte[] parse(InputStream message) {
      try {
        return message.readAllBytes();
      } catch (IOException e) {
        throw new IllegalStateException("cannot read a message", e);
      }
    }
  }

  @Override
  public void close() {
    for (ManagedChannel member : members) {
      member.shutdownNow();
    }
  }
}
