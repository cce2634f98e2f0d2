package io.quire.log;

import io.quire.base.Address;
import io.quire.base.NodeId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Who discovery sees right now. Called from any thread; must not block. */
public interface Peers {
  /** Where the node's fabric listens, or null if it is not seen. */
  @Nullable Address addressOf(NodeId node);

  /** Everyone seen; whether this node is among them does not matter. */
  List<Address> all();
}
