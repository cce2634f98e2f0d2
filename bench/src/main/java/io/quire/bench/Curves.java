package io.quire.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Draws the rows of a report whose ids end in a number, one picture for each id before it: the
 * number to the right, the figures upwards, a line for each who took part.
 */
public final class Curves {
  private static final int WIDTH = 420;
  private static final int HEIGHT = 260;
  private static final int LEFT = 34;
  private static final int TOP = 24;
  private static final int RIGHT = 130;
  private static final int BOTTOM = 30;

  /** Of middling lightness, to be seen on white and on black. */
  private static final List<String> COLOURS =
      List.of(
          "#888888", "#b07d2b", "#4a90d9", "#3a9d5d", "#a566c9", "#c9a227", "#5fb3b3", "#d9779f",
          "#8c9a3c", "#7a7a7a");

  private static final String OURS = "#e0482f";

  private Curves() {}

  /**
   * Writes them into a directory, which is made if it is not there.
   *
   * @return the files
   */
  public static List<Path> draw(ObjectNode report, Path directory) throws IOException {
    Map<String, Map<Integer, JsonNode>> pictures = new LinkedHashMap<>();
    for (JsonNode row : report.path("rows")) {
      String id = row.path("id").asText();
      int cut = id.lastIndexOf('-');
      if (id.substring(cut + 1).matches("\\d{1,3}")) {
        pictures
            .computeIfAbsent(id.substring(0, cut), _ -> new TreeMap<>())
            .put(Integer.parseInt(id.substring(cut + 1)), row);
      }
    }
    Files.createDirectories(directory);
    List<Path> files = new ArrayList<>();
    for (Map.Entry<String, Map<Integer, JsonNode>> picture : pictures.entrySet()) {
      Path file = directory.resolve(picture.getKey() + ".svg");
      Files.writeString(file, svg(picture.getKey(), picture.getValue()));
      files.add(file);
    }
    return files;
  }

  private static String svg(String title, Map<Integer, JsonNode> rows) {
    Map<String, Map<Integer, Double>> lines = new LinkedHashMap<>();
    rows.forEach(
        (at, row) -> {
          row.path("peers")
              .properties()
              .forEach(
                  peer ->
                      lines
                          .computeIfAbsent(peer.getKey(), _ -> new TreeMap<>())
                          .put(at, peer.getValue().asDouble()));
        });
    Map<Integer, Double> ours = new TreeMap<>();
    rows.forEach((at, row) -> ours.put(at, row.path("ours").asDouble()));
    lines.put("ours", ours);
    double top =
        lines.values().stream()
            .flatMap(line -> line.values().stream())
            .mapToDouble(Double::doubleValue)
            .max()
            .orElse(1);
    top = Math.clamp(Math.ceil(top / 10) * 10, 10, 100);
    StringBuilder svg = new StringBuilder();
    svg.append(
        text(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-size=\"10\""
                + " font-family=\"sans-serif\" fill=\"none\" stroke-width=\"1.2\">%n",
            WIDTH, HEIGHT));
    svg.append(
        text("<g fill=\"#808080\"><text x=\"%d\" y=\"14\">%s: hit rate, %%</text>%n", LEFT, title));
    for (int i = 0; i <= 4; i++) {
      svg.append(
          text("<text x=\"4\" y=\"%.0f\">%.0f</text>%n", y(top * i / 4, top) + 3, top * i / 4));
    }
    for (int at : rows.keySet()) {
      svg.append(text("<text x=\"%.0f\" y=\"%d\">%d</text>%n", x(at) - 5, HEIGHT - 16, at));
    }
    svg.append(
        text("<text x=\"%d\" y=\"%d\">memory, %% of all extents</text></g>%n", LEFT, HEIGHT - 4));
    svg.append(
        text(
            "<path stroke=\"#808080\" d=\"M%d %dV%dH%d\"/>%n",
            LEFT, TOP, HEIGHT - BOTTOM, WIDTH - RIGHT));
    int number = 0;
    for (Map.Entry<String, Map<Integer, Double>> line : lines.entrySet()) {
      boolean own = line.getKey().equals("ours");
      String colour = own ? OURS : COLOURS.get(number % COLOURS.size());
      StringBuilder points = new StringBuilder();
      double high = top;
      line.getValue()
          .forEach((at, value) -> points.append(text("%.0f,%.0f ", x(at), y(value, high))));
      svg.append(
          text(
              "<polyline stroke=\"%s\"%s points=\"%s\"/>%n",
              colour, own ? " stroke-width=\"2.4\"" : "", points.toString().strip()));
      svg.append(
          text(
              "<text fill=\"%s\" x=\"%d\" y=\"%d\">%s</text>%n",
              colour, WIDTH - RIGHT + 12, TOP + 10 + 14 * number, line.getKey()));
      number++;
    }
    return svg.append(text("</svg>%n")).toString();
  }

  private static double x(int percent) {
    return LEFT + (WIDTH - LEFT - RIGHT) * percent / 100.0;
  }

  private static double y(double value, double top) {
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / top;
  }

  private static String text(String format, Object... values) {
    return String.format(Locale.ROOT, format.replace("%n", "\n"), values);
  }
}
