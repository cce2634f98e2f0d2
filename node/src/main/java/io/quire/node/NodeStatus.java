package io.quire.node;

import io.quire.ager.AgerStats;
import io.quire.ager.AgerStats.ClientStats;
import io.quire.ager.AgerStats.StoreStats;
import io.quire.base.Position;
import io.quire.log.Damage;
import io.quire.log.Scrub;
import io.quire.ns.NsStats;
import java.nio.file.Path;
import java.util.List;

/** What a node tells of itself over HTTP; JSON by field name. */
record NodeStatus(
    String node,
    String incarnation,
    String cluster,
    boolean ready,
    long epoch,
    List<MemberStatus> members,
    LogPart log,
    NsStats namespaces,
    MemoryPart memory,
    List<StorePart> stores,
    int cells,
    long bytesScanned) {

  record MemberStatus(String node, String incarnation, String address) {}

  record LogPart(
      String peer,
      String role,
      long term,
      String leader,
      String applied,
      List<String> voters,
      List<String> listeners,
      List<DamagePart> damages,
      List<String> badSnapshots) {}

  /**
   * What was found damaged since the start.
   *
   * @param position of the first record that it concerns, "" if none
   */
  record DamagePart(String file, long offset, String position, String reason, boolean healed) {
    static DamagePart of(Scrub.Found found) {
      Damage damage = found.damage();
      return new DamagePart(
          damage.path().toString(),
          damage.offset(),
          damage.first() < 0 ? "" : Position.text(damage.position()),
          damage.reason(),
          found.healed());
    }
  }

  record MemoryPart(
      long budget,
      long accounted,
      long peakAccounted,
      long pinned,
      long peakResident,
      int residentExtents,
      int extents,
      long pageIns,
      long evictions,
      List<ClientStats> clients) {}

  /**
   * @param failing why it is left alone for the moment, "" if it is not
   */
  record StorePart(
      String uri,
      long capacity,
      long used,
      long free,
      long extents,
      long bytesOut,
      long bytesIn,
      long movedIn,
      long movedOut,
      long writeErrors,
      long readErrors,
      long corruptCopies,
      long badBytes,
      boolean full,
      String failing) {
    static StorePart of(StoreStats store) {
      return new StorePart(
          store.uri().toString(),
          store.capacityBytes(),
          store.usedBytes(),
          store.freeBytes(),
          store.extents(),
          store.bytesOut(),
          store.bytesIn(),
          store.movedIn(),
          store.movedOut(),
          store.writeErrors(),
          store.readErrors(),
          store.corruptCopies(),
          store.badBytes(),
          store.full(),
          store.failing().orElse(""));
    }
  }

  static NodeStatus of(Node node) {
    var view = node.sessions().view();
    var log = node.log().status();
    AgerStats ager = node.ager().stats();
    return new NodeStatus(
        node.self().node().name(),
        Long.toHexString(node.self().incarnation()),
        node.config().cluster(),
        node.ready(),
        view.epoch(),
        view.members().stream()
            .map(
                member ->
                    new MemberStatus(
                        member.node().name(),
                        Long.toHexString(member.incarnation()),
                        member.address().toString()))
            .toList(),
        new LogPart(
            log.peerId(),
            log.role(),
            log.term(),
            log.leader() == null ? "" : log.leader().name(),
            Position.text(log.applied()),
            log.voters(),
            log.listeners(),
            node.log().damages().stream().map(DamagePart::of).toList(),
            node.log().badSnapshots().stream().map(Path::toString).toList()),
        node.namespaces().stats(),
        new MemoryPart(
            ager.budgetBytes(),
            ager.accountedBytes(),
            ager.peakAccountedBytes(),
            ager.pinnedBytes(),
            ager.peakRegionRss().orElse(0),
            ager.residentExtents(),
            ager.extents(),
            ager.pageIns(),
            ager.evictions(),
            ager.clients()),
        ager.stores().stream().map(StorePart::of).toList(),
        node.cells().count(),
        node.datasets().stats().bytesScanned());
  }
}
