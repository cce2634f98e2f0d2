package io.quire.bench;

import io.quire.bench.Question.Better;
import io.quire.bench.Question.Entrant;
import io.quire.bench.Question.Row;
import java.util.List;

/** Namespaces: what a name, a reference, a list and a batch cost, and a million objects. */
final class NamesArea implements Area {
  private static final int BYTES = 128;
  private static final int MILLION = 1_000_000;

  /** Objects of one call, and calls under way at each of three members. */
  private static final int BATCH = 1_000;

  private static final int BATCH_FEWEST = 100;
  private static final int CALLERS = 8;

  private static final QuireCluster WITH_MILLION = new QuireCluster("quire-million", 3);
  private static final String ELSEWHERE = "elsewhere";

  @Override
  public String name() {
    return "names";
  }

  @Override
  public String title() {
    return "namespaces, objects, references, lists of names";
  }

  @Override
  public List<Question> questions() {
    return List.of(
        openAndClose(),
        ProtocolArea.lookup("lookup", "by name", "byName", "mapByName"),
        create(),
        createBatch(),
        million(),
        list());
  }

  private static Question openAndClose() {
    String id = "open-close";
    Job job = Job.of(Job.Kind.LOOKUP, id, 1, BYTES);
    return new Question(
        id,
        "take a reference to one of 10,000 objects by id and give it back; mean time of both",
        List.of(
            new Row(
                id,
                "ns",
                Better.LOWER,
                "at most 150",
                "none: a reference is its node's session's")),
        List.of(
            new Entrant("ours", ProtocolArea.QUIRE, job.withVariant("openAndClose"), false),
            new Entrant(
                "ConcurrentHashMap.get + counter",
                ProtocolArea.QUIRE,
                job.withVariant("mapAndCount"),
                false),
            new Entrant("one clock read", ProtocolArea.QUIRE, job.withVariant("clock"), true)));
  }

  private static Question create() {
    String id = "create";
    Job job = Job.of(Job.Kind.PUBLISH_LATENCY, id, 1, BYTES);
    return new Question(
        id,
        "create objects of 128 bytes one by one, one caller; median time",
        List.of(
            new Row(id, "us", Better.LOWER, "as publish-p50 of protocol", ProtocolArea.VISIBLE)),
        List.of(
            new Entrant("ours", ProtocolArea.QUIRE, job, false),
            new Entrant("zookeeper create", ProtocolArea.ZOOKEEPER, job, false),
            new Entrant("etcd put", ProtocolArea.ETCD, job, false),
            new Entrant("hazelcast TWO_PHASE (memory)", ProtocolArea.HAZELCAST, job, false)));
  }

  private static Question createBatch() {
    String id = "create-batch";
    Job job =
        Job.of(Job.Kind.CREATE_BATCH, id, CALLERS, BYTES)
            .withObjects(BATCH)
            .withFewest(BATCH_FEWEST);
    return new Question(
        id,
        "create objects of 128 bytes, 1,000 in a call, 8 calls at a time on each of three nodes",
        List.of(new Row(id, "1/s", Better.HIGHER, "at least 50,000", ProtocolArea.VISIBLE)),
        List.of(
            new Entrant("ours", ProtocolArea.QUIRE, job, false),
            new Entrant("zookeeper multi", ProtocolArea.ZOOKEEPER, job, false),
            // One client for all members.
            new Entrant("etcd txn", ProtocolArea.ETCD, job.withOutstanding(3 * CALLERS), false),
            new Entrant("hazelcast putAll (memory)", ProtocolArea.HAZELCAST, job, false)));
  }

  private static Question million() {
    String id = "million";
    return new Question(
        id,
        "create 1,000,000 objects of 64 bytes by the batch on three nodes, and start these again",
        List.of(
            new Row(id, "s", Better.LOWER, "at most 20, which is 50,000/s", ProtocolArea.VISIBLE),
            new Row(id + "-restart", "s", Better.LOWER, "none was set", "as million"),
            new Row(
                id + "-bytes",
                "bytes",
                Better.LOWER,
                "at most 400 of the heap for each object",
                "as million")),
        List.of(
            new Entrant(
                "ours",
                WITH_MILLION,
                Job.of(Job.Kind.MILLION, id, 1, 64).withVariant(ELSEWHERE).withObjects(MILLION),
                false)));
  }

  private static Question list() {
    String id = "list-1000";
    Job job = Job.of(Job.Kind.LIST, id, 1, 64);
    return new Question(
        id,
        "list the 1,000 names of a namespace, 1,000,000 objects elsewhere; median time",
        List.of(
            new Row(
                id,
                "us",
                Better.LOWER,
                "as with 1,000 objects elsewhere",
                "none: a read from memory, linearizable")),
        List.of(
            new Entrant("ours", WITH_MILLION, job.withObjects(MILLION), false),
            new Entrant("ours, 1,000 elsewhere", ProtocolArea.QUIRE, job.withObjects(1_000), false),
            new Entrant(
                "TreeMap, its entries copied",
                ProtocolArea.QUIRE,
                job.withVariant("floor").withObjects(1_000),
                false),
            new Entrant("zookeeper sync+getChildren", ProtocolArea.ZOOKEEPER, job, false),
            new Entrant("etcd linearizable range", ProtocolArea.ETCD, job, false)));
  }
}
