package io.quire.ns;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.gvm.Transaction;
import io.quire.gvm.Transaction.Condition;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ObjectChangesTest {
  private static NsObject object(long xid, Lifetime lifetime) {
    return new NsObject(
        xid, new NsHandle(5), "/x" + xid, "k", lifetime, 3, 0, false, 10 + xid, new byte[1]);
  }

  /** So the versions of an object are a chain: each says which one it stands on. */
  @ParameterizedTest
  @EnumSource(Lifetime.class)
  void everyWriteOfAnObject_saysWhichVersionItStandsOn(Lifetime lifetime) {
    NsObject one = object(1, lifetime);
    NsObject two = object(2, lifetime);
    for (Transaction change :
        List.of(
            ObjectChanges.creation(one),
            ObjectChanges.update(one, one.withValue(new byte[2])),
            ObjectChanges.renaming(one, one.withName("/y")),
            ObjectChanges.deletion(List.of(one, two)),
            ObjectChanges.end(1, 11))) {
      List<String> written =
          change.writes().stream()
              .map(Transaction.Write::key)
              .filter(ObjectCodec::isXidKey)
              .toList();
      assertThat(written).isNotEmpty();
      for (String key : written) {
        assertThat(change.conditions())
            .as(key)
            .anyMatch(
                condition ->
                    condition.equals(new Condition.Absent(key))
                        || condition.equals(
                            new Condition.Version(key, 10 + ObjectCodec.xidOf(key))));
      }
    }
  }

  /** What was refused is told by the number of the condition. */
  @Test
  void conditions_haveTheirPlaces() {
    NsObject one = object(1, Lifetime.SESSION);
    assertThat(ObjectChanges.creation(one).conditions())
        .containsExactly(
            new Condition.Absent("n/5/x1"), new Condition.Absent("x/1"), new Condition.InView(3));
    assertThat(ObjectChanges.renaming(one, one.withName("y")).conditions())
        .containsExactly(new Condition.Version("x/1", 11), new Condition.Absent("n/5:y"));
    assertThat(ObjectChanges.deletion(List.of(object(2, Lifetime.DURABLE), one)).conditions())
        .containsExactly(new Condition.Version("x/2", 12), new Condition.Version("x/1", 11));
  }
}
