package io.quire.datasets;

import io.quire.base.WireWriter;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Map;

/** What is asked of a load, as it is known again when it is asked for once more. */
final class LoadRequest {
  /** Moves when the same request makes something else. */
  private static final int VERSION = 1;

  private static final int CREATES = 1;
  private static final int APPENDS = 2;

  private LoadRequest() {}

  /** What stands in the log at its beginning; the object of a new one is not known yet. */
  static LoadNote note(Publication.Target target, byte[] request, int parts) {
    long object = target instanceof Publication.NewVersion(NsObject seen, _) ? seen.xid() : 0;
    return new LoadNote(object, target.namespace().id(), target.name(), request, parts, Map.of());
  }

  /**
   * Of all that decides what is made: where it goes, the function and what it is told. Not of by
   * how many it is held: parts are finished before their spares are there.
   */
  static byte[] digest(Publication.Target target, LoadRun.Job job) {
    WireWriter out = new WireWriter(256 + job.arguments().length).int8(VERSION);
    switch (target) {
      case Publication.NewObject(NsHandle namespace, String name, var lifetime, _) ->
          out.int8(CREATES).int64(namespace.id()).string(name).string(lifetime.name());
      case Publication.NewVersion(NsObject seen, _) -> out.int8(APPENDS).int64(seen.xid());
    }
    out.string(job.function()).bytes(job.arguments()).int32(job.parts()).bytes(job.schema());
    try {
      return MessageDigest.getInstance("SHA-256").digest(out.toBytes());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every runtime has it", e);
    }
  }
}
