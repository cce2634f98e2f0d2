package io.quire.lockserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Address;
import io.quire.base.Log;
import io.quire.base.Member;
import io.quire.base.NodeId;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.lockserver.SessionEntry.Expire;
import io.quire.lockserver.SessionEntry.Join;
import io.quire.lockserver.SessionEntry.Leave;
import io.quire.sim.Stage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The files and the view, as the log makes them. */
@Timeout(30)
class SessionsTest {
  private final Sessions sessions = new Sessions(new Stage().enter("x").log());
  private final List<View> changed = new ArrayList<>();
  private long position;

  SessionsTest() {
    sessions.listen(changed::add);
  }

  private static Member member(String node, long incarnation) {
    return new Member(new NodeId(node), incarnation, new Address("h", 7000));
  }

  /** Applies it and answers the incarnation that then holds the session. */
  private long apply(SessionEntry entry) {
    position += 0x10000;
    return Sessions.holder(sessions.apply(position, entry.entry(Log.Fence.NONE).payload()));
  }

  private List<String> paths() {
    return sessions.files().stream().map(LockFile::path).toList();
  }

  @Test
  void join_makesAFileAndMovesTheEpochByOne() {
    assertThat(sessions.view()).isEqualTo(View.EMPTY);
    assertThat(apply(new Join(member("b", 2), 0, 0))).isEqualTo(2);
    assertThat(apply(new Join(member("a", 1), 0, 0))).isEqualTo(1);
    assertThat(paths()).containsExactly("/servers/a", "/servers/b");
    assertThat(sessions.view().members()).extracting(Member::incarnation).containsExactly(1L, 2L);
    assertThat(changed).extracting(View::epoch).containsExactly(1L, 2L);
    assertThat(changed).extracting(View::position).containsExactly(0x10000L, 0x20000L);
    assertThat(sessions.files()).contains(new LockFile("/servers/b", member("b", 2), 0, 0x10000));
  }

  @Test
  void join_nodeHasASession_isRefusedWithItsHolder() {
    apply(new Join(member("a", 1), 7, 0));
    assertThat(apply(new Join(member("a", 2), 7, 0))).as("names no predecessor").isEqualTo(1);
    assertThat(apply(new Join(member("a", 2), 8, 1))).as("another storage").isEqualTo(1);
    assertThat(apply(new Join(member("a", 2), 7, 9))).as("not its predecessor").isEqualTo(1);
    assertThat(apply(new Join(member("a", 1), 7, 0))).as("once more").isEqualTo(1);
    assertThat(changed).hasSize(1);
  }

  @Test
  void join_withoutStorage_provesNothing() {
    apply(new Join(member("a", 1), 0, 0));
    assertThat(apply(new Join(member("a", 2), 0, 1))).isEqualTo(1);
  }

  @Test
  void join_predecessorOfTheSameStorage_isReplacedInOneStep() {
    apply(new Join(member("a", 1), 7, 0));
    assertThat(apply(new Join(member("a", 2), 7, 1))).isEqualTo(2);
    assertThat(sessions.view().epoch()).as("also if the nodes are the same").isEqualTo(2);
    assertThat(sessions.view().has(1)).isFalse();
    assertThat(sessions.view().has(2)).isTrue();
  }

  @Test
  void end_ofAnotherSessionOfTheSameIncarnation_changesNothing() {
    apply(new Join(member("a", 1), 0, 0));
    apply(new Expire(1, 0x10000));
    assertThat(sessions.view().members()).isEmpty();
    apply(new Join(member("a", 1), 0, 0));
    assertThat(sessions.view().epoch()).isEqualTo(3);
    apply(new Expire(1, 0x10000));
    apply(new Leave(1, 0x10000));
    apply(new Expire(2, 0x30000));
    assertThat(sessions.view().epoch()).isEqualTo(3);
    assertThat(paths()).containsExactly("/servers/a");
    apply(new Leave(1, 0x30000));
    assertThat(paths()).isEmpty();
    assertThat(sessions.view().epoch()).isEqualTo(4);
  }

  @Test
  void saved_hasItsLayoutAndComesBack() {
    apply(new Join(member("a", 1), 7, 0));
    apply(new Join(member("b", 2), 0, 0));
    apply(new Leave(2, 0x20000));
    WireWriter out = new WireWriter();
    sessions.save(out);
    assertThat(HexFormat.of().formatHex(out.toBytes()))
        .isEqualTo(
            ("0300000000000000 0000030000000000 01000000"
                    + " 01000000 61 0100000000000000 01000000 68 581b"
                    + " 0700000000000000 0000010000000000")
                .replace(" ", ""));
    Sessions other = new Sessions(new Stage().enter("y").log());
    List<View> restored = new ArrayList<>();
    other.listen(
        new Sessions.ViewListener() {
          @Override
          public void changed(View view) {
            throw new AssertionError("a restored view did not change step by step");
          }

          @Override
          public void restored(View view) {
            restored.add(view);
          }
        });
    other.restore(position, new WireReader(out.toBytes()));
    assertThat(other.view()).isEqualTo(sessions.view());
    assertThat(other.files()).isEqualTo(sessions.files());
    assertThat(restored).containsExactly(sessions.view());
  }

  @Test
  void view_findsByNodeAndIncarnation() {
    View view = new View(1, List.of(member("a", 1), member("b", 2)), 9);
    assertThat(view.member(new NodeId("b"))).isEqualTo(member("b", 2));
    assertThat(view.member(new NodeId("c"))).isNull();
    assertThat(view.member(2)).isEqualTo(member("b", 2));
    assertThat(view.has(3)).isFalse();
  }

  @Test
  void fence_holdsInOneEpochOnly() {
    Stage stage = new Stage();
    Keeper a = new Keeper(stage, "a", 0);
    stage.lead(a.actor);
    stage.play(Duration.ofMillis(300));
    assertThat(a.sessions.view().epoch()).isEqualTo(1);
    a.propose(new Join(member("b", 92), 0, 0), Log.Fence.epoch(2));
    a.propose(new Join(member("c", 93), 0, 0), Log.Fence.epoch(1));
    a.propose(new Join(member("d", 94), 0, 0), Log.Fence.epoch(1));
    stage.settle();
    assertThat(a.servers()).containsExactly("/servers/a", "/servers/c");
  }
}
