package io.quire.log;

import io.quire.base.Log.Applied;
import io.quire.base.Log.Fence;
import io.quire.log.TestCluster.Node;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A disk that fails a sync, once, and says nothing the next time, as Linux does. Runs in a process
 * of its own, whose file system is {@link FaultyFiles}; ends with 0 if all is well. Arguments: a
 * directory, and the begin of the name of what cannot be synced.
 */
final class SyncFailure {
  private SyncFailure() {}

  public static void main(String[] arguments) throws Exception {
    Path root = Path.of(arguments[0]);
    String failing = arguments[1];
    DiskTrace trace = new DiskTrace(root);
    FaultyFiles.installed().traceTo(trace);
    try (TestCluster cluster = new TestCluster(root, "n1")) {
      Node node = cluster.start("n1").getFirst();
      cluster.leader();
      node.put("one");
      int[] failures = {0};
      trace.failSyncs(
          (path, file) -> {
            boolean fails = failures[0] == 0 && path.getFileName().toString().startsWith(failing);
            failures[0] += fails ? 1 : 0;
            return fails;
          });
      // The directory is not synced before something changes in it, and the watermark is late.
      java.nio.file.Files.createFile(raft(root).resolve("log_new"));
      boolean acknowledged = true;
      for (int i = 0; i < 1000 && acknowledged; i++) {
        CompletableFuture<Applied> done = new CompletableFuture<>();
        String text = "two" + i;
        node.loop.execute(
            () ->
                node.log
                    .append(List.of(TestCluster.entry(text, Fence.NONE)))
                    .getFirst()
                    .whenComplete((applied, failure) -> complete(done, applied, failure)));
        TestCluster.until("an answer, or an end", () -> done.isDone() || !node.fatal.isEmpty());
        acknowledged = done.isDone() && !done.isCompletedExceptionally();
      }
      expect(!acknowledged, "everything was acknowledged");
      expect(failures[0] == 1, "nothing failed");
      TestCluster.until("the node stops", () -> !node.fatal.isEmpty());
      List<String> texts = node.texts();
      expect(texts.contains("one"), "lost");
    }
    trace.failSyncs((path, file) -> false);
    java.nio.file.Files.delete(raft(root).resolve("log_new"));
    try (TestCluster cluster = new TestCluster(root, "n1")) {
      Node node = cluster.start("n1").getFirst();
      node.put("three");
      expect(node.texts().getFirst().equals("one"), "lost");
      expect(node.texts().getLast().equals("three"), "not appended");
    }
    System.exit(0);
  }

  private static void complete(
      CompletableFuture<Applied> done, @Nullable Applied applied, @Nullable Throwable failure) {
    if (applied != null) {
      done.complete(applied);
    } else {
      done.completeExceptionally(failure == null ? new IllegalStateException() : failure);
    }
  }

  private static Path raft(Path root) throws Exception {
    try (var groups = java.nio.file.Files.list(root.resolve("n1").resolve("raft"))) {
      return groups.findFirst().orElseThrow().resolve("current");
    }
  }

  private static void expect(boolean holds, String otherwise) {
    if (!holds) {
      throw new AssertionError(otherwise);
    }
  }
}
