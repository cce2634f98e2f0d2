package io.quire.log;

import io.quire.base.Checksum;
import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A copy, with a checksum, of the two small files of Ratis that have none: its term and vote, and
 * the members of the group. It is on disk before a vote leaves this node, or an entry of a new term
 * is acknowledged; so what Ratis wrote and the copy does not have, nobody was told, and the copy is
 * right where they differ. Layout, little-endian:
 *
 * <pre>
 *  0  magic     int32, "QVOT"
 *  4  version   uint16
 *  6  term      int64
 *    voted for  string, empty if for nobody
 *    members    bytes, as Ratis wrote them, empty if it did not yet
 *    checksum   int32, CRC32C of all before
 * </pre>
 */
record VoteCopy(long term, String votedFor, byte[] members) {
  static final String FILE = "vote";
  static final String META = "raft-meta";
  static final String MEMBERS = "raft-meta.conf";
  static final int VERSION = 1;

  private static final int MAGIC = 0x544f5651;
  private static final byte[] NONE = {};
  private static final Pattern VOTE =
      Pattern.compile("(?:#[^\\n]*\\n)*term=(\\d{1,18})\\nvotedFor=([A-Za-z0-9._\\\\-]*)\\n?");
  private static final Pattern VOTE_FIRST =
      Pattern.compile("(?:#[^\\n]*\\n)*votedFor=([A-Za-z0-9._\\\\-]*)\\nterm=(\\d{1,18})\\n?");

  /** What Ratis' files in the directory say, or null if they do not say a term and a vote. */
  static @Nullable VoteCopy ofRatis(Path directory) throws IOException {
    Path meta = directory.resolve(META);
    if (!Files.exists(meta)) {
      return null;
    }
    String text = Files.readString(meta, StandardCharsets.ISO_8859_1);
    Matcher vote = VOTE.matcher(text);
    if (vote.matches()) {
      return new VoteCopy(Long.parseLong(vote.group(1)), vote.group(2), membersOf(directory));
    }
    Matcher other = VOTE_FIRST.matcher(text);
    return other.matches()
        ? new VoteCopy(Long.parseLong(other.group(2)), other.group(1), membersOf(directory))
        : null;
  }

  static byte[] membersOf(Path directory) throws IOException {
    Path members = directory.resolve(MEMBERS);
    return Files.exists(members) ? Files.readAllBytes(members) : NONE;
  }

  /** Term and vote as Ratis reads them. */
  byte[] meta() {
    return ("term=" + term + "\nvotedFor=" + votedFor + "\n").getBytes(StandardCharsets.ISO_8859_1);
  }

  VoteCopy in(long newTerm) {
    return new VoteCopy(newTerm, "", members);
  }

  boolean sameVote(VoteCopy other) {
    return term == other.term && votedFor.equals(other.votedFor);
  }

  boolean same(VoteCopy other) {
    return sameVote(other) && Arrays.equals(members, other.members);
  }

  byte[] encode() {
    WireWriter out =
        new WireWriter(256 + members.length)
            .int32(MAGIC)
            .uint16(VERSION)
            .int64(term)
            .string(votedFor)
            .bytes(members);
    return out.int32(Checksum.of(out.toBytes())).toBytes();
  }

  /**
   * Reads a whole file.
   *
   * @throws MalformedException if a single bit of it is different
   */
  static VoteCopy decode(Path file, byte[] bytes) {
    WireReader in = CheckedFile.body(file, bytes, MAGIC, VERSION);
    VoteCopy copy = new VoteCopy(in.int64(), in.string(), in.bytes());
    in.end();
    return copy;
  }
}
