package io.quire.jet;

import com.hazelcast.function.FunctionEx;
import com.hazelcast.jet.pipeline.BatchSource;
import com.hazelcast.jet.pipeline.Sink;
import com.hazelcast.jet.pipeline.Sources;
import java.io.Serializable;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * The tables of a cluster of Quire, as sources and sinks of Jet's pipelines. Every member of the
 * Jet cluster reaches them by Arrow Flight; it needs this module on its class path, and no node in
 * its process.
 *
 * <p>It is a part of the job that uses it: the token is sent to the members of Jet with the job,
 * and kept by them as long as they keep the job. {@link #toString} does not show it.
 *
 * @param nodes where some of the nodes serve Flight: {@code grpc+tls://host:port}, or {@code
 *     grpc+tcp} without TLS. They are tried in turn; one that answers is enough to find the others
 * @param token that is shown with each call; empty for none
 * @param trusted certificates in PEM of whom is believed to be a node: usually {@code ca.pem} of
 *     the cluster; empty for those that the JVM trusts
 * @param namespace of the tables; empty for the root namespace
 * @param patience for how long a job goes on trying when nothing comes of it; it may take that long
 *     until a node that died is known to be dead. A node that says nothing is given half of it
 */
public record QuireTables(
    List<URI> nodes, String token, String trusted, String namespace, Duration patience)
    implements Serializable {
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  public QuireTables {
    nodes = List.copyOf(nodes);
    if (patience.isNegative() || patience.isZero()) {
      throw new IllegalArgumentException("not a time to wait: patience=" + patience);
    }
    if (nodes.isEmpty()) {
      throw new IllegalArgumentException("no nodes: wanted at least one");
    }
    nodes.forEach(QuireTables::check);
  }

  private static void check(URI node) {
    boolean scheme = "grpc+tls".equals(node.getScheme()) || "grpc+tcp".equals(node.getScheme());
    if (!scheme || node.getHost() == null || node.getPort() < 1) {
      throw new IllegalArgumentException(
          "not where a node serves Flight: found=%s wanted=grpc+tls://host:port or grpc+tcp://host:port"
              .formatted(node));
    }
  }

  /**
   * Of the cluster that has these nodes, without a token, with a patience of two minutes.
   *
   * @throws IllegalArgumentException if one is no address
   */
  public static QuireTables at(String... nodes) {
    return new QuireTables(Stream.of(nodes).map(URI::create).toList(), "", "", "", PATIENCE);
  }

  /** The same, showing a token. */
  public QuireTables withToken(String shown) {
    return new QuireTables(nodes, shown, trusted, namespace, patience);
  }

  /** The same, believing only who has a certificate of these. */
  public QuireTables withTrusted(String pem) {
    return new QuireTables(nodes, token, pem, namespace, patience);
  }

  /** The same, of another namespace. */
  public QuireTables in(String name) {
    return new QuireTables(nodes, token, trusted, name, patience);
  }

  /** The same, with another patience. */
  public QuireTables withPatience(Duration time) {
    return new QuireTables(nodes, token, trusted, namespace, time);
  }

  /**
   * The rows of a table, as it is when the job begins.
   *
   * @param columns that are read, in this order; none for all
   * @see #source(String, List, FunctionEx)
   */
  public BatchSource<Row> source(String table, String... columns) {
    return source(table, List.of(columns), row -> row);
  }

  /**
   * What a function makes of the rows of a table, as it is when the job begins: rows that are
   * appended meanwhile are not among them.
   *
   * <p>What each node loaded is read by one processor, if possible on the same machine, and in the
   * order in which the node has it. Every row comes exactly once, or the job fails: if a node dies,
   * or a processor was held up for so long that it was cut off, reading goes on where it was, at
   * this or another node.
   *
   * <p>No state is kept in snapshots: a job that is restarted reads the table anew, whatever its
   * processing guarantee, as it then is.
   *
   * @param columns that are read, in this order; none for all. What is not read is not sent
   * @param projection makes an item of a row; rows for which it is null are left out. Called by
   *     several threads at once, for different rows
   */
  public <T> BatchSource<T> source(
      String table, List<String> columns, FunctionEx<? super Row, ? extends T> projection) {
    return Sources.batchFromProcessor(
        "quire:" + table, new TableSource<T>(this, table, columns, projection));
  }

  /**
   * Makes a new table of what it is given, durable and visible on all nodes at once. It is an error
   * if there is something of that name. Otherwise as {@link #append}.
   *
   * @param columns of the table, of types that {@link Row} has
   * @throws IllegalArgumentException if a column is of another type
   */
  public <T> Sink<T> create(
      String table, Schema columns, FunctionEx<? super T, @Nullable Object[]> values) {
    return create(table, columns, 1, values);
  }

  /**
   * As above, with copies.
   *
   * @param replicas by how many nodes each row is held, before the table is visible: 1 to 3. If
   *     there are fewer nodes the job fails
   */
  public <T> Sink<T> create(
      String table,
      Schema columns,
      int replicas,
      FunctionEx<? super T, @Nullable Object[]> values) {
    return TableSink.<T>create(this, table, columns, replicas, values).sink();
  }

  /**
   * Puts what it is given behind the rows of a table, when there is no more: all of it, on all
   * nodes at once. A job that fails or is cancelled before leaves nothing. What the job does
   * besides, in other sinks, has no part in that.
   *
   * <p>A job that is restarted, since a member died or came, or the node died, does not do it
   * twice, as long as the table is there: whichever of its executions is the first does it. So its
   * rows have to come again from the beginning, and a processing guarantee, by which only some
   * would, is refused. How often a job is restarted is not limited; without auto-scaling it fails
   * instead.
   *
   * <p>One processor in the whole Jet cluster sends all rows to one node, which spreads them over
   * all. They are in no order. If that node dies the job begins anew, if another one answers; if it
   * does not take anything for as long as the patience, the job fails. A job that fails says
   * whether the table was not written, or may have been.
   *
   * @param values gives the values of an item, as many as the table has columns, in their order, of
   *     the types that {@link Row} has; any whole number will do for a number that it fits. One
   *     that a column cannot have exactly fails the job
   */
  public <T> Sink<T> append(String table, FunctionEx<? super T, @Nullable Object[]> values) {
    return TableSink.<T>append(this, table, values).sink();
  }

  /** Without the token. */
  @Override
  public String toString() {
    return "QuireTables[nodes=%s namespace=%s]".formatted(nodes, namespace);
  }
}
