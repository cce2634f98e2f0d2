package io.quire.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class ListingsTest {
  private final Listings listings = new Listings();

  @BeforeEach
  void createdAtFive() {
    listings.creating("a");
    listings.created("a", 5);
  }

  private void list(Map<String, Long> found) {
    listings.endList(listings.beginList(), found);
  }

  private void bad(String why) {
    assertThat(listings.check())
        .isInstanceOfSatisfying(
            Verdict.Bad.class, bad -> assertThat(bad.explanation()).contains(why));
  }

  private void good() {
    assertThat(listings.check()).isInstanceOf(Verdict.Good.class);
  }

  @Test
  void list_ofWhatThereIs_isGood() {
    list(Map.of("a", 5L));
    listings.deleting("a");
    listings.deleted("a", 7);
    list(Map.of());
    good();
  }

  @Test
  void acknowledged_andNotListed_isBad() {
    list(Map.of());
    bad("name missing");
  }

  @Test
  void createdDuringTheList_mayBeListedOrNot() {
    long before = listings.beginList();
    long alike = listings.beginList();
    listings.creating("b");
    listings.created("b", 9);
    listings.endList(before, Map.of("a", 5L));
    listings.endList(alike, Map.of("a", 5L, "b", 9L));
    good();
  }

  @Test
  void newerListedAndOlderNot_isBad() {
    long both = listings.beginList();
    listings.creating("b");
    listings.creating("c");
    listings.created("b", 9);
    listings.created("c", 11);
    listings.endList(both, Map.of("a", 5L, "c", 11L));
    bad("name missing in a list: name=b");
  }

  @Test
  void seenOnceAndNotAgain_isBad() {
    listings.creating("b");
    list(Map.of("a", 5L, "b", 9L));
    list(Map.of("a", 5L));
    bad("name missing in a list: name=b");
  }

  @Test
  void deletedAndAcknowledged_isBadToList() {
    listings.deleting("a");
    listings.deleted("a", 7);
    list(Map.of("a", 5L));
    bad("deleted name");
  }

  @Test
  void deletedPerhaps_mayBeListedOrNot() {
    listings.deleting("a");
    list(Map.of());
    list(Map.of("a", 5L));
    good();
  }

  @Test
  void neverCreated_orUnknown_isBadToList() {
    listings.creating("b");
    listings.notCreated("b");
    list(Map.of("a", 5L, "b", 9L));
    bad("name from nowhere");
  }
}
