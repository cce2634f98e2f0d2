package io.quire.log;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.fabric.Fabric;
import io.quire.log.LogMessages.Hello;
import io.quire.log.LogMessages.Join;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Answers what other logs ask. Called on I/O threads. */
final class LogService implements Fabric.Server {
  private final LogConfig config;
  private final Storage storage;
  private final Leadership leadership;
  private final Appends appends;
  private final Membership membership;
  private final MemberChanges changes;
  private final FabricLink link;
  private volatile boolean closed;

  LogService(
      LogConfig config,
      Storage storage,
      Leadership leadership,
      Appends appends,
      Membership membership,
      MemberChanges changes,
      FabricLink link) {
    this.config = config;
    this.storage = storage;
    this.leadership = leadership;
    this.appends = appends;
    this.membership = membership;
    this.changes = changes;
    this.link = link;
  }

  @Override
  public CompletionStage<ByteBuffer> serve(ByteBuffer request) {
    if (closed) {
      return CompletableFuture.failedFuture(
          new LogException.StoppedException("log is closed", null));
    }
    WireReader in = new WireReader(request);
    int question = in.int8();
    return switch (question) {
      case LogMessages.HELLO -> CompletableFuture.completedFuture(hello().encode());
      case LogMessages.TERM -> CompletableFuture.completedFuture(term(in));
      case LogMessages.APPEND -> appends.serve(LogMessages.readAppend(in));
      case LogMessages.JOIN -> {
        Join join = Join.decode(in);
        yield link.run(() -> membership.serve(join).encode());
      }
      case LogMessages.CHANGE -> {
        MemberChange change = MemberChange.decode(in);
        yield link.run(() -> ByteBuffer.wrap(changes.serve(change).encode()));
      }
      case LogMessages.PROGRESS ->
          CompletableFuture.completedFuture(progress(PeerId.parse(in.string())));
      case LogMessages.FETCH -> {
        Fetch.Question fetch = Fetch.Question.decode(in);
        yield link.run(() -> Fetch.serve(storage, fetch));
      }
      default -> throw new IllegalArgumentException("unknown question: found=" + question);
    };
  }

  private Hello hello() {
    Identity identity = storage.identity();
    RaftMember member = leadership.member();
    return new Hello(
        identity.cluster(),
        identity.peer(),
        identity.state(),
        config.voters(),
        identity.group(),
        identity.members(),
        member == null || !member.running() ? List.of() : member.members(),
        member != null && member.running() && member.leader() != null);
  }

  private ByteBuffer term(WireReader in) {
    long term = leadership.answer(PeerId.parse(in.string()));
    return ByteBuffer.wrap(new WireWriter(16).int64(term).toBytes());
  }

  private ByteBuffer progress(PeerId asked) {
    RaftMember member = leadership.member();
    if (member == null || !member.running() || !member.peer().equals(asked)) {
      throw new LogException.NotLeadingException("not the peer that was asked: peer=" + asked);
    }
    return ByteBuffer.wrap(new WireWriter(16).int64(member.info().getLastAppliedIndex()).toBytes());
  }

  void close() {
    closed = true;
  }
}
