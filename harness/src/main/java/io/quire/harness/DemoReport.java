package io.quire.harness;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The figures of a demo in the order in which they came, with a text for people. Any thread. */
public final class DemoReport {
  private final Map<String, Object> figures = new LinkedHashMap<>();
  private final Map<String, String> table = new LinkedHashMap<>();

  synchronized void figure(String key, Object value) {
    figures.put(key, value);
  }

  synchronized void figure(String key, Object value, String label, String text) {
    figures.put(key, value);
    table.put(label, text);
  }

  /**
   * All figures by name, for JSON.
   *
   * @param failure why it was not verified, or null if every check held
   */
  public synchronized Map<String, Object> json(@Nullable Throwable failure) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("verified", failure == null);
    if (failure != null) {
      json.put(
          "failed_check", failure instanceof CheckFailed failed ? failed.check() : "the demo runs");
      json.put("error", String.valueOf(failure.getMessage()));
    }
    json.putAll(figures);
    return json;
  }

  /** The closing table: label and text. */
  public synchronized Map<String, String> table() {
    return new LinkedHashMap<>(table);
  }
}
