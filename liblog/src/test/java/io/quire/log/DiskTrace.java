package io.quire.log;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiPredicate;

/**
 * Every change below a directory, in the order in which it was done: what {@link CrashedDisk} makes
 * crashes of. Changes hold the monitor of the trace, syncs do not: a sync covers what was written
 * before it began.
 */
final class DiskTrace {
  private final Path root;
  private final List<Op> ops = new ArrayList<>();
  private final Map<String, Integer> inodes = new HashMap<>();
  private volatile BiPredicate<Path, Boolean> failing = (path, file) -> false;
  private int nextInode;

  DiskTrace(Path root) {
    this.root = FaultyFiles.real(root.toAbsolutePath());
  }

  /** A change, a sync, or a note. Paths are relative to the root. */
  sealed interface Op {
    record Create(String path, int inode) implements Op {}

    /** Bytes, without the zeros at their end, which are written too. */
    record Write(int inode, long at, byte[] bytes, int length) implements Op {}

    record Truncate(int inode, long size) implements Op {}

    record Sync(int inode, int begun) implements Op {}

    record SyncDirectory(String path, int begun) implements Op {}

    record MakeDirectory(String path) implements Op {}

    record Link(String path, int inode) implements Op {}

    record Move(String from, String to) implements Op {}

    record Delete(String path) implements Op {}

    record Note(String text) implements Op {}
  }

  boolean covers(Path path) {
    return path.toAbsolutePath().startsWith(root);
  }

  private String name(Path path) {
    return root.relativize(path.toAbsolutePath()).toString();
  }

  /** Says which syncs fail, by path and whether it is a file. */
  void failSyncs(BiPredicate<Path, Boolean> which) {
    failing = which;
  }

  synchronized void note(String text) {
    ops.add(new Op.Note(text));
  }

  synchronized int size() {
    return ops.size();
  }

  synchronized List<Op> ops() {
    return List.copyOf(ops);
  }

  synchronized int inode(Path path) throws IOException {
    Integer inode = inodes.get(name(path));
    if (inode == null) {
      throw new NoSuchFileException(path + " was there before the trace began");
    }
    return inode;
  }

  synchronized void created(Path path) {
    inodes.put(name(path), nextInode);
    ops.add(new Op.Create(name(path), nextInode++));
  }

  synchronized void wrote(int inode, long at, byte[] bytes, int count) {
    int length = count;
    while (length > 0 && bytes[length - 1] == 0) {
      length--;
    }
    ops.add(new Op.Write(inode, at, java.util.Arrays.copyOf(bytes, length), count));
  }

  synchronized void truncated(int inode, long size) {
    ops.add(new Op.Truncate(inode, size));
  }

  synchronized int syncBegins(Path path, boolean file) throws IOException {
    if (failing.test(path, file)) {
      throw new IOException("Input/output error");
    }
    return ops.size();
  }

  synchronized void synced(int inode, int begun) {
    ops.add(new Op.Sync(inode, begun));
  }

  synchronized void syncedDirectory(Path path, int begun) {
    ops.add(new Op.SyncDirectory(name(path), begun));
  }

  synchronized void madeDirectory(Path path) {
    ops.add(new Op.MakeDirectory(name(path)));
  }

  synchronized void linked(Path link, Path existing) throws IOException {
    int inode = inode(existing);
    inodes.put(name(link), inode);
    ops.add(new Op.Link(name(link), inode));
  }

  synchronized void moved(Path from, Path to) {
    String source = name(from);
    String target = name(to);
    Map<String, Integer> below = new HashMap<>();
    inodes
        .entrySet()
        .removeIf(
            entry -> {
              String path = entry.getKey();
              boolean moves = path.equals(source) || path.startsWith(source + "/");
              if (moves) {
                below.put(target + path.substring(source.length()), entry.getValue());
              }
              return moves;
            });
    inodes.putAll(below);
    ops.add(new Op.Move(source, target));
  }

  synchronized void deleted(Path path) {
    inodes.remove(name(path));
    ops.add(new Op.Delete(name(path)));
  }

  /** Writes the trace to a file elsewhere. */
  synchronized void save(Path file) throws IOException {
    try (DataOutputStream out =
        new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
      out.writeInt(ops.size());
      for (Op op : ops) {
        switch (op) {
          case Op.Create(String path, int inode) -> write(out, 0, path, "", inode, 0, 0);
          case Op.Write(int inode, long at, byte[] bytes, int length) -> {
            write(out, 1, "", "", inode, at, length);
            out.writeInt(bytes.length);
            out.write(bytes);
          }
          case Op.Truncate(int inode, long size) -> write(out, 2, "", "", inode, size, 0);
          case Op.Sync(int inode, int begun) -> write(out, 3, "", "", inode, begun, 0);
          case Op.SyncDirectory(String path, int begun) -> write(out, 4, path, "", 0, begun, 0);
          case Op.MakeDirectory(String path) -> write(out, 5, path, "", 0, 0, 0);
          case Op.Link(String path, int inode) -> write(out, 6, path, "", inode, 0, 0);
          case Op.Move(String from, String to) -> write(out, 7, from, to, 0, 0, 0);
          case Op.Delete(String path) -> write(out, 8, path, "", 0, 0, 0);
          case Op.Note(String text) -> write(out, 9, text, "", 0, 0, 0);
        }
      }
    }
  }

  private static void write(
      DataOutputStream out, int kind, String path, String other, int inode, long number, int length)
      throws IOException {
    out.writeByte(kind);
    out.writeUTF(path);
    out.writeUTF(other);
    out.writeInt(inode);
    out.writeLong(number);
    out.writeInt(length);
  }

  static List<Op> load(Path file) throws IOException {
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
      List<Op> ops = new ArrayList<>();
      for (int left = in.readInt(); left > 0; left--) {
        ops.add(read(in));
      }
      return ops;
    }
  }

  private static Op read(DataInputStream in) throws IOException {
    int kind = in.readByte();
    String path = in.readUTF();
    String other = in.readUTF();
    int inode = in.readInt();
    long number = in.readLong();
    int length = in.readInt();
    return switch (kind) {
      case 0 -> new Op.Create(path, inode);
      case 1 -> {
        byte[] bytes = new byte[in.readInt()];
        in.readFully(bytes);
        yield new Op.Write(inode, number, bytes, length);
      }
      case 2 -> new Op.Truncate(inode, number);
      case 3 -> new Op.Sync(inode, (int) number);
      case 4 -> new Op.SyncDirectory(path, (int) number);
      case 5 -> new Op.MakeDirectory(path);
      case 6 -> new Op.Link(path, inode);
      case 7 -> new Op.Move(path, other);
      case 8 -> new Op.Delete(path);
      case 9 -> new Op.Note(path);
      default -> throw new IOException("not a trace: kind=" + Objects.toString(kind));
    };
  }
}
