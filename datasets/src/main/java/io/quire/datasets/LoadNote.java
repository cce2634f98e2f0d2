package io.quire.datasets;

import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import io.quire.ns.NsObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What stands in the reservation of a load that makes durable extents: what is loaded, and the
 * parts that are finished, as far as they were noted. Whoever starts the same load again finds them
 * there.
 *
 * <pre>
 *   version     1 byte: 1
 *   object      8 bytes, that the load makes or appends to
 *   namespace   8 bytes
 *   name        string
 *   request     bytes: a digest of all that is asked for, or none if it cannot be asked for again
 *   parts       of the load
 *   finished    count; each: difference of its number to that of the one before
 *   extents     bytes: a descriptor of those of the finished parts, without schema
 * </pre>
 *
 * Numbers without a size are {@link Varint}s.
 *
 * @param request not to be changed
 * @param finished by the number of the part
 */
record LoadNote(
    long object,
    long namespace,
    String name,
    byte[] request,
    int parts,
    Map<Integer, List<ExtentInfo>> finished) {
  private static final int VERSION = 1;

  /** Whether it can be asked for again. */
  boolean repeatable() {
    return request.length > 0;
  }

  LoadNote with(Map<Integer, List<ExtentInfo>> nowFinished) {
    return new LoadNote(object, namespace, name, request, parts, nowFinished);
  }

  /** Encodes; empty if it is more than fits. */
  Optional<byte[]> toBytes() {
    WireWriter out = new WireWriter(256).int8(VERSION).int64(object).int64(namespace).string(name);
    out.bytes(request);
    Varint.write(out, parts);
    Varint.write(out, finished.size());
    int before = 0;
    List<ExtentInfo> extents = new ArrayList<>();
    for (Map.Entry<Integer, List<ExtentInfo>> each : new TreeMap<>(finished).entrySet()) {
      Varint.write(out, each.getKey() - before);
      before = each.getKey();
      extents.addAll(each.getValue());
    }
    out.bytes(DescriptorCodec.write(Descriptor.of(new byte[0], extents)));
    byte[] bytes = out.toBytes();
    return bytes.length > NsObject.VALUE_BYTES_MAX ? Optional.empty() : Optional.of(bytes);
  }

  /** Decodes; empty if it is not such a note, or one of a later build. */
  static Optional<LoadNote> read(byte[] bytes) {
    try {
      WireReader in = new WireReader(bytes);
      if (in.int8() != VERSION) {
        return Optional.empty();
      }
      long object = in.int64();
      long namespace = in.int64();
      String name = in.string();
      byte[] request = in.bytes();
      int parts = Varint.readInt(in);
      TreeMap<Integer, List<ExtentInfo>> finished = new TreeMap<>();
      int part = 0;
      for (int left = Varint.readInt(in, in.remaining()); left > 0; left--) {
        part += Varint.readInt(in, parts - part);
        if (part >= parts) {
          throw new MalformedException("not a part: found=%d parts=%d".formatted(part, parts));
        }
        finished.put(part, new ArrayList<>());
      }
      for (ExtentInfo info : DescriptorCodec.read(in.bytes()).extents()) {
        List<ExtentInfo> of = finished.get(info.part());
        if (of == null) {
          throw new MalformedException("not a finished part: " + info.place());
        }
        of.add(info);
      }
      in.end();
      return Optional.of(new LoadNote(object, namespace, name, request, parts, finished));
    } catch (MalformedException e) {
      return Optional.empty();
    }
  }
}
