package io.quire.log;

import io.quire.base.Address;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotReplyProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.ReadIndexReplyProto;
import org.apache.ratis.proto.RaftProtos.ReadIndexRequestProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteReplyProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteRequestProto;
import org.apache.ratis.proto.RaftProtos.StartLeaderElectionReplyProto;
import org.apache.ratis.proto.RaftProtos.StartLeaderElectionRequestProto;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.rpc.RpcType;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerRpc;
import org.apache.ratis.server.protocol.RaftServerAsynchronousProtocol;
import org.apache.ratis.thirdparty.com.google.protobuf.CodedOutputStream;
import org.apache.ratis.thirdparty.com.google.protobuf.InvalidProtocolBufferException;
import org.apache.ratis.thirdparty.com.google.protobuf.MessageLite;
import org.apache.ratis.thirdparty.com.google.protobuf.Parser;
import org.apache.ratis.util.ProtoUtils;

/**
 * The calls of Raft over the fabric: one byte says which, and Ratis' own message follows; so do
 * answers, without the byte. A call is served only if it is meant for this very peer: at the same
 * address there may have been, or come to be, another incarnation of the same node, whose promises
 * this one must not keep.
 */
final class FabricRpc implements RaftServerRpc, RaftServerAsynchronousProtocol {
  private static final int APPEND = 1;
  private static final int VOTE = 2;
  private static final int INSTALL = 3;
  private static final int ELECT = 4;
  private static final int READ_INDEX = 5;

  /** A chunk of a snapshot is written to disk before it is answered. */
  private static final int INSTALL_PATIENCE = 5;

  private final RaftServer server;
  private final FabricLink link;
  private final RpcType type;

  FabricRpc(RaftServer server, FabricLink link, RpcType type) {
    this.server = server;
    this.link = link;
    this.type = type;
  }

  @Override
  public void start() {
    link.raft(this::serve);
  }

  @Override
  public void close() {
    link.raft(null);
  }

  @Override
  public RpcType getRpcType() {
    return type;
  }

  @Override
  public RaftServerAsynchronousProtocol async() {
    return this;
  }

  @Override
  public InetSocketAddress getInetSocketAddress() {
    Address address = link.fabric().address();
    return new InetSocketAddress(address.host(), address.port());
  }

  @Override
  public void addRaftPeers(Collection<RaftPeer> peers) {
    peers.forEach(link.book()::add);
  }

  @Override
  public void handleException(RaftPeerId peer, Exception cause, boolean reconnect) {
    // The fabric connects anew by itself.
  }

  @Override
  public AppendEntriesReplyProto appendEntries(AppendEntriesRequestProto request)
      throws IOException {
    // It tells what is committed, which this node's disk may have had a part in.
    link.durability().acknowledging();
    return call(APPEND, request, request.getServerRequest(), 1, AppendEntriesReplyProto.parser());
  }

  @Override
  public RequestVoteReplyProto requestVote(RequestVoteRequestProto request) throws IOException {
    link.durability().promising();
    return call(VOTE, request, request.getServerRequest(), 1, RequestVoteReplyProto.parser());
  }

  @Override
  public InstallSnapshotReplyProto installSnapshot(InstallSnapshotRequestProto request)
      throws IOException {
    return call(
        INSTALL,
        request,
        request.getServerRequest(),
        INSTALL_PATIENCE,
        InstallSnapshotReplyProto.parser());
  }

  @Override
  public StartLeaderElectionReplyProto startLeaderElection(StartLeaderElectionRequestProto request)
      throws IOException {
    return call(
        ELECT, request, request.getServerRequest(), 1, StartLeaderElectionReplyProto.parser());
  }

  @Override
  public CompletableFuture<AppendEntriesReplyProto> appendEntriesAsync(
      AppendEntriesRequestProto request) {
    try {
      link.durability().acknowledging();
      RaftRpcRequestProto header = request.getServerRequest();
      return link.request(
          to(header),
          encode(APPEND, request),
          link.callDeadline(),
          bytes -> parse(AppendEntriesReplyProto.parser(), bytes));
    } catch (IOException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  @Override
  public CompletableFuture<ReadIndexReplyProto> readIndexAsync(ReadIndexRequestProto request) {
    return link.run(
        () ->
            call(READ_INDEX, request, request.getServerRequest(), 1, ReadIndexReplyProto.parser()));
  }

  private <T> T call(
      int operation,
      MessageLite request,
      RaftRpcRequestProto header,
      int patience,
      Parser<T> parser)
      throws IOException {
    return link.call(
        to(header),
        encode(operation, request),
        link.callDeadline().multipliedBy(patience),
        bytes -> parse(parser, bytes));
  }

  private static PeerId to(RaftRpcRequestProto header) {
    return PeerId.parse(header.getReplyId().toStringUtf8());
  }

  private static byte[] encode(int operation, MessageLite request) throws IOException {
    byte[] body = new byte[1 + request.getSerializedSize()];
    body[0] = (byte) operation;
    CodedOutputStream out = CodedOutputStream.newInstance(body, 1, body.length - 1);
    request.writeTo(out);
    out.flush();
    return body;
  }

  private CompletionStage<ByteBuffer> serve(ByteBuffer request) {
    int operation = request.get();
    switch (operation) {
      case APPEND -> {
        AppendEntriesRequestProto append = parse(AppendEntriesRequestProto.parser(), request);
        return meant(append.getServerRequest())
            ? append(append)
            : refused(append.getServerRequest());
      }
      case VOTE -> {
        RequestVoteRequestProto vote = parse(RequestVoteRequestProto.parser(), request);
        return answer(vote.getServerRequest(), () -> promise(server.requestVote(vote)));
      }
      case INSTALL -> {
        InstallSnapshotRequestProto install = parse(InstallSnapshotRequestProto.parser(), request);
        return answer(install.getServerRequest(), () -> server.installSnapshot(install));
      }
      case ELECT -> {
        StartLeaderElectionRequestProto elect =
            parse(StartLeaderElectionRequestProto.parser(), request);
        return answer(elect.getServerRequest(), () -> server.startLeaderElection(elect));
      }
      case READ_INDEX -> {
        ReadIndexRequestProto read = parse(ReadIndexRequestProto.parser(), request);
        return answer(read.getServerRequest(), () -> server.readIndexAsync(read).join());
      }
      default -> throw new IllegalArgumentException("unknown raft call: operation=" + operation);
    }
  }

  /**
   * Serves entries on a thread that may block, and answers on the one that has synced them. Asked
   * is the member itself: the server before it would hand each call to one more thread and wait.
   */
  private CompletionStage<ByteBuffer> append(AppendEntriesRequestProto request) {
    return link.run(
            () -> {
              RaftGroupId group =
                  ProtoUtils.toRaftGroupId(request.getServerRequest().getRaftGroupId());
              RaftServer.Division member = server.getDivision(group);
              return ((RaftServerAsynchronousProtocol) member).appendEntriesAsync(request);
            })
        .thenCompose(reply -> reply)
        .thenApply(this::acknowledge);
  }

  private ByteBuffer acknowledge(AppendEntriesReplyProto reply) {
    try {
      link.durability().acknowledging();
      return ByteBuffer.wrap(reply.toByteArray());
    } catch (IOException e) {
      throw new CompletionException(e);
    }
  }

  private RequestVoteReplyProto promise(RequestVoteReplyProto reply) throws IOException {
    link.durability().promising();
    return reply;
  }

  private CompletionStage<ByteBuffer> answer(RaftRpcRequestProto header, Answer answer) {
    return meant(header)
        ? link.run(() -> ByteBuffer.wrap(answer.get().toByteArray()))
        : refused(header);
  }

  private boolean meant(RaftRpcRequestProto header) {
    return header.getReplyId().equals(server.getId().toByteString());
  }

  private CompletionStage<ByteBuffer> refused(RaftRpcRequestProto header) {
    return CompletableFuture.failedFuture(
        new IOException(
            "raft call for another peer: meant="
                + header.getReplyId().toStringUtf8()
                + " here="
                + server.getId()));
  }

  private static <T> T parse(Parser<T> parser, ByteBuffer bytes) {
    try {
      return parser.parseFrom(bytes);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException("not a raft message: cause=" + e.getMessage(), e);
    }
  }

  private interface Answer {
    MessageLite get() throws IOException;
  }
}
