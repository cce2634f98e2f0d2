package io.quire.log;

import io.quire.base.Address;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
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
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.rpc.RpcType;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerRpc;
import org.apache.ratis.server.protocol.RaftServerAsynchronousProtocol;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.com.google.protobuf.CodedOutputStream;
import org.apache.ratis.thirdparty.com.google.protobuf.InvalidProtocolBufferException;
import org.apache.ratis.thirdparty.com.google.protobuf.MessageLite;
import org.apache.ratis.thirdparty.com.google.protobuf.Parser;

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
    return link.run(() -> appendEntries(request));
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
    byte[] body = new byte[1 + request.getSerializedSize()];
    body[0] = (byte) operation;
    CodedOutputStream out = CodedOutputStream.newInstance(body, 1, body.length - 1);
    request.writeTo(out);
    out.flush();
    PeerId to = PeerId.parse(header.getReplyId().toStringUtf8());
    return link.call(
        to, body, link.callDeadline().multipliedBy(patience), bytes -> parse(parser, bytes));
  }

  private CompletionStage<ByteBuffer> serve(ByteBuffer request) {
    int operation = request.get();
    switch (operation) {
      case APPEND -> {
        AppendEntriesRequestProto append = parse(AppendEntriesRequestProto.parser(), request);
        return answer(append.getServerRequest(), () -> acknowledge(server.appendEntries(append)));
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

  private AppendEntriesReplyProto acknowledge(AppendEntriesReplyProto reply) throws IOException {
    link.durability().acknowledging();
    return reply;
  }

  private RequestVoteReplyProto promise(RequestVoteReplyProto reply) throws IOException {
    link.durability().promising();
    return reply;
  }

  private CompletionStage<ByteBuffer> answer(RaftRpcRequestProto header, Answer answer) {
    ByteString meant = header.getReplyId();
    if (!meant.equals(server.getId().toByteString())) {
      return CompletableFuture.failedFuture(
          new IOException(
              "raft call for another peer: meant="
                  + meant.toStringUtf8()
                  + " here="
                  + server.getId()));
    }
    return link.run(() -> ByteBuffer.wrap(answer.get().toByteArray()));
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
