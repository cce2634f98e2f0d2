package io.quire.datasets;

import io.quire.base.Member;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the members take over the parts that an attempt before had finished: what lies in shared
 * stores the node that loaded it, if it is in the view, or any other; what lies on the flash of a
 * node only that one. What nobody takes over is loaded again. Confined to the coordinator.
 */
final class KeptParts {
  private static final Logger LOG = LoggerFactory.getLogger(KeptParts.class);

  /** So that a request stays below some hundred kilobytes. */
  private static final int EXTENTS_IN_A_CALL = 2_000;

  private final Members members;
  private final DatasetsConfig config;
  private final Publication publication;
  private final Map<Integer, Kept> kept = new TreeMap<>();

  /** A part, and who holds it. */
  record Kept(Member member, List<ExtentInfo> extents) {}

  /** Some parts that one member is asked to take over. */
  private record Asked(Member member, Map<Integer, List<ExtentInfo>> parts) {}

  KeptParts(Members members, DatasetsConfig config, Publication publication) {
    this.members = members;
    this.config = config;
    this.publication = publication;
  }

  /** Waits for all. */
  Map<Integer, Kept> find(Map<Integer, List<ExtentInfo>> finished) {
    Map<Asked, CompletableFuture<byte[]>> asked = new LinkedHashMap<>();
    assign(finished)
        .forEach(
            (member, parts) -> {
              for (Map<Integer, List<ExtentInfo>> some : cut(parts)) {
                asked.put(new Asked(member, some), ask(member, some));
              }
            });
    asked.forEach(this::take);
    return kept;
  }

  private Map<Member, Map<Integer, List<ExtentInfo>>> assign(
      Map<Integer, List<ExtentInfo>> finished) {
    Map<Member, Map<Integer, List<ExtentInfo>>> assigned = new LinkedHashMap<>();
    finished.forEach(
        (part, extents) -> {
          Member member = keeper(part, extents);
          if (member != null && extents.isEmpty()) {
            kept.put(part, new Kept(member, extents));
          } else if (member != null) {
            assigned.computeIfAbsent(member, _ -> new TreeMap<>()).put(part, extents);
          }
        });
    return assigned;
  }

  private @Nullable Member keeper(int part, List<ExtentInfo> extents) {
    if (extents.isEmpty()) {
      return members.self();
    }
    Member owner = members.view().member(extents.getFirst().owner());
    if (owner != null || !extents.stream().allMatch(ExtentInfo::readableElsewhere)) {
      return owner;
    }
    return Placement.substitute(part, members.view().members(), Placement.Past.NONE);
  }

  private static List<Map<Integer, List<ExtentInfo>>> cut(Map<Integer, List<ExtentInfo>> parts) {
    List<Map<Integer, List<ExtentInfo>>> pieces = new ArrayList<>();
    int room = 0;
    for (Map.Entry<Integer, List<ExtentInfo>> part : parts.entrySet()) {
      if (room <= 0) {
        pieces.add(new TreeMap<>());
        room = EXTENTS_IN_A_CALL;
      }
      pieces.getLast().put(part.getKey(), part.getValue());
      room -= part.getValue().size();
    }
    return pieces;
  }

  private CompletableFuture<byte[]> ask(Member member, Map<Integer, List<ExtentInfo>> parts) {
    List<ExtentInfo> extents = parts.values().stream().flatMap(List::stream).toList();
    Call.Keep call =
        new Call.Keep(
            publication.xid(),
            publication.dataset(),
            members.self().incarnation(),
            DescriptorCodec.write(Descriptor.of(new byte[0], extents)));
    return members.call(member, call, config.partDeadline());
  }

  private void take(Asked asked, CompletableFuture<byte[]> answer) {
    Await.end(answer);
    if (answer.state() != CompletableFuture.State.SUCCESS) {
      LOG.info(
          "finished parts not kept: load={} member={} parts={}",
          Long.toHexString(publication.xid()),
          asked.member,
          asked.parts.size(),
          answer.exceptionNow());
      return;
    }
    Map<Integer, List<ExtentInfo>> held = new HashMap<>();
    for (ExtentInfo info : DescriptorCodec.read(answer.resultNow()).extents()) {
      held.computeIfAbsent(info.part(), _ -> new ArrayList<>()).add(info);
    }
    asked.parts.forEach(
        (part, wanted) -> {
          List<ExtentInfo> found = held.getOrDefault(part, List.of());
          if (crcs(found).equals(crcs(wanted))) {
            kept.put(part, new Kept(asked.member, found));
          }
        });
  }

  private static Map<ExtentKey, Integer> crcs(List<ExtentInfo> infos) {
    Map<ExtentKey, Integer> crcs = new TreeMap<>();
    infos.forEach(info -> crcs.put(info.key(), info.crc()));
    return crcs;
  }
}
