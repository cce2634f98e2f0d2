package io.quire.formats;

import java.util.Locale;
import java.util.Set;

/**
 * How the bytes of files are rows. Settings that cannot be are a {@link
 * FormatsException.BadRequest}.
 */
public sealed interface Format {
  /**
   * Lines of fields; UTF-8. A line ends with a line feed, or with a carriage return and one; empty
   * lines are skipped. A file may begin with a byte order mark.
   *
   * <p>A quote within a quoted field is written twice. Without {@code multiline} each line is a
   * record of its own, so that a quote that is not closed costs one line. With it a file is one
   * split, and a quoting error fails the load: where the next record begins cannot be told.
   *
   * @param delimiter between fields; ASCII, as quote and comment are, and all of them different
   * @param quote around fields, ASCII, or {@link #NONE}
   * @param header whether the first line of each file has the names of its columns. Columns are
   *     then found by name, in any order; else by their place in the schema
   * @param nullText what a null is written as, unquoted; up to 100 characters, without line feeds
   * @param comment with which lines begin that are skipped, ASCII, or {@link #NONE}
   * @param multiline whether quoted fields may contain line feeds
   * @param closed whether a delimiter follows the last field, too
   */
  record Csv(
      char delimiter,
      char quote,
      boolean header,
      String nullText,
      char comment,
      boolean multiline,
      boolean closed)
      implements Format {
    /** No such character. */
    public static final char NONE = 0;

    /** Commas, double quotes, a header; an empty field without quotes is null. */
    public static final Csv DEFAULT = new Csv(',', '"', true, "", NONE, false, false);

    /** Tabs and no quotes. */
    public static final Csv TSV = new Csv('\t', NONE, true, "", NONE, false, false);

    /** The files of TPC-H's own generator: bars, also at the end, no header, no quotes. */
    public static final Csv TBL = new Csv('|', NONE, false, "", NONE, false, true);

    public Csv {
      character("delimiter", delimiter);
      if (quote != NONE) {
        character("quote", quote);
      }
      if (comment != NONE) {
        character("comment", comment);
      }
      int wanted = 1 + (quote == NONE ? 0 : 1) + (comment == NONE ? 0 : 1);
      int found = (int) "%c%c%c".formatted(delimiter, quote, comment).chars().distinct().count();
      if (found < wanted || delimiter == NONE) {
        throw new FormatsException.BadRequest("delimiter, quote and comment are not different");
      }
      if (multiline && quote == NONE) {
        throw new FormatsException.BadRequest("multiline without a quote");
      }
      if (nullText.length() > TEXT_MAX || nullText.indexOf('\n') >= 0) {
        throw new FormatsException.BadRequest("not a text for nulls: length=" + nullText.length());
      }
    }

    private static final int TEXT_MAX = 100;

    private static void character(String name, char c) {
      if (c >= 0x80 || c == '\r' || c == '\n' || c == NONE) {
        throw new FormatsException.BadRequest(
            "not a character for it: name=%s code=%d".formatted(name, (int) c));
      }
    }

    /** As this one, with another character between fields: ASCII, no end of a line. */
    public Csv withDelimiter(char c) {
      return new Csv(c, quote, header, nullText, comment, multiline, closed);
    }

    /** As this one, with another character around fields: ASCII, or {@link #NONE}. */
    public Csv withQuote(char c) {
      return new Csv(delimiter, c, header, nullText, comment, multiline, closed);
    }

    /** As this one, with or without a first line of names in each file. */
    public Csv withHeader(boolean has) {
      return new Csv(delimiter, quote, has, nullText, comment, multiline, closed);
    }

    /** As this one, with nulls written so: up to 100 characters, without line feeds. */
    public Csv withNullText(String text) {
      return new Csv(delimiter, quote, header, text, comment, multiline, closed);
    }

    /** As this one, with another beginning of lines that are skipped: ASCII, or {@link #NONE}. */
    public Csv withComment(char c) {
      return new Csv(delimiter, quote, header, nullText, c, multiline, closed);
    }

    /**
     * As this one, with or without line feeds in quoted fields. With them a file is one split, so
     * it is read by one node.
     */
    public Csv withMultiline(boolean may) {
      return new Csv(delimiter, quote, header, nullText, comment, may, closed);
    }
  }

  /**
   * A JSON object a line; UTF-8. A column that is missing is null. Numbers, truth values and
   * strings are read by their text; an object or array is text in a column of strings, and a bad
   * row in others.
   *
   * @param refuseUnknown whether a field that is no column of the schema makes a row bad
   */
  record JsonLines(boolean refuseUnknown) implements Format {
    /** Fields that are no columns are ignored. */
    public static final JsonLines DEFAULT = new JsonLines(false);
  }

  /** Apache Parquet; flat columns. */
  record Parquet() implements Format {}

  /**
   * Bytes as they are: one column {@code data} of binary, a row for each block.
   *
   * @param blockBytes of each row but the last of a file, 1 to 64 MiB
   */
  record Raw(int blockBytes) implements Format {
    /** Blocks of 1 MiB. */
    public static final Raw DEFAULT = new Raw(1 << 20);

    public Raw {
      if (blockBytes < 1 || blockBytes > 64 << 20) {
        throw new FormatsException.BadRequest("not the size of a block: bytes=" + blockBytes);
      }
    }
  }

  /** Names of the formats that need no settings, for people. */
  Set<String> NAMES = Set.of("csv", "tsv", "tbl", "jsonl", "parquet", "raw");

  /**
   * The usual settings of the format that a file's name ends with, such as {@code .csv}.
   *
   * @throws FormatsException.BadRequest if it ends with none of {@link #NAMES}, {@code ndjson} or
   *     {@code json}
   */
  static Format byName(String uri) {
    String ending = uri.substring(uri.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    if (ending.equals("json") || ending.equals("ndjson")) {
      return JsonLines.DEFAULT;
    }
    if (!NAMES.contains(ending)) {
      throw new FormatsException.BadRequest(
          "format not known by the name of the file: file=" + uri + " wanted=a format");
    }
    return named(ending);
  }

  /**
   * The usual settings of a format, by one of {@link #NAMES}.
   *
   * @throws FormatsException.BadRequest for any other name
   */
  static Format named(String name) {
    return switch (name) {
      case "csv" -> Csv.DEFAULT;
      case "tsv" -> Csv.TSV;
      case "tbl" -> Csv.TBL;
      case "jsonl" -> JsonLines.DEFAULT;
      case "parquet" -> new Parquet();
      case "raw" -> Raw.DEFAULT;
      default ->
          throw new FormatsException.BadRequest(
              "no such format: found=" + name + " known=csv,tsv,tbl,jsonl,parquet,raw");
    };
  }
}
