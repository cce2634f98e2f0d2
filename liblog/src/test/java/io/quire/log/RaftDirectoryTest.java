package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class RaftDirectoryTest {
  @TempDir Path directory;

  /** Ratis interrupts the threads that ask for votes, when an election is decided. */
  @Test
  void settle_onAThreadThatIsInterrupted_isDoneAndStaysInterrupted() throws Exception {
    Path raft = Files.createDirectory(directory.resolve("current"));
    Files.writeString(raft.resolve(VoteCopy.META), "term=7\nvotedFor=n1\n");
    Path copy = directory.resolve(VoteCopy.FILE);
    RaftDirectory settling = new RaftDirectory(raft, copy);

    Thread.currentThread().interrupt();
    settling.settle();

    assertThat(Thread.interrupted()).isTrue();
    assertThat(VoteCopy.decode(copy, Files.readAllBytes(copy)).term()).isEqualTo(7);
  }
}
