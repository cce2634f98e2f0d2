package io.quire.bench;

import java.util.Map;

/** A system under measurement as one of its own processes has it: one member of several. */
interface Subject extends AutoCloseable {
  /** Whether jobs are best given to this process: the leader's, where there is one. */
  boolean leads() throws Exception;

  /** Does a job and answers with figures by the ids of rows. */
  Map<String, Double> run(Job job) throws Exception;

  @Override
  void close() throws Exception;
}
