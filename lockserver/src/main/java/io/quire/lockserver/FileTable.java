package io.quire.lockserver;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.lockserver.LockAnswer.Code;
import io.quire.lockserver.LockAnswer.Limit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The files that clients made. Part of the fold; confined to the loop. */
final class FileTable {
  static final int COUNTER_BYTES = 8;

  private final LockLimits limits;
  private final EventRing events;
  private final TreeMap<String, TreeFile> files = new TreeMap<>();
  private final Map<Long, TreeSet<String>> ephemerals = new HashMap<>();
  private long contentsBytes;

  /**
   * A file.
   *
   * @param version position of the entry that wrote the contents
   * @param made position of the entry that made it
   * @param session with which it goes; 0 if it stays
   */
  record TreeFile(String path, byte[] contents, long version, long made, long session) {}

  FileTable(LockLimits limits, EventRing events) {
    this.limits = limits;
    this.events = events;
  }

  @Nullable TreeFile file(String path) {
    return files.get(path);
  }

  /** The files whose paths are greater than this, in order. */
  SortedMap<String, TreeFile> after(String path) {
    return files.tailMap(path, false);
  }

  int count() {
    return files.size();
  }

  long contentsBytes() {
    return contentsBytes;
  }

  LockAnswer create(long position, LockOperation.Create create) {
    TreeFile present = files.get(create.path());
    if (present != null) {
      return LockAnswer.of(Code.EXISTS, present.version());
    }
    LockAnswer full = full(1, create.contents().length);
    if (full != null) {
      return full;
    }
    long session = create.ephemeral() ? create.session() : 0;
    put(new TreeFile(create.path(), create.contents(), position, position, session));
    events.add(position, LockEvent.Kind.CREATED, create.path(), create.session(), 0);
    return LockAnswer.of(Code.OK, position);
  }

  LockAnswer write(long position, LockOperation.Write write) {
    TreeFile present = files.get(write.path());
    LockAnswer refusal = refusal(present, write.version());
    if (refusal != null || present == null) {
      return refusal == null ? LockAnswer.of(Code.NOT_FOUND) : refusal;
    }
    LockAnswer full = full(0, write.contents().length - present.contents().length);
    if (full != null) {
      return full;
    }
    put(new TreeFile(write.path(), write.contents(), position, present.made(), present.session()));
    events.add(position, LockEvent.Kind.CHANGED, write.path(), write.session(), 0);
    return LockAnswer.of(Code.OK, position);
  }

  LockAnswer remove(long position, LockOperation.Remove remove) {
    TreeFile present = files.get(remove.path());
    LockAnswer refusal = refusal(present, remove.version());
    if (refusal != null || present == null) {
      return refusal == null ? LockAnswer.of(Code.NOT_FOUND) : refusal;
    }
    take(present);
    events.add(position, LockEvent.Kind.REMOVED, remove.path(), remove.session(), 0);
    return LockAnswer.of(Code.OK, position);
  }

  LockAnswer add(long position, LockOperation.Add add) {
    TreeFile present = files.get(add.path());
    if (present != null && present.contents().length != COUNTER_BYTES) {
      return LockAnswer.of(Code.NOT_A_COUNTER, present.contents().length);
    }
    long before = present == null ? 0 : counter(present.contents());
    long after = before + add.delta();
    if (((before ^ after) & (add.delta() ^ after)) < 0) {
      return LockAnswer.of(Code.OVERFLOW, before);
    }
    LockAnswer full = present == null ? full(1, COUNTER_BYTES) : null;
    if (full != null) {
      return full;
    }
    byte[] contents = new WireWriter(COUNTER_BYTES).int64(after).toBytes();
    put(
        present == null
            ? new TreeFile(add.path(), contents, position, position, 0)
            : new TreeFile(add.path(), contents, position, present.made(), present.session()));
    events.add(
        position,
        present == null ? LockEvent.Kind.CREATED : LockEvent.Kind.CHANGED,
        add.path(),
        add.session(),
        0);
    return new LockAnswer(Code.OK, after, position);
  }

  /** A session ended: its ephemeral files go. */
  void end(long position, long session) {
    TreeSet<String> paths = ephemerals.get(session);
    if (paths == null) {
      return;
    }
    for (String path : List.copyOf(paths)) {
      TreeFile file = files.get(path);
      if (file != null) {
        take(file);
        events.add(position, LockEvent.Kind.REMOVED, path, session, 0);
      }
    }
  }

  static long counter(byte[] contents) {
    return new WireReader(contents).int64();
  }

  private static @Nullable LockAnswer refusal(@Nullable TreeFile present, long version) {
    if (present == null) {
      return LockAnswer.of(Code.NOT_FOUND);
    }
    boolean wanted = version == LockOperation.ANY_VERSION || version == present.version();
    return wanted ? null : LockAnswer.of(Code.OTHER_VERSION, present.version());
  }

  private @Nullable LockAnswer full(int moreFiles, int moreBytes) {
    if (files.size() + moreFiles > limits.files()) {
      return LockAnswer.limit(Limit.FILES, limits.files());
    }
    if (moreBytes > 0 && contentsBytes + moreBytes > limits.contentsBytes()) {
      return LockAnswer.limit(Limit.CONTENTS_BYTES, limits.contentsBytes());
    }
    return null;
  }

  private void put(TreeFile file) {
    TreeFile before = files.put(file.path(), file);
    contentsBytes += file.contents().length - (before == null ? 0 : before.contents().length);
    if (file.session() != 0) {
      ephemerals.computeIfAbsent(file.session(), _ -> new TreeSet<>()).add(file.path());
    }
  }

  private void take(TreeFile file) {
    files.remove(file.path());
    contentsBytes -= file.contents().length;
    TreeSet<String> paths = ephemerals.get(file.session());
    if (paths != null && paths.remove(file.path()) && paths.isEmpty()) {
      ephemerals.remove(file.session());
    }
  }

  /** What there is now, to be written later. */
  Consumer<WireWriter> capture() {
    TreeFile[] now = files.values().toArray(new TreeFile[0]);
    return out -> {
      out.int32(now.length);
      for (TreeFile file : now) {
        out.string(file.path())
            .bytes(file.contents())
            .int64(file.version())
            .int64(file.made())
            .int64(file.session());
      }
    };
  }

  void restore(WireReader in) {
    files.clear();
    ephemerals.clear();
    contentsBytes = 0;
    int count = in.count(32);
    List<TreeFile> read = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      read.add(new TreeFile(in.string(), in.bytes(), in.int64(), in.int64(), in.int64()));
    }
    read.forEach(this::put);
  }
}
