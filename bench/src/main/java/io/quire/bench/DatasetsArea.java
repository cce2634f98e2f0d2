package io.quire.bench;

import io.quire.bench.Question.Better;
import io.quire.bench.Question.Entrant;
import io.quire.bench.Question.Row;
import java.util.List;

/** Datasets: what moves between nodes. */
final class DatasetsArea implements Area {
  private static final int MIB = 1 << 20;
  private static final int EXTENTS = 512;
  private static final int EXTENTS_FEWEST = 64;

  /** All extents on one node, with room for what else it does. */
  private static final QuireCluster QUIRE = new QuireCluster("quire-two", 2, 768L << 20);

  private static final QuireCluster CLEAR =
      new QuireCluster("quire-two-clear", 2, 768L << 20, List.of("fabric.encrypt-extents=false"));

  private static final Processes SOCKET =
      Processes.of("socket", Worker.System.SOCKET, 2, 1, "one TCP connection on loopback");

  @Override
  public String name() {
    return "datasets";
  }

  @Override
  public String title() {
    return "datasets, and their extents on other nodes";
  }

  @Override
  public List<Question> questions() {
    return List.of(remoteRead());
  }

  private static Question remoteRead() {
    String id = "remote-read";
    Job job =
        Job.of(Job.Kind.REMOTE_READ, id, 1, MIB).withObjects(EXTENTS).withFewest(EXTENTS_FEWEST);
    String none = "none: a read from another node's memory";
    return new Question(
        id,
        "read a dataset of 512 extents of 1 MiB that another node has",
        List.of(
            new Row(id, "GB/s", Better.HIGHER, "0.7 times a plain socket", none),
            new Row(
                id + "-heap",
                "bytes",
                Better.LOWER,
                "allocated on the reader's heap for each byte: far below 1",
                none)),
        List.of(
            new Entrant("ours", QUIRE, job, false),
            new Entrant("ours, extents not encrypted", CLEAR, job, false),
            new Entrant("plain socket", SOCKET, job.withKind(Job.Kind.SOCKET_READ), false)));
  }
}
