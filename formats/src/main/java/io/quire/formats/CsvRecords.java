package io.quire.formats;

import de.siegmar.fastcsv.reader.AbstractBaseCsvCallbackHandler;
import de.siegmar.fastcsv.reader.CloseableIterator;
import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.FieldMismatchStrategy;
import java.io.Closeable;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.util.Arrays;

/**
 * The records of CSV, by FastCSV, with the place of each in bytes, and so that a bad one costs no
 * other.
 *
 * <p>The parser takes characters and looks ahead; what is needed here is bytes, and that each line
 * can be given up alone. So the parser is fed one line at a time, when it asks for more: if it asks
 * while a record is open, then a quote is. And each byte is fed as the character of the same number
 * and becomes a byte again in the sink: nothing is decoded, and whether a line is UTF-8 is looked
 * at apart. A carriage return that does not end a line is no end of a record here, though it is one
 * to the parser; it travels as a character beyond bytes whose lower eight bits it is.
 *
 * <p>Confined to one thread.
 */
final class CsvRecords implements Closeable {
  private static final char NO_QUOTE = '\uffff';
  private static final char INNER_RETURN = '\ue00d';
  private static final int PARSER_ROOM = 64 << 10;

  private final LineReader lines;
  private final Format.Csv csv;
  private final int recordBytes;
  private final String name;
  private final Sink sink;
  private final Feed feed = new Feed();
  private final Record record = new Record();
  private CloseableIterator<Boolean> parser;

  private byte[] scratch = new byte[256];
  private byte[] text = new byte[256];
  private int textBytes;
  private long at;
  private int fields;

  /** Takes the fields of a record, from left to right. */
  interface Sink {
    /**
     * Takes a field.
     *
     * @param b holds its bytes until the call returns
     */
    void field(int index, byte[] b, int len, boolean quoted);
  }

  CsvRecords(LineReader lines, Format.Csv csv, int recordBytes, String name, Sink sink) {
    this.lines = lines;
    this.csv = csv;
    this.recordBytes = recordBytes;
    this.name = name;
    this.sink = sink;
    parser = newParser();
  }

  /**
   * Gives the fields of the next record to the sink; false at the end.
   *
   * @throws BadRecord if it is none; the sink may have had fields of it
   * @throws FormatsException.NotTheFormat if it cannot be told where the next one begins
   */
  boolean next() throws IOException, BadRecord {
    try {
      boolean found = parser.hasNext() && parser.next();
      if (found && feed.malformed) {
        throw new BadRecord("not UTF-8");
      }
      return found;
    } catch (UncheckedIOException e) {
      parser = newParser();
      if (e.getCause() instanceof Broken broken) {
        throw bad(broken.reason);
      }
      throw e.getCause();
    } catch (CsvParseException e) {
      // What the sink threw comes back as a cause.
      switch (e.getCause()) {
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        case null, default -> feed.drop();
      }
      parser = newParser();
      throw bad("character behind a closing quote");
    } finally {
      feed.recordEnded();
    }
  }

  private BadRecord bad(String reason) {
    if (csv.multiline()) {
      // What follows might be inside or outside of quotes.
      throw new FormatsException.NotTheFormat(name, reason + " at=" + at);
    }
    return new BadRecord(reason);
  }

  /** How many fields the record has. */
  int fields() {
    return fields;
  }

  /** Where the record begins. */
  long at() {
    return at;
  }

  /** Where the next record begins, or a line without one. */
  long nextAt() {
    return lines.nextAt();
  }

  /** The begin of the record, for people. */
  String text() {
    return Utf8.text(text, 0, textBytes, BadRow.TEXT_BYTES_MAX);
  }

  private CloseableIterator<Boolean> newParser() {
    return CsvReader.builder()
        .fieldSeparator(csv.delimiter())
        .quoteCharacter(csv.quote() == Format.Csv.NONE ? NO_QUOTE : csv.quote())
        .extraFieldStrategy(FieldMismatchStrategy.IGNORE)
        .missingFieldStrategy(FieldMismatchStrategy.IGNORE)
        .skipEmptyLines(false)
        .maxBufferSize(recordBytes + PARSER_ROOM)
        .build(record, feed)
        .iterator();
  }

  @Override
  public void close() throws IOException {
    lines.close();
  }

  /** Why the parser gets nothing more; it hands the cause of its own exception back. */
  private static final class Broken extends IOException {
    private static final long serialVersionUID = 1;

    private final String reason;

    Broken(String reason) {
      super(reason);
      this.reason = reason;
    }
  }

  /** Passes fields on. */
  private final class Record extends AbstractBaseCsvCallbackHandler<Boolean> {
    @Override
    protected void handleBegin(long line) {
      fields = 0;
    }

    @Override
    protected void handleField(int index, char[] buf, int off, int len, boolean quoted) {
      if (scratch.length < len) {
        scratch = new byte[Math.max(len, scratch.length * 2)];
      }
      for (int i = 0; i < len; i++) {
        scratch[i] = (byte) buf[off + i];
      }
      fields++;
      sink.field(index, scratch, len, quoted);
    }

    @Override
    protected Boolean buildRecord() {
      return Boolean.TRUE;
    }
  }

  /** Gives the parser one line at a time. */
  private final class Feed extends Reader {
    private int from;
    private int to;
    private boolean newline;
    private boolean open;
    private boolean malformed;
    private long recordLength;

    @Override
    public int read(char[] out, int off, int max) throws IOException {
      if (from == to && !newline && !moveOn()) {
        return -1;
      }
      byte[] bytes = lines.bytes();
      int count = Math.min(max, to - from);
      for (int i = 0; i < count; i++) {
        char c = (char) (bytes[from + i] & 0xff);
        out[off + i] = c == '\r' && from + i < to - 1 ? INNER_RETURN : c;
      }
      from += count;
      if (from == to && count < max) {
        out[off + count] = '\n';
        newline = false;
        return count + 1;
      }
      return count;
    }

    /** To the next line that belongs to a record; false at the end. */
    private boolean moveOn() throws IOException {
      if (open && !csv.multiline()) {
        throw new Broken("quote not closed");
      }
      do {
        if (!lines.next()) {
          if (open) {
            throw new Broken("quote not closed");
          }
          return false;
        }
      } while (!open && isNothing());
      from = lines.from();
      to = lines.to();
      if (!open) {
        at = lines.at();
        textBytes = 0;
        recordLength = 0;
        malformed = false;
      }
      keepText();
      recordLength += to - from + 1;
      open = true;
      if (lines.tooLong() || recordLength > recordBytes) {
        from = to;
        throw new Broken("record too long: max=" + recordBytes);
      }
      malformed |= !Utf8.isValid(lines.bytes(), from, to);
      newline = true;
      return true;
    }

    private boolean isNothing() {
      int length = lines.to() - lines.from();
      if (length == 0 || length == 1 && lines.bytes()[lines.from()] == '\r') {
        return !lines.tooLong();
      }
      return csv.comment() != Format.Csv.NONE && lines.bytes()[lines.from()] == csv.comment();
    }

    private void keepText() {
      int more = Math.min(to - from + 1, BadRow.TEXT_BYTES_MAX - textBytes);
      if (more <= 0) {
        return;
      }
      if (text.length < textBytes + more) {
        text = Arrays.copyOf(text, Math.max(textBytes + more, text.length * 2));
      }
      int ofLine = Math.min(more, to - from);
      System.arraycopy(lines.bytes(), from, text, textBytes, ofLine);
      textBytes += ofLine;
      if (csv.multiline() && ofLine < more) {
        text[textBytes++] = '\n';
      }
    }

    /** Leaves the rest of the line. */
    void drop() {
      from = to;
      newline = false;
    }

    void recordEnded() {
      open = false;
    }

    @Override
    public void close() {
      // The lines are closed by their owner.
    }
  }
}
