package io.quire.ager;

import java.util.List;

/**
 * What lies in the durable containers of a store.
 *
 * @param store its URI
 * @param containers in the order of their names
 * @param damage what does not verify
 */
public record StoreScan(String store, List<Container> containers, List<Damage> damage) {
  public StoreScan {
    containers = List.copyOf(containers);
    damage = List.copyOf(damage);
  }

  /** How a container ends. */
  public enum End {
    /** As its owner meant it to. */
    FINISHED,
    /** Behind a whole copy: somebody appends to it, or died between two copies. */
    OPEN,
    /** Amid a copy, of which nobody was told; or in bytes that are no header. */
    TORN
  }

  /**
   * One file.
   *
   * @param file below the store's root
   * @param bytes length of the file
   * @param owner of the first copy; empty if there is none
   * @param copies that verify
   * @param bodyBytes of them, without headers and padding
   * @param endsAt offset of the end block, or of the first byte that nobody was told of
   */
  public record Container(
      String file, long bytes, String owner, int copies, long bodyBytes, End end, long endsAt) {}

  /** Something that does not verify. */
  public record Damage(String file, long offset, String reason) {}

  /** Copies that verify. */
  public long copies() {
    return containers.stream().mapToLong(Container::copies).sum();
  }

  /** Length of all files. */
  public long bytes() {
    return containers.stream().mapToLong(Container::bytes).sum();
  }
}
