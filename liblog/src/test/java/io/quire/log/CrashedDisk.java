package io.quire.log;

import io.quire.log.DiskTrace.Op;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a disk holds when the machine stops. Follows a {@link DiskTrace} and knows, at each step,
 * what is synced and what is not; {@link #write} makes one of the states that a crash may leave.
 *
 * <p>Sectors of 512 bytes are written whole or not. Names of a directory change in the order in
 * which they were changed, as journals of file systems see to; how far they got is open.
 */
final class CrashedDisk {
  private static final int SECTOR_BYTES = 512;
  private static final int ZEROS_BEHIND = 16 << 10;

  /** What becomes of what was not synced. */
  enum Fate {
    /** All is there: the process was killed and the machine runs on. */
    KEPT,
    /** Nothing is there. */
    LOST,
    /** What was done first is there; the last of it is torn. */
    TORN,
    /** Any of it, in any order, sector by sector. */
    REORDERED
  }

  /** Bytes of a file; behind them there are zeros up to its size. */
  private static final class Content {
    byte[] bytes = {};
    long size;

    Content copy() {
      Content copy = new Content();
      copy.bytes = bytes.clone();
      copy.size = size;
      return copy;
    }

    void write(long at, byte[] from, int offset, int given, int length) {
      int end = (int) at + given;
      if (given > 0) {
        if (bytes.length < end) {
          bytes = Arrays.copyOf(bytes, Math.max(end, bytes.length * 3 / 2));
        }
        System.arraycopy(from, offset, bytes, (int) at, given);
      }
      int zeroed = (int) Math.min(bytes.length, at + length);
      if (zeroed > end) {
        Arrays.fill(bytes, end, zeroed, (byte) 0);
      }
      size = Math.max(size, at + length);
    }

    void truncate(long to) {
      if (to < bytes.length) {
        bytes = Arrays.copyOf(bytes, (int) to);
      }
      size = to;
    }
  }

  private record Pending(int number, Op op) {}

  private static final class Inode {
    final Content durable = new Content();
    final List<Pending> pending = new ArrayList<>();
  }

  private final Map<Integer, Inode> inodes = new HashMap<>();
  private final TreeMap<String, Integer> names = new TreeMap<>();
  private final List<Pending> pendingNames = new ArrayList<>();
  private static final int DIRECTORY = -1;
  private int number;

  /** Does one more step of the trace. */
  void step(Op op) {
    switch (op) {
      case Op.Create(String path, int inode) -> {
        inodes.put(inode, new Inode());
        pendingNames.add(new Pending(number, op));
      }
      case Op.Write(int inode, long at, byte[] bytes, int length) ->
          inode(inode).pending.add(new Pending(number, op));
      case Op.Truncate(int inode, long size) -> inode(inode).pending.add(new Pending(number, op));
      case Op.Sync(int inode, int begun) -> sync(inode(inode), begun);
      case Op.SyncDirectory(String path, int begun) -> syncNames(path, begun);
      case Op.MakeDirectory(String path) -> pendingNames.add(new Pending(number, op));
      case Op.Link(String path, int inode) -> pendingNames.add(new Pending(number, op));
      case Op.Move(String from, String to) -> pendingNames.add(new Pending(number, op));
      case Op.Delete(String path) -> pendingNames.add(new Pending(number, op));
      case Op.Note(String text) -> {}
    }
    number++;
  }

  private Inode inode(int inode) {
    return java.util.Objects.requireNonNull(inodes.get(inode));
  }

  private static void sync(Inode inode, int begun) {
    inode.pending.removeIf(
        pending -> {
          boolean covered = pending.number() < begun;
          if (covered) {
            apply(inode.durable, pending.op());
          }
          return covered;
        });
  }

  private static void apply(Content content, Op op) {
    if (op instanceof Op.Write(int inode, long at, byte[] bytes, int length)) {
      content.write(at, bytes, 0, bytes.length, length);
    } else if (op instanceof Op.Truncate(int inode, long size)) {
      content.truncate(size);
    }
  }

  private void syncNames(String directory, int begun) {
    pendingNames.removeIf(
        pending -> {
          boolean covered = pending.number() < begun && touches(pending.op(), directory);
          if (covered) {
            apply(names, pending.op());
          }
          return covered;
        });
  }

  private static boolean touches(Op op, String directory) {
    return switch (op) {
      case Op.Create(String path, int inode) -> parent(path).equals(directory);
      case Op.MakeDirectory(String path) -> parent(path).equals(directory);
      case Op.Link(String path, int inode) -> parent(path).equals(directory);
      case Op.Delete(String path) -> parent(path).equals(directory);
      case Op.Move(String from, String to) ->
          parent(from).equals(directory) || parent(to).equals(directory);
      default -> false;
    };
  }

  private static String parent(String path) {
    int slash = path.lastIndexOf('/');
    return slash < 0 ? "" : path.substring(0, slash);
  }

  private static void apply(TreeMap<String, Integer> names, Op op) {
    switch (op) {
      case Op.Create(String path, int inode) -> names.put(path, inode);
      case Op.Link(String path, int inode) -> names.put(path, inode);
      case Op.MakeDirectory(String path) -> names.put(path, DIRECTORY);
      case Op.Delete(String path) -> names.remove(path);
      case Op.Move(String from, String to) -> {
        Map<String, Integer> moved = new TreeMap<>();
        names
            .entrySet()
            .removeIf(
                entry -> {
                  String path = entry.getKey();
                  boolean moves = path.equals(from) || path.startsWith(from + "/");
                  if (moves) {
                    moved.put(to + path.substring(from.length()), entry.getValue());
                  }
                  return moves;
                });
        names.putAll(moved);
      }
      default -> {}
    }
  }

  /** Makes the files of a crash now. */
  void write(Path target, Fate fate, Random random) throws IOException {
    TreeMap<String, Integer> left = new TreeMap<>(names);
    int kept =
        switch (fate) {
          case KEPT -> pendingNames.size();
          case LOST -> 0;
          case TORN, REORDERED -> random.nextInt(pendingNames.size() + 1);
        };
    pendingNames.subList(0, kept).forEach(pending -> apply(left, pending.op()));
    Files.createDirectories(target);
    Map<Integer, Content> contents = new HashMap<>();
    for (Map.Entry<String, Integer> entry : left.entrySet()) {
      Path path = target.resolve(entry.getKey());
      if (!Files.isDirectory(target.resolve(parent(entry.getKey())))) {
        // Its directory did not get its name.
        continue;
      }
      if (entry.getValue() == DIRECTORY) {
        Files.createDirectory(path);
      } else {
        // A file with two names is one file.
        write(
            path,
            contents.computeIfAbsent(
                entry.getValue(), inode -> content(inode(inode), fate, random)));
      }
    }
  }

  private static void write(Path path, Content content) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(path.toString(), "rw")) {
      file.write(content.bytes, 0, (int) Math.min(content.bytes.length, content.size));
      // Zeros without end make nothing different but the time it takes to read them.
      file.setLength(Math.min(content.size, content.bytes.length + ZEROS_BEHIND));
    }
  }

  private static Content content(Inode inode, Fate fate, Random random) {
    Content content = inode.durable.copy();
    int count = inode.pending.size();
    switch (fate) {
      case LOST -> {}
      case KEPT -> inode.pending.forEach(pending -> apply(content, pending.op()));
      case TORN -> {
        int whole = random.nextInt(count + 1);
        inode.pending.subList(0, whole).forEach(pending -> apply(content, pending.op()));
        if (whole < count) {
          tear(content, inode.pending.get(whole).op(), random, true);
        }
      }
      case REORDERED -> {
        @Nullable Long size = null;
        for (Pending pending : inode.pending) {
          if (pending.op() instanceof Op.Write write) {
            tear(content, write, random, false);
            size = Math.max(size == null ? 0 : size, write.at() + write.length());
          } else if (random.nextBoolean()) {
            apply(content, pending.op());
            size = null;
          }
        }
        if (size != null && random.nextBoolean()) {
          // The size got there, and the bytes did not.
          content.size = Math.max(content.size, size);
        }
      }
    }
    return content;
  }

  private static void tear(Content content, Op op, Random random, boolean prefix) {
    if (!(op instanceof Op.Write(int inode, long at, byte[] bytes, int length))) {
      return;
    }
    int sectors = (int) ((at + length - 1) / SECTOR_BYTES - at / SECTOR_BYTES + 1);
    int first = prefix ? random.nextInt(sectors + 1) : sectors;
    // Of long runs of zeros only the first sectors matter.
    for (int sector = 0; sector < Math.min(sectors, 4096); sector++) {
      boolean there = prefix ? sector < first : random.nextBoolean();
      if (there) {
        long start = Math.max(at, (at / SECTOR_BYTES + sector) * SECTOR_BYTES);
        long end = Math.min(at + length, (at / SECTOR_BYTES + sector + 1) * SECTOR_BYTES);
        int offset = (int) (start - at);
        int given = Math.max(0, Math.min(bytes.length, (int) (end - at)) - offset);
        if (given > 0) {
          content.write(start, bytes, offset, given, (int) (end - start));
        } else {
          content.write(start, bytes, 0, 0, (int) (end - start));
        }
      }
    }
  }
}
