package io.quire.bench;

import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteOptions;

/**
 * RocksDB with synced puts: as many threads as calls are outstanding, which its group commit joins.
 */
final class RocksDbPeer implements Subject {
  private final Options options;
  private final WriteOptions synced;
  private final RocksDB db;
  private final AtomicLong keys = new AtomicLong();

  private RocksDbPeer(Options options, WriteOptions synced, RocksDB db) {
    this.options = options;
    this.synced = synced;
    this.db = db;
  }

  static RocksDbPeer open(Worker.Setup setup) throws RocksDBException {
    RocksDB.loadLibrary();
    Options options = new Options().setCreateIfMissing(true).setEnablePipelinedWrite(true);
    return new RocksDbPeer(
        options,
        new WriteOptions().setSync(true),
        RocksDB.open(options, setup.directory().resolve("db").toString()));
  }

  @Override
  public boolean leads() {
    return true;
  }

  @Override
  public Map<String, Double> run(Job job) throws Exception {
    byte[] value = new byte[job.bytes()];
    double rate =
        ClosedLoop.rate(
                job,
                Thread.ofPlatform().daemon().factory(),
                _ -> db.put(synced, key(keys.incrementAndGet()), value))
            .getOrDefault(job.row(), Double.NaN);
    return Map.of(job.row(), rate);
  }

  private static byte[] key(long number) {
    byte[] key = new byte[8];
    for (int i = 0; i < 8; i++) {
      key[i] = (byte) (number >>> 8 * (7 - i));
    }
    return key;
  }

  @Override
  public void close() {
    db.close();
    synced.close();
    options.close();
  }
}
