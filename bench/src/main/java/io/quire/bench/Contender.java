package io.quire.bench;

import io.quire.harness.Reaper;
import java.nio.file.Path;
import java.util.Map;

/**
 * A system under measurement: Quire or a peer. Two contenders that are equal share their processes.
 */
public interface Contender {
  /** Names its processes and directory; unique. */
  String name();

  /** How it is set up, for the reader of the figures. */
  String settings();

  /**
   * Starts its processes and waits until they can work.
   *
   * @throws Unavailable if it cannot run on this machine
   */
  Running start(Path directory, Reaper reaper) throws Unavailable;

  /** A contender that runs. */
  interface Running extends AutoCloseable {
    /** Does a job and answers with its figures. */
    Map<String, Double> run(Job job);

    @Override
    void close();
  }

  /** It cannot run here, and why, in words. */
  final class Unavailable extends Exception {
    private static final long serialVersionUID = 1;

    public Unavailable(String why) {
      super(why);
    }
  }
}
