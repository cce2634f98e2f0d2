package io.quire.log;

import io.quire.base.WireReader.MalformedException;
import io.quire.log.Identity.State;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.server.RaftServerConfigKeys.Log.CorruptionPolicy;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.server.storage.RaftStorage.StartupOption;
import org.apache.ratis.thirdparty.com.google.protobuf.InvalidProtocolBufferException;
import org.apache.ratis.util.SizeInBytes;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The directory of a log, held exclusively:
 *
 * <pre>
 *  lock          held while open
 *  identity      whose it is, and a copy of that: identity-copy
 *  watermark     up to where the log is on disk, see {@link Watermark}
 *  vote          a copy of Ratis' term, vote and members, see {@link VoteCopy}
 *  raft/GROUP/   Ratis' own
 *  snapshots/    of the projections
 *  archive/      older segments of the log
 *  aside/        what was replaced or did not verify, kept for people
 * </pre>
 */
final class Storage implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Storage.class);

  private static final String IDENTITY_COPY = "identity-copy";

  private final Path directory;
  private final FileChannel lock;
  private final Snapshots snapshots;
  private volatile Identity identity;

  private Storage(Path directory, FileChannel lock, Identity identity, Snapshots snapshots) {
    this.directory = directory;
    this.lock = lock;
    this.identity = identity;
    this.snapshots = snapshots;
  }

  /**
   * Takes the directory, having checked whose it is.
   *
   * @throws LogException if it is not this node's or not usable; then nothing was changed
   */
  static Storage open(LogConfig config) {
    Path directory = config.directory();
    try {
      // Also before the lock, for even its file is a change.
      check(config, directory);
      Files.createDirectories(directory);
      FileChannel lock = lock(directory);
      try {
        return open(config, directory, lock);
      } catch (IOException | RuntimeException e) {
        lock.close();
        throw e;
      }
    } catch (IOException e) {
      throw new LogException.DirectoryException("cannot open the log", directory, e);
    }
  }

  private static Storage open(LogConfig config, Path directory, FileChannel lock)
      throws IOException {
    Identity identity = check(config, directory);
    if (identity == null) {
      return blank(config, directory, lock);
    }
    if (!same(identityFile(directory), identity)
        || !same(directory.resolve(IDENTITY_COPY), identity)) {
      write(directory, identity);
    }
    if (identity.state() == State.FORMED && lost(directory, identity)) {
      return afterLoss(directory, lock, identity);
    }
    if (identity.state() == State.NEWCOMER) {
      return newcomer(directory, lock, identity);
    }
    return new Storage(
        directory,
        lock,
        identity,
        Snapshots.open(
            directory.resolve("snapshots"),
            aside(directory),
            newest -> replayable(directory, identity, newest)));
  }

  /* Whether the log of a group reaches back far enough, its doctor says at the start; if not,
  others have it. A node alone must have every entry itself, in its archive or behind that. */
  private static boolean replayable(Path directory, Identity identity, long index)
      throws IOException {
    if (!identity.grouped() || !identity.alone()) {
      return identity.grouped();
    }
    Path log = raft(directory, identity.group()).resolve("current");
    long archived = Archive.wholeThrough(archive(directory), identity.group());
    Doctor doctor = Doctor.examine(log, aside(directory), archived, mark(directory));
    return doctor.damages().isEmpty() && doctor.last() >= index;
  }

  /** Whose the directory is, if it is this node's; null if it is nobody's yet. */
  private static @Nullable Identity check(LogConfig config, Path directory) throws IOException {
    Path file = identityFile(directory);
    if (!Files.exists(file)) {
      refuseStrangers(directory, file);
      return null;
    }
    Identity identity = readIdentity(directory);
    if (!identity.cluster().equals(config.cluster())) {
      throw new LogException.OtherClusterException(directory, identity.cluster(), config.cluster());
    }
    if (!identity.node().equals(config.node())) {
      throw new LogException.OtherNodeException(directory, identity.node(), config.node());
    }
    return identity;
  }

  /** Whose the directory is; from the copy, which is never behind, if the file does not verify. */
  static Identity readIdentity(Path directory) throws IOException {
    Path file = identityFile(directory);
    try {
      return Identity.decode(file, Files.readAllBytes(file));
    } catch (LogException e) {
      Path copy = directory.resolve(IDENTITY_COPY);
      if (!Files.exists(copy)) {
        throw e;
      }
      try {
        Identity identity = Identity.decode(copy, Files.readAllBytes(copy));
        LOG.warn("identity taken from its copy: path={} reason={}", file, e.getMessage());
        return identity;
      } catch (LogException both) {
        e.addSuppressed(both);
        throw e;
      }
    }
  }

  private static void write(Path directory, Identity identity) throws IOException {
    DurableFile.write(directory.resolve(IDENTITY_COPY), identity.encode());
    DurableFile.write(identityFile(directory), identity.encode());
  }

  private static boolean same(Path file, Identity identity) throws IOException {
    return Files.exists(file) && Arrays.equals(Files.readAllBytes(file), identity.encode());
  }

  /* Term and vote can be had from the copy, as long as there is a log to which they belong. */
  private static boolean lost(Path directory, Identity identity) {
    Path meta = metaFile(directory, identity.group());
    return !Files.exists(meta)
        && !(Files.exists(meta.getParent()) && Files.exists(directory.resolve(VoteCopy.FILE)));
  }

  private static Storage blank(LogConfig config, Path directory, FileChannel lock)
      throws IOException {
    Identity identity = Identity.blank(config, drawStorage());
    Storage storage =
        new Storage(
            directory,
            lock,
            identity,
            Snapshots.open(directory.resolve("snapshots"), aside(directory), _ -> false));
    storage.become(identity);
    DurableFile.force(directory.toAbsolutePath().getParent());
    return storage;
  }

  /* The marker says that this storage was part of a group, and its log is gone: had it another
  life under the same id, it would vote again in terms in which it has voted, for candidates that
  lack what it once acknowledged. So it gets another id, and asks to be let in. */
  private static Storage afterLoss(Path directory, FileChannel lock, Identity lost)
      throws IOException {
    if (lost.alone()) {
      throw new LogException.LogLostException(raft(directory, lost.group()));
    }
    Path aside = aside(directory).resolve(lost.peer().toString());
    Files.createDirectories(aside);
    Files.copy(
        identityFile(directory), aside.resolve("identity"), StandardCopyOption.REPLACE_EXISTING);
    Identity successor = lost.successor(drawStorage());
    write(directory, successor);
    LOG.warn(
        "log is missing, returning as a newcomer: path={} was={} is={}",
        directory,
        lost.peer(),
        successor.peer());
    return newcomer(directory, lock, successor);
  }

  /**
   * Takes another id, under which it may join the group anew, and moves away all there is, because
   * it may lack what was acknowledged under the old one. Called before Ratis starts.
   */
  void giveUp() throws IOException {
    Identity successor = identity.successor(drawStorage());
    LOG.warn(
        "log is damaged, returning as a newcomer: path={} was={} is={}",
        directory,
        identity.peer(),
        successor.peer());
    become(successor);
    moveAway(directory, successor);
    snapshots.forget();
  }

  /** A newcomer's log comes from the others: what is left of an earlier one is moved away. */
  private static Storage newcomer(Path directory, FileChannel lock, Identity identity)
      throws IOException {
    Path aside = moveAway(directory, identity);
    return new Storage(
        directory,
        lock,
        identity,
        Snapshots.open(directory.resolve("snapshots"), aside, _ -> false));
  }

  private static Path moveAway(Path directory, Identity identity) throws IOException {
    Path aside = aside(directory).resolve("before-" + identity.peer());
    for (String part : List.of("snapshots", "raft", Watermark.FILE, VoteCopy.FILE)) {
      if (Files.exists(directory.resolve(part))) {
        Files.createDirectories(aside);
        DurableFile.move(directory.resolve(part), aside.resolve(part));
      }
    }
    return aside;
  }

  private static void refuseStrangers(Path directory, Path identityFile) {
    for (String part : List.of("raft", "snapshots")) {
      if (Files.exists(directory.resolve(part))) {
        throw new LogException.StartException(
            "directory has a log and no identity: path=" + directory + " missing=" + identityFile);
      }
    }
  }

  private static FileChannel lock(Path directory) throws IOException {
    FileChannel channel =
        FileChannel.open(
            directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (channel.tryLock() != null) {
        return channel;
      }
    } catch (OverlappingFileLockException e) {
      // Held by another log of this process.
    }
    channel.close();
    throw new LogException.HeldException(directory);
  }

  Identity identity() {
    return identity;
  }

  Snapshots snapshots() {
    return snapshots;
  }

  /** The directory that Ratis takes as its own. */
  Path raft() {
    return directory.resolve("raft");
  }

  Path log() {
    return raft(directory, identity.group()).resolve("current");
  }

  Path directory() {
    return directory;
  }

  Path aside() {
    return aside(directory);
  }

  /** Up to where the log may have been acknowledged. */
  Watermark.Mark mark() throws IOException {
    return mark(directory);
  }

  private static Watermark.Mark mark(Path directory) throws IOException {
    Path file = directory.resolve(Watermark.FILE);
    if (Watermark.damaged(file)) {
      LOG.warn("watermark does not verify: path={}", file);
    }
    return Watermark.read(file, Watermark.boot());
  }

  Path watermark() {
    return directory.resolve(Watermark.FILE);
  }

  /** Ratis' directory of segments, of which this is to be called before word of them leaves. */
  RaftDirectory raftDirectory() {
    return new RaftDirectory(log(), directory.resolve(VoteCopy.FILE));
  }

  /** Where segments are kept when Ratis gives them up. */
  Path archive() {
    return archive(directory);
  }

  private static Path archive(Path directory) {
    return directory.resolve("archive");
  }

  /**
   * Makes Ratis' note of its term and vote, and of the members, what the copy says, for what the
   * copy lacks nobody was told.
   *
   * @param lastTerm of the last entry of the log; the term is at least that
   * @return what is damaged and cannot be had from the copy, or null
   */
  @Nullable Damage mendVote(long lastTerm) throws IOException {
    Path meta = log().resolve(VoteCopy.META);
    VoteCopy found = VoteCopy.ofRatis(log());
    VoteCopy copy = voteCopy();
    VoteCopy truth = copy == null ? found : copy;
    if (truth == null && alone()) {
      // Nobody else votes, so there is no vote that could be given twice.
      truth = new VoteCopy(lastTerm, "", new byte[0]);
    }
    if (truth == null) {
      return new Damage(meta, 0, -1, -1, "term and vote cannot be read");
    }
    if (truth.term() < lastTerm) {
      truth = truth.in(lastTerm);
    }
    if (found == null || !found.sameVote(truth)) {
      LOG.warn("term and vote restored: path={} found={} now={}", meta, found, truth);
      keepAside(meta);
      DurableFile.write(meta, truth.meta());
    }
    mendMembers(truth.members());
    return null;
  }

  /* Ratis writes the members when it has applied them, a moment before they are copied. */
  private void mendMembers(byte[] copied) throws IOException {
    Path file = log().resolve(VoteCopy.MEMBERS);
    byte[] found = Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
    if (copied.length == 0
        || Arrays.equals(found, copied)
        || membersIndex(found) > membersIndex(copied)) {
      return;
    }
    LOG.warn("members restored: path={}", file);
    keepAside(file);
    DurableFile.write(file, copied);
  }

  private static long membersIndex(byte[] bytes) {
    try {
      LogEntryProto entry = LogEntryProto.parseFrom(bytes);
      return entry.hasConfigurationEntry() ? entry.getIndex() : -1;
    } catch (InvalidProtocolBufferException e) {
      return -1;
    }
  }

  private @Nullable VoteCopy voteCopy() throws IOException {
    Path file = directory.resolve(VoteCopy.FILE);
    if (!Files.exists(file)) {
      return null;
    }
    try {
      return VoteCopy.decode(file, Files.readAllBytes(file));
    } catch (MalformedException e) {
      LOG.warn("copy of the vote does not verify: path={} reason={}", file, e.getMessage());
      keepAside(file);
      return null;
    }
  }

  private void keepAside(Path file) throws IOException {
    if (Files.exists(file)) {
      Files.createDirectories(aside());
      Path kept = aside().resolve(file.getFileName() + "-" + System.currentTimeMillis() + ".bad");
      DurableFile.write(kept, Files.readAllBytes(file));
    }
  }

  /** The index of the newest snapshot, of ours or just put into place by Ratis; -1 if none. */
  long snapshotIndex() throws IOException {
    Path own = snapshots.newest();
    long newest = own == null ? -1 : Snapshots.index(own);
    Path staged = raft(directory, identity.group()).resolve("sm");
    if (Files.exists(staged)) {
      try (Stream<Path> files = Files.list(staged)) {
        for (Path file : files.toList()) {
          // A link to one that was set aside is still there.
          if (Snapshots.index(file) > newest && Snapshots.verifies(file)) {
            newest = Snapshots.index(file);
          }
        }
      }
    }
    return newest;
  }

  /** Whether nobody else votes, or ever did since this storage is part of the group. */
  boolean alone() {
    if (!identity.alone()) {
      return false;
    }
    try {
      VoteCopy copy = voteCopy();
      byte[] members = copy == null ? VoteCopy.membersOf(log()) : copy.members();
      return members.length == 0
          || LogEntryProto.parseFrom(members).getConfigurationEntry().getPeersCount() == 1;
    } catch (IOException e) {
      return false;
    }
  }

  /** Changes who this storage is; on disk when it returns. */
  void become(Identity next) throws IOException {
    write(directory, next);
    identity = next;
  }

  /**
   * Makes this storage part of a group: from here on it must have a Raft directory. A crash in
   * between leaves it FORMING, on which Ratis has not run, and which is begun anew.
   */
  void form(UUID group, List<GroupMember> members) throws IOException {
    become(identity.in(State.FORMING, group, members));
    finishForming();
  }

  /** Does what is left to do after {@link #form} was interrupted. */
  void finishForming() throws IOException {
    if (identity.state() != State.FORMING) {
      return;
    }
    Path root = raft(directory, identity.group());
    deleteAll(root);
    Files.deleteIfExists(directory.resolve(Watermark.FILE));
    Files.deleteIfExists(directory.resolve(VoteCopy.FILE));
    Files.createDirectories(root);
    try (RaftStorage formatted =
        RaftStorage.newBuilder()
            .setDirectory(root.toFile())
            .setOption(StartupOption.FORMAT)
            .setLogCorruptionPolicy(CorruptionPolicy.EXCEPTION)
            .setStorageFreeSpaceMin(SizeInBytes.valueOf(0))
            .build()) {
      formatted.initialize();
    }
    for (Path path : List.of(log(), root, raft(), directory)) {
      DurableFile.force(path);
    }
    become(identity.formed());
  }

  @Override
  public void close() {
    try {
      lock.close();
    } catch (IOException e) {
      LOG.warn("cannot release the directory: path={} cause={}", directory, e.toString());
    }
  }

  private static void deleteAll(Path root) throws IOException {
    if (!Files.exists(root)) {
      return;
    }
    try (Stream<Path> paths = Files.walk(root)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static Path identityFile(Path directory) {
    return directory.resolve("identity");
  }

  private static Path raft(Path directory, UUID group) {
    return directory.resolve("raft").resolve(group.toString());
  }

  private static Path metaFile(Path directory, UUID group) {
    return raft(directory, group).resolve("current").resolve("raft-meta");
  }

  private static Path aside(Path directory) {
    return directory.resolve("aside");
  }

  private static long drawStorage() {
    return new SecureRandom().nextLong();
  }
}
