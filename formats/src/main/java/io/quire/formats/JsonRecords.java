package io.quire.formats;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.Closeable;
import java.io.IOException;

/** The records of JSON lines, by Jackson, a line at a time. Confined to one thread. */
final class JsonRecords implements Closeable {
  private final LineReader lines;
  private final Sink sink;
  private final JsonFactory factory;
  private byte[] scratch = new byte[256];

  /** What a value is. */
  enum Kind {
    TEXT,
    NUMBER,
    TRUTH,
    NOTHING,
    /** An object or an array, as it is written. */
    NESTED
  }

  /** Takes the fields of a record, in the order of the line. */
  interface Sink {
    /** Whether it wants that field. */
    boolean wants(String name) throws BadRecord;

    /**
     * Takes a field that it wants.
     *
     * @param b holds its text until the call returns
     */
    void field(String name, Kind kind, byte[] b, int off, int len) throws BadRecord;
  }

  JsonRecords(LineReader lines, int recordBytes, Sink sink) {
    this.lines = lines;
    this.sink = sink;
    factory =
        JsonFactory.builder()
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxStringLength(recordBytes)
                    .maxNameLength(recordBytes)
                    .build())
            .build();
  }

  /** Gives the fields of the next record to the sink; false at the end. */
  boolean next() throws IOException, BadRecord {
    do {
      if (!lines.next()) {
        return false;
      }
    } while (isBlank());
    if (lines.tooLong()) {
      throw new BadRecord("record too long");
    }
    if (!Utf8.isValid(lines.bytes(), lines.from(), lines.to())) {
      throw new BadRecord("not UTF-8");
    }
    try (JsonParser parser =
        factory.createParser(lines.bytes(), lines.from(), lines.to() - lines.from())) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new BadRecord("not an object");
      }
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        field(parser);
      }
      if (parser.nextToken() != null) {
        throw new BadRecord("more than one value in a line");
      }
    } catch (JsonProcessingException e) {
      throw new BadRecord("not JSON: " + e.getOriginalMessage());
    }
    return true;
  }

  private boolean isBlank() {
    byte[] bytes = lines.bytes();
    for (int i = lines.from(); i < lines.to(); i++) {
      if (bytes[i] != ' ' && bytes[i] != '\t' && bytes[i] != '\r') {
        return false;
      }
    }
    return true;
  }

  private void field(JsonParser parser) throws IOException, BadRecord {
    String name = parser.currentName();
    JsonToken token = parser.nextToken();
    if (token == null) {
      throw new BadRecord("not JSON: ends within an object");
    }
    if (!sink.wants(name)) {
      parser.skipChildren();
      return;
    }
    switch (token) {
      case START_OBJECT, START_ARRAY -> {
        int from = lines.from() + (int) parser.currentTokenLocation().getByteOffset();
        parser.skipChildren();
        int to = lines.from() + (int) parser.currentLocation().getByteOffset();
        sink.field(name, Kind.NESTED, lines.bytes(), from, to - from);
      }
      case VALUE_NULL -> sink.field(name, Kind.NOTHING, scratch, 0, 0);
      case VALUE_STRING -> text(parser, name, Kind.TEXT);
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> text(parser, name, Kind.NUMBER);
      case VALUE_TRUE, VALUE_FALSE -> text(parser, name, Kind.TRUTH);
      default -> throw new BadRecord("not JSON: token=" + token);
    }
  }

  private void text(JsonParser parser, String name, Kind kind) throws IOException, BadRecord {
    char[] chars = parser.getTextCharacters();
    int off = parser.getTextOffset();
    int count = parser.getTextLength();
    if (scratch.length < 3L * count) {
      scratch = new byte[(int) Math.min(Integer.MAX_VALUE - 8L, 4L * count)];
    }
    int length = Utf8.encode(chars, off, count, scratch);
    if (length < 0) {
      throw new BadRecord("half of a surrogate pair: column=" + name);
    }
    sink.field(name, kind, scratch, 0, length);
  }

  long at() {
    return lines.at();
  }

  long nextAt() {
    return lines.nextAt();
  }

  String text() {
    return Utf8.text(lines.bytes(), lines.from(), lines.to(), BadRow.TEXT_BYTES_MAX);
  }

  @Override
  public void close() throws IOException {
    lines.close();
  }
}
