package io.quire.bench;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.apache.ratis.RaftConfigKeys;
import org.apache.ratis.client.RaftClient;
import org.apache.ratis.client.RaftClientConfigKeys;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.netty.NettyConfigKeys;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.rpc.SupportedRpcType;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.apache.ratis.util.SizeInBytes;
import org.apache.ratis.util.TimeDuration;

/**
 * Apache Ratis as it comes, one entry for each record. Either as its examples use it, gRPC and the
 * client with its settings as they are; or as fast as it goes: Netty between the servers, more
 * entries for each sync, and requests handed to the leader in its own process.
 */
final class RatisPeer implements Subject {
  private static final RaftGroupId GROUP =
      RaftGroupId.valueOf(UUID.fromString("00000000-0000-0000-0000-00000000bead"));

  private final RaftServer server;
  private final RaftClient client;
  private final boolean stock;
  private final ClientId self = ClientId.randomId();
  private final AtomicLong calls = new AtomicLong();

  private RatisPeer(RaftServer server, RaftClient client, boolean stock) {
    this.server = server;
    this.client = client;
    this.stock = stock;
  }

  /** Counts what is applied. */
  private static final class Counting extends BaseStateMachine {
    private long count;

    @Override
    public CompletableFuture<Message> applyTransaction(TransactionContext transaction) {
      count++;
      updateLastAppliedTermIndex(
          transaction.getLogEntry().getTerm(), transaction.getLogEntry().getIndex());
      return CompletableFuture.completedFuture(Message.EMPTY);
    }
  }

  static RatisPeer open(Worker.Setup setup) throws IOException {
    boolean stock = setup.text("stock").equals("true");
    RaftProperties properties = stock ? new RaftProperties() : tuned();
    int port = setup.ports(setup.member()).getFirst();
    RaftConfigKeys.Rpc.setType(properties, stock ? SupportedRpcType.GRPC : SupportedRpcType.NETTY);
    GrpcConfigKeys.Server.setPort(properties, port);
    NettyConfigKeys.Server.setPort(properties, port);
    RaftServerConfigKeys.setStorageDir(properties, List.of(setup.directory().toFile()));
    // Both: a loaded machine must not elect all the time; elections are no part of the figure.
    RaftServerConfigKeys.Rpc.setTimeoutMin(properties, TimeDuration.valueOf(1, TimeUnit.SECONDS));
    RaftServerConfigKeys.Rpc.setTimeoutMax(properties, TimeDuration.valueOf(2, TimeUnit.SECONDS));
    RaftGroup group =
        RaftGroup.valueOf(
            GROUP,
            IntStream.rangeClosed(1, setup.members()).mapToObj(i -> peer(setup, i)).toList());
    RaftServer server =
        RaftServer.newBuilder()
            .setServerId(RaftPeerId.valueOf("r" + setup.member()))
            .setGroup(group)
            .setProperties(properties)
            .setParameters(new Parameters())
            .setStateMachine(new Counting())
            .build();
    server.start();
    RaftClient client =
        RaftClient.newBuilder().setProperties(properties).setRaftGroup(group).build();
    return new RatisPeer(server, client, stock);
  }

  private static RaftPeer peer(Worker.Setup setup, int member) {
    return RaftPeer.newBuilder()
        .setId("r" + member)
        .setAddress("127.0.0.1:" + setup.ports(member).getFirst())
        .build();
  }

  private static RaftProperties tuned() {
    RaftProperties properties = new RaftProperties();
    RaftServerConfigKeys.Log.setForceSyncNum(properties, 4096);
    RaftServerConfigKeys.Log.setSegmentSizeMax(properties, SizeInBytes.valueOf("128MB"));
    RaftServerConfigKeys.Log.setQueueElementLimit(properties, 1 << 16);
    RaftServerConfigKeys.Log.setQueueByteLimit(properties, SizeInBytes.valueOf("256MB"));
    RaftServerConfigKeys.Write.setElementLimit(properties, 1 << 16);
    RaftServerConfigKeys.Write.setByteLimit(properties, SizeInBytes.valueOf("256MB"));
    RaftClientConfigKeys.Async.setOutstandingRequestsMax(properties, 1 << 16);
    return properties;
  }

  @Override
  public boolean leads() throws IOException {
    return server.getDivision(GROUP).getInfo().isLeaderReady();
  }

  @Override
  public Map<String, Double> run(Job job) throws Exception {
    ByteString value = UnsafeByteOperations.unsafeWrap(new byte[job.bytes()]);
    Message message = Message.valueOf(value);
    if (job.kind() == Job.Kind.APPEND_LATENCY) {
      return ClosedLoop.latency(job, _ -> checked(submit(message)).get(1, TimeUnit.MINUTES));
    }
    double rate =
        ClosedLoop.rate(job, _ -> checked(stock ? client.async().send(message) : submit(message)))
            .getOrDefault(job.row(), Double.NaN);
    return Map.of(job.row(), job.kind() == Job.Kind.APPEND_BYTES ? rate * job.bytes() / 1e6 : rate);
  }

  private CompletableFuture<RaftClientReply> submit(Message message) {
    RaftClientRequest request =
        RaftClientRequest.newBuilder()
            .setClientId(self)
            .setServerId(server.getId())
            .setGroupId(GROUP)
            .setCallId(calls.incrementAndGet())
            .setMessage(message)
            .setType(RaftClientRequest.writeRequestType())
            .build();
    try {
      return server.submitClientRequestAsync(request);
    } catch (IOException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private static CompletableFuture<RaftClientReply> checked(
      CompletableFuture<RaftClientReply> reply) {
    return reply.thenApply(
        answer -> {
          if (!answer.isSuccess()) {
            throw new CompletionException(answer.getException());
          }
          return answer;
        });
  }

  @Override
  public void close() throws IOException {
    client.close();
    server.close();
  }
}
