package io.quire.log;

import org.apache.ratis.conf.Parameters;
import org.apache.ratis.rpc.RpcFactory;
import org.apache.ratis.rpc.RpcType;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerRpc;
import org.apache.ratis.server.ServerFactory;
import org.apache.ratis.server.leader.FollowerInfo;
import org.apache.ratis.server.leader.LeaderState;
import org.apache.ratis.server.leader.LogAppender;

/**
 * Tells Ratis to talk through the fabric. Public, with a public constructor, because Ratis makes
 * one by the name of the class.
 */
public final class FabricRpcType implements RpcType {
  static final String LINK = "quire.link";

  @Override
  public String name() {
    return FabricRpcType.class.getName();
  }

  @Override
  public RpcFactory newFactory(Parameters parameters) {
    FabricLink link = parameters.getNonNull(LINK, FabricLink.class);
    return new ServerFactory() {
      @Override
      public RaftServerRpc newRaftServerRpc(RaftServer server) {
        return new FabricRpc(server, link, FabricRpcType.this);
      }

      @Override
      public LogAppender newLogAppender(
          RaftServer.Division server, LeaderState leader, FollowerInfo follower) {
        FabricRpc rpc = (FabricRpc) server.getRaftServer().getServerRpc();
        return new FabricAppender(server, leader, follower, rpc);
      }

      @Override
      public RpcType getRpcType() {
        return FabricRpcType.this;
      }
    };
  }
}
