package io.quire.lockserver;

import io.quire.base.Log;
import io.quire.base.Member;
import io.quire.base.NodeId;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.lockserver.SessionEntry.Expire;
import io.quire.lockserver.SessionEntry.Join;
import io.quire.lockserver.SessionEntry.Leave;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The projection of the log that knows which sessions live. Each holds one file {@code
 * /servers/<node>}; these files are the view.
 *
 * <p>A node has at most one session. A second incarnation of it is refused until the first one's
 * session has ended, unless it names that one as its predecessor and holds the lock of the same
 * storage, which proves that the other process is dead.
 */
public final class Sessions implements Log.Projection {
  private static final String SERVERS = "/servers/";

  private final TreeMap<String, LockFile> files = new TreeMap<>();
  private final List<ViewListener> listeners = new ArrayList<>();
  private volatile View view = View.EMPTY;

  /** Told on the loop, in the order of registration. */
  @FunctionalInterface
  public interface ViewListener {
    /** The log changed the view; everything before that change is applied. */
    void changed(View view);

    /**
     * A snapshot replaced the view. What lies between the old one and this was not seen, and the
     * other projections are still to be replaced.
     */
    default void restored(View view) {
      changed(view);
    }
  }

  /** Makes the projection and registers it; before the log starts. */
  public Sessions(Log log) {
    log.register(this);
    log.register(Log.Fence.Kind.EPOCH, epoch -> view.epoch() == epoch);
  }

  /** Registers a listener; before the log starts. */
  public void listen(ViewListener listener) {
    listeners.add(listener);
  }

  /** The newest view applied on this node. Any thread. */
  public View view() {
    return view;
  }

  /** The files, in the order of their paths. */
  public Collection<LockFile> files() {
    return List.copyOf(files.values());
  }

  @Nullable LockFile session(NodeId node) {
    return files.get(SERVERS + node);
  }

  boolean has(Tenure tenure) {
    for (LockFile file : files.values()) {
      if (file.owner().incarnation() == tenure.incarnation() && file.made() == tenure.joined()) {
        return true;
      }
    }
    return false;
  }

  @Override
  public Log.Stream stream() {
    return Log.Stream.SESSIONS;
  }

  /** Answers the incarnation that holds the node's session afterwards, or 0 for none. */
  @Override
  public byte[] apply(long position, byte[] payload) {
    long holder =
        switch (SessionEntry.read(payload)) {
          case Join join -> join(position, join);
          case Leave(long incarnation, long joined) -> end(position, incarnation, joined);
          case Expire(long incarnation, long joined) -> end(position, incarnation, joined);
        };
    return new WireWriter(8).int64(holder).toBytes();
  }

  static long holder(byte[] result) {
    return new WireReader(result).int64();
  }

  private long join(long position, Join join) {
    Member member = join.member();
    LockFile present = session(member.node());
    if (present != null) {
      boolean replaces =
          present.owner().incarnation() == join.predecessor()
              && present.storage() != 0
              && present.storage() == join.storage();
      if (!replaces) {
        return present.owner().incarnation();
      }
    }
    String path = SERVERS + member.node();
    files.put(path, new LockFile(path, member, join.storage(), position));
    changed(position);
    return member.incarnation();
  }

  private long end(long position, long incarnation, long joined) {
    boolean ended =
        files
            .values()
            .removeIf(file -> file.owner().incarnation() == incarnation && file.made() == joined);
    if (ended) {
      changed(position);
    }
    return 0;
  }

  private void changed(long position) {
    view = new View(view.epoch() + 1, members(), position);
    listeners.forEach(listener -> listener.changed(view));
  }

  private List<Member> members() {
    return files.values().stream().map(LockFile::owner).toList();
  }

  @Override
  public void save(WireWriter out) {
    out.int64(view.epoch()).int64(view.position()).int32(files.size());
    for (LockFile file : files.values()) {
      file.owner().write(out);
      out.int64(file.storage()).int64(file.made());
    }
  }

  @Override
  public void restore(long position, WireReader in) {
    files.clear();
    long epoch = in.int64();
    long made = in.int64();
    int count = in.count(24);
    for (int i = 0; i < count; i++) {
      Member owner = Member.read(in);
      String path = SERVERS + owner.node();
      files.put(path, new LockFile(path, owner, in.int64(), in.int64()));
    }
    view = new View(epoch, members(), made);
    listeners.forEach(listener -> listener.restored(view));
  }
}
