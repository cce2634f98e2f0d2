package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Log;
import io.quire.base.LogBook;
import io.quire.base.NodeId;
import io.quire.log.Segments.Entry;
import io.quire.log.Segments.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;

/**
 * A node's directory after a crash, taken up by the very code that a start runs before Ratis, and
 * then read by the very code that applies entries.
 */
record CrashedNode(List<String> texts, long lastTerm, long lastIndex, long votedTerm) {
  private static final UUID OTHER_BOOT = new UUID(0, 0);

  /** Makes the watermark one of an earlier run of the machine. */
  static void powerCut(Path directory) throws IOException {
    Path file = directory.resolve(Watermark.FILE);
    if (!Files.exists(file)) {
      return;
    }
    byte[] bytes = Files.readAllBytes(file);
    for (int offset : new int[] {0, Watermark.SLOT_BYTES}) {
      Watermark.Slot slot = Watermark.Slot.decode(file, bytes, offset);
      if (slot != null) {
        byte[] other =
            new Watermark.Slot(
                    slot.sequence(), slot.index(), slot.term(), slot.settled(), OTHER_BOOT)
                .encode();
        System.arraycopy(other, 0, bytes, offset, other.length);
      }
    }
    Files.write(file, bytes);
  }

  /** Opens and mends it. Fails if it would not start. */
  static CrashedNode open(Path directory, String name, List<String> voters) throws IOException {
    LogConfig config =
        LogConfig.of(
            "test", new NodeId(name), directory, voters.stream().map(NodeId::new).toList());
    try (Storage storage = Storage.open(config)) {
      if (!storage.identity().grouped()) {
        return new CrashedNode(List.of(), 0, -1, 0);
      }
      storage.finishForming();
      checkArchive(storage);
      Snapshot snapshot = storage.snapshots().take();
      Doctor doctor =
          Doctor.examine(storage.log(), storage.aside(), storage.snapshotIndex(), storage.mark());
      if (!doctor.damages().isEmpty()) {
        throw new AssertionError("taken for damage: " + doctor.damages());
      }
      doctor.mend();
      Damage vote = storage.mendVote(doctor.lastTerm());
      if (vote != null) {
        throw new AssertionError("vote taken for damage: " + vote);
      }
      Journal journal = new Journal(Log.Stream.TRANSACTIONS);
      Applier applier = new Applier();
      applier.register(journal);
      applier.register(new Journal(Log.Stream.SESSIONS));
      applier.register(new LogBook());
      if (snapshot != null) {
        applier.restore(snapshot);
      }
      long term = apply(storage.log(), applier);
      VoteCopy voted = java.util.Objects.requireNonNull(VoteCopy.ofRatis(storage.log()));
      return new CrashedNode(texts(journal), term, doctor.last(), voted.term());
    }
  }

  /* What the manifest names was on disk before it was named. */
  private static void checkArchive(Storage storage) throws IOException {
    Archive archive =
        Archive.openOrRebuild(storage.archive(), storage.identity().group(), storage.aside());
    archive.clean();
    assertThat(archive.check()).isEmpty();
  }

  private static List<String> texts(Journal journal) {
    return journal.lines().stream().map(line -> line.substring(line.indexOf(' ') + 1)).toList();
  }

  private static long apply(Path log, Applier applier) throws IOException {
    long term = 0;
    for (Segment segment : Segments.inOrder(log)) {
      byte[] bytes = Files.readAllBytes(segment.path());
      int at = TornTail.MAGIC.length;
      while (at < TornTail.writtenBytes(bytes)) {
        Entry entry = java.util.Objects.requireNonNull(Segments.entry(bytes, at));
        assertThat(segment.open() || entry.index() <= segment.last()).isTrue();
        term = entry.term();
        if (entry.index() > applier.index()) {
          apply(proto(bytes, entry), applier);
        }
        at = entry.end();
      }
    }
    return term;
  }

  private static LogEntryProto proto(byte[] bytes, Entry entry) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(bytes).position(entry.start());
    TornTail.varint(in);
    return LogEntryProto.parseFrom(
        Arrays.copyOfRange(bytes, in.position(), entry.end() - Segments.CHECKSUM_BYTES));
  }

  private static void apply(LogEntryProto entry, Applier applier) {
    if (entry.hasStateMachineLogEntry()) {
      Frame frame =
          Frame.decode(entry.getStateMachineLogEntry().getLogData().asReadOnlyByteBuffer());
      applier.apply(entry.getTerm(), entry.getIndex(), frame);
    } else {
      applier.advance(entry.getTerm(), entry.getIndex());
    }
  }
}
