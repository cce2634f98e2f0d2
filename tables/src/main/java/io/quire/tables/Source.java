package io.quire.tables;

import io.quire.formats.Format;
import io.quire.formats.InputFile;
import io.quire.formats.Split;
import io.quire.formats.Tpch;
import java.util.List;

/** What a table is loaded from. */
public sealed interface Source {
  /**
   * Files, cut into splits, each of which is a part of the load.
   *
   * @param files as they were found; one that changes before it is read fails the load
   * @param splitBytes about how long a split is
   */
  record Files(List<InputFile> files, Format format, long splitBytes) implements Source {
    public Files {
      files = List.copyOf(files);
    }

    /** In splits of the usual size. */
    public Files(List<InputFile> files, Format format) {
      this(files, format, Split.TARGET_BYTES);
    }
  }

  /**
   * A table of TPC-H, made and not read.
   *
   * @param parts of the load
   */
  record Made(Tpch tpch, int parts) implements Source {}

  /** One for each part of the load; the same on every node. */
  default List<Split> splits() {
    return switch (this) {
      case Files(var files, Format format, long splitBytes) -> Split.cut(files, format, splitBytes);
      case Made(Tpch tpch, int parts) -> tpch.cut(parts);
    };
  }
}
