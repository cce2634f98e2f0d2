package io.quire.ns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.gvm.Key;
import io.quire.gvm.Transaction;
import io.quire.gvm.Transaction.Condition;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the transactions on objects require and write. */
class ObjectChangesTest {
  private static final NsHandle FIVE = new NsHandle(5);

  private static NsObject object(long xid, Lifetime lifetime) {
    return new NsObject(
        xid, FIVE, "/x" + xid, "k", lifetime, 3, 0, false, false, 10 + xid, new byte[1]);
  }

  private static ObjectChanges changes() {
    return new ObjectChanges();
  }

  /** So the versions of an object are a chain: each says which one it stands on. */
  @ParameterizedTest
  @EnumSource(Lifetime.class)
  void everyWriteOfAnObject_saysWhichVersionItStandsOn(Lifetime lifetime) {
    NsObject one = object(1, lifetime);
    NsObject two = object(2, lifetime);
    for (Transaction change :
        List.of(
            changes().create(one).build(),
            changes().update(one, one.withValue(new byte[2])).build(),
            changes().rename(one, one.withName(FIVE, "/y")).build(),
            changes().rename(one, one.withName(NsHandle.ROOT, "/y")).build(),
            changes().delete(one).delete(two).build(),
            changes().create(one).update(two, two.withValue(new byte[2])).build(),
            ObjectChanges.end(1, 11))) {
      List<String> written =
          change.writes().stream()
              .map(Transaction.Write::key)
              .filter(key -> ObjectCodec.isXidKey(Key.of(key)))
              .toList();
      assertThat(written).isNotEmpty();
      for (String key : written) {
        assertThat(change.conditions())
            .as(key)
            .anyMatch(
                condition ->
                    condition.equals(new Condition.Absent(key))
                        || condition.equals(
                            new Condition.Version(key, 10 + ObjectCodec.xidOf(Key.of(key)))));
      }
    }
  }

  @Test
  void conditions_sayAllThatMustBeSo() {
    NsObject one = object(1, Lifetime.SESSION);
    assertThat(changes().create(one).build().conditions())
        .containsExactly(
            new Condition.Present("s/5"),
            new Condition.Absent("x/1"),
            new Condition.InView(3),
            new Condition.Absent("n/5/x1"));
    assertThat(changes().rename(one, one.withName(FIVE, "y")).build().conditions())
        .containsExactly(new Condition.Version("x/1", 11), new Condition.Absent("n/5:y"));
    assertThat(changes().rename(one, one.withName(new NsHandle(6), "y")).build().conditions())
        .containsExactly(
            new Condition.Version("x/1", 11),
            new Condition.Present("s/6"),
            new Condition.Absent("n/6:y"));
    assertThat(changes().unchanged(one).build().conditions())
        .containsExactly(new Condition.Version("x/1", 11));
  }

  /** The version of who had the name guards it. */
  @Test
  void aNameThatIsFreed_mayBeGivenInTheSameTransaction() {
    NsObject one = object(1, Lifetime.DURABLE);
    NsObject two = object(2, Lifetime.DURABLE);
    Transaction swap =
        changes()
            .rename(one, one.withName(FIVE, two.name()))
            .rename(two, two.withName(FIVE, one.name()))
            .build();
    assertThat(swap.conditions())
        .containsExactly(new Condition.Version("x/1", 11), new Condition.Version("x/2", 12));
    assertThat(swap.writes())
        .filteredOn(write -> write.kind() == Transaction.Write.Kind.REMOVE)
        .isEmpty();
  }

  @Test
  void anObjectTwice_orANameTwice_isRefused() {
    NsObject one = object(1, Lifetime.DURABLE);
    assertThatThrownBy(() -> changes().update(one, one).delete(one))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("object changed twice in one transaction: name=/x1");
    NsObject same = object(2, Lifetime.DURABLE).withName(FIVE, "/x1");
    assertThatThrownBy(() -> changes().create(one).create(same))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("name given twice in one transaction: name=/x1");
  }

  @Test
  void moreThanATransactionHolds_isRefused() {
    ObjectChanges many = changes();
    for (int xid = 1; xid <= 251; xid++) {
      many.create(object(xid, Lifetime.DURABLE));
    }
    assertThatThrownBy(many::build)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("too many changes at once: objects=251 parts=");
  }
}
