package io.quire.bench;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
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
 * A client of a cluster of etcd, over the gRPC that Ratis brings. A few messages are all it needs,
 * so it writes them by hand; their fields are those of etcd's rpc.proto.
 */
final class EtcdPeer implements Subject {
  private static final MethodDescriptor.Marshaller<byte[]> BYTES = new Bytes();
  private static final MethodDescriptor<byte[], byte[]> PUT = method("KV/Put");
  private static final MethodDescriptor<byte[], byte[]> RANGE = method("KV/Range");
  private static final MethodDescriptor<byte[], byte[]> TXN = method("KV/Txn");
  private static final MethodDescriptor<byte[], byte[]> STATUS = method("Maintenance/Status");
  private static final byte[] READ = "read".getBytes(StandardCharsets.UTF_8);
  private static final int KEY = 1;
  private static final int VALUE = 2;
  private static final int RANGE_END = 2;
  private static final int LIMIT = 3;
  private static final int KEYS_ONLY = 8;
  private static final int COUNT = 4;
  private static final int COMPARE = 1;
  private static final int COMPARED_KEY = 3;
  private static final int VERSION = 4;
  private static final int SUCCESS = 2;
  private static final int REQUEST_PUT = 2;
  private static final int SUCCEEDED = 2;
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
      case CREATE_BATCH -> {
        double calls =
            ClosedLoop.rate(job, _ -> createAll("bench", job.objects(), value))
                .getOrDefault(job.row(), Double.NaN);
        yield Map.of(job.row(), calls * job.objects());
      }
      case DROP -> Map.of();
      case LIST -> {
        String folder = "listed-" + keys.incrementAndGet();
        createAll(folder, NameJobs.LISTED, value).get(60, TimeUnit.SECONDS);
        byte[] request = names(folder);
        yield ClosedLoop.latency(job, _ -> list(request));
      }
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
    return callAsync(PUT, put(value));
  }

  private CompletableFuture<byte[]> callAsync(
      MethodDescriptor<byte[], byte[]> method, byte[] request) {
    CompletableFuture<byte[]> done = new CompletableFuture<>();
    Futures.addCallback(
        ClientCalls.futureUnaryCall(leader.newCall(method, CallOptions.DEFAULT), request),
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

  /** Makes keys that must not be there, in one transaction. */
  private CompletableFuture<Void> createAll(String folder, int count, byte[] value) {
    ByteArrayOutputStream request = new ByteArrayOutputStream();
    try {
      CodedOutputStream out = CodedOutputStream.newInstance(request);
      for (int i = 0; i < count; i++) {
        String key = "%s/%d".formatted(folder, keys.incrementAndGet());
        byte[] name = key.getBytes(StandardCharsets.UTF_8);
        out.writeByteArray(COMPARE, absent(name));
        out.writeByteArray(SUCCESS, put(name, value, REQUEST_PUT));
      }
      out.flush();
    } catch (IOException e) {
      return CompletableFuture.failedFuture(e);
    }
    return callAsync(TXN, request.toByteArray()).thenAccept(EtcdPeer::checkSucceeded);
  }

  /** Compare: the version, which is the target unless it says otherwise, equals 0. */
  private static byte[] absent(byte[] key) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.writeByteArray(COMPARED_KEY, key);
    out.writeInt64(VERSION, 0);
    out.flush();
    return bytes.toByteArray();
  }

  /** A PutRequest as a field of a RequestOp. */
  private static byte[] put(byte[] key, byte[] value, int field) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.writeByteArray(field, put(key, value));
    out.flush();
    return bytes.toByteArray();
  }

  private static void checkSucceeded(byte[] answer) {
    if (number(answer, SUCCEEDED) != 1) {
      throw new IllegalStateException("a key was there");
    }
  }

  /** A RangeRequest for the keys below a folder, without their values. */
  private static byte[] names(String folder) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.writeByteArray(KEY, (folder + "/").getBytes(StandardCharsets.UTF_8));
    out.writeByteArray(RANGE_END, (folder + "0").getBytes(StandardCharsets.UTF_8));
    out.writeInt64(LIMIT, NameJobs.LISTED);
    out.writeBool(KEYS_ONLY, true);
    out.flush();
    return bytes.toByteArray();
  }

  private void list(byte[] request) {
    long found = number(call(leader, RANGE, request), COUNT);
    if (found != NameJobs.LISTED) {
      throw new IllegalStateException("names: found=" + found + " wanted=" + NameJobs.LISTED);
    }
  }

  /** A number among the fields of a message, 0 if it is not there. */
  private static long number(byte[] message, int field) {
    try {
      CodedInputStream in = CodedInputStream.newInstance(message);
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        if (WireFormat.getTagFieldNumber(tag) == field) {
          return in.readUInt64();
        }
        in.skipField(tag);
      }
      return 0;
    } catch (IOException e) {
      throw new IllegalStateException("not a message of etcd: " + e.getMessage(), e);
    }
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
