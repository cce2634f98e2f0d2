package io.quire.harness;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A JMX bean that a Hadoop process shows as JSON over HTTP. */
record Jmx(URI address) {
  private static final int TIMEOUT_MILLIS = 2_000;

  static Jmx of(int httpPort, String bean) {
    return new Jmx(URI.create("http://127.0.0.1:%d/jmx?qry=%s".formatted(httpPort, bean)));
  }

  /** Whether the bean can be read now and its JSON contains all the patterns. */
  boolean shows(Pattern... patterns) {
    try {
      HttpURLConnection connection = (HttpURLConnection) address.toURL().openConnection();
      connection.setConnectTimeout(TIMEOUT_MILLIS);
      connection.setReadTimeout(TIMEOUT_MILLIS);
      try (InputStream body = connection.getInputStream()) {
        String json = new String(body.readAllBytes(), StandardCharsets.UTF_8);
        return Stream.of(patterns).allMatch(pattern -> pattern.matcher(json).find());
      }
    } catch (IOException notYet) {
      return false;
    }
  }
}
