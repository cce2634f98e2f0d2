package io.quire.tables;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.quire.datasets.ExtentSink;
import io.quire.formats.BadRow;
import io.quire.formats.BadRows;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Locale;

/**
 * Keeps the bad rows of one part: as lines of JSON, in a group that no scan sees. All are counted;
 * of their text the first 8 MiB are kept. Confined to one thread.
 */
final class BadRowsAside implements BadRows {
  private static final int BYTES_MAX = 8 << 20;
  private static final JsonFactory JSON = new JsonFactory();

  private final ByteArrayOutputStream lines = new ByteArrayOutputStream();
  private long count;

  @Override
  public void bad(BadRow row) {
    count++;
    if (lines.size() < BYTES_MAX) {
      write(row);
    }
  }

  private void write(BadRow row) {
    try {
      try (JsonGenerator json = JSON.createGenerator(lines)) {
        json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
        json.writeStartObject();
        json.writeStringField("input", row.input());
        json.writeNumberField(row.place().name().toLowerCase(Locale.ROOT), row.at());
        json.writeStringField("reason", row.reason());
        json.writeStringField("text", row.text());
        json.writeEndObject();
      }
      lines.write('\n');
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Hands them over, if there are any. */
  void keep(ExtentSink sink) {
    if (count > 0) {
      byte[] bytes = lines.toByteArray();
      sink.extent(
          ExtentSink.ASIDE,
          0,
          count,
          bytes.length,
          to -> MemorySegment.copy(bytes, 0, to, ValueLayout.JAVA_BYTE, 0, bytes.length));
    }
  }
}
