package io.quire.harness;

import com.fasterxml.jackson.databind.JsonNode;
import io.quire.harness.tpch.Lineitem;
import io.quire.harness.tpch.PlainAnswers;
import io.quire.harness.tpch.Q1;
import io.quire.harness.tpch.Q6;
import io.quire.harness.tpch.Query;
import io.quire.node.AdminClient;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;

/** The data set of the demo: how it is loaded, and how a node's answers about it are checked. */
sealed interface DemoData {
  String name();

  /** What it is, for people. */
  String title();

  long estimatedBytes();

  /** Loads it through a node; returns what the node says of the object. */
  JsonNode load(AdminClient node, BiConsumer<Long, Long> progress);

  /**
   * Has a node answer, and compares.
   *
   * @param progress is told what is done, and of how much
   * @throws CheckFailed if the answer is wrong
   * @throws AdminClient.AdminException if there is none
   * @throws UncheckedIOException if it broke off
   */
  Answer check(AdminClient node, BiConsumer<Long, Long> progress);

  /** What a check found. */
  record Answer(double seconds, String text) {}

  /** TPC-H lineitem, asked by Q1 and Q6. */
  final class Tpch implements DemoData {
    private static final int PART_ROWS = 200_000;
    private static final int SMALL_POOL = 16 << 20;

    private final double scale;
    private final PlainAnswers expected;

    /** Computes the right answers in this process, or takes the published ones at scale 1. */
    Tpch(double scale) throws IOException, InterruptedException, TimeoutException {
      this.scale = scale;
      expected =
          scale == 1
              ? PlainAnswers.PUBLISHED_AT_SCALE_ONE
              : PlainAnswers.at(scale, Duration.ofMinutes(60));
    }

    @Override
    public String name() {
      return "/tpch/lineitem";
    }

    @Override
    public String title() {
      return String.format(Locale.ROOT, "TPC-H lineitem at scale %s", scale);
    }

    @Override
    public long estimatedBytes() {
      return Lineitem.estimatedBytes(scale);
    }

    @Override
    public JsonNode load(AdminClient node, BiConsumer<Long, Long> progress) {
      int parts = (int) Math.max(6, Lineitem.estimatedRows(scale) / PART_ROWS);
      byte[] schema = "tpch.lineitem/1".getBytes(StandardCharsets.UTF_8);
      return node.load(
          name(),
          "DURABLE",
          schema,
          TpchFunctions.LOAD,
          TpchFunctions.arguments(scale, SMALL_POOL),
          parts,
          progress);
    }

    @Override
    public Answer check(AdminClient node, BiConsumer<Long, Long> progress) {
      long begun = System.nanoTime();
      List<String> q1 = ask(node, TpchFunctions.Q1_NAME, new Q1(), progress);
      List<String> q6 = ask(node, TpchFunctions.Q6_NAME, new Q6(), progress);
      double seconds = (System.nanoTime() - begun) / 1e9;
      CheckFailed.unless(
          q1.equals(expected.q1()),
          "TPC-H Q1 gives the right answer",
          "found=%s wanted=%s",
          q1,
          expected.q1());
      CheckFailed.unless(
          q6.equals(expected.q6()),
          "TPC-H Q6 gives the right answer",
          "found=%s wanted=%s",
          q6,
          expected.q6());
      return new Answer(seconds, "Q6 " + q6.getFirst());
    }

    List<String> q1Lines() {
      return expected.q1();
    }

    private <P> List<String> ask(
        AdminClient node, String function, Query<P> query, BiConsumer<Long, Long> progress) {
      return TpchFunctions.answer(query, node.scan(name(), function, new byte[0], progress));
    }
  }

  /** Any file, compared by its SHA-256. */
  final class Lines implements DemoData {
    private final Path file;
    private final long bytes;
    private final String sha256;

    Lines(Path file) {
      this.file = file;
      try (InputStream in = Files.newInputStream(file)) {
        bytes = Files.size(file);
        sha256 = sha256(in);
      } catch (IOException e) {
        throw new UncheckedIOException("cannot read: path=" + file, e);
      }
    }

    @Override
    public String name() {
      return "/input/" + file.getFileName();
    }

    @Override
    public String title() {
      return file.getFileName() + " (SHA-256 " + sha256.substring(0, 16) + "...)";
    }

    @Override
    public long estimatedBytes() {
      return bytes;
    }

    @Override
    public JsonNode load(AdminClient node, BiConsumer<Long, Long> progress) {
      return node.loadLines(file, name(), "DURABLE");
    }

    @Override
    public Answer check(AdminClient node, BiConsumer<Long, Long> progress) {
      long begun = System.nanoTime();
      String found;
      try (InputStream in = node.read(name())) {
        found = sha256(in);
      } catch (IOException e) {
        throw new UncheckedIOException(
            "reading broke off: name=%s node=%s why=%s"
                .formatted(name(), node.node(), e.getMessage()),
            e);
      }
      double seconds = (System.nanoTime() - begun) / 1e9;
      CheckFailed.unless(
          found.equals(sha256), "the file reads back", "found=%s wanted=%s", found, sha256);
      return new Answer(seconds, "SHA-256 " + found.substring(0, 16) + "...");
    }

    private static String sha256(InputStream in) throws IOException {
      try {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        byte[] buffer = new byte[1 << 16];
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
          digest.update(buffer, 0, read);
        }
        return HexFormat.of().formatHex(digest.digest());
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("no SHA-256", e);
      }
    }
  }
}
