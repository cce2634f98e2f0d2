package io.quire.jet;

import java.io.Serializable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The names of columns, and the number of each.
 *
 * @param names in the order of the columns
 * @param numbers by name, from 0; of columns of one name the first
 */
record Columns(List<String> names, Map<String, Integer> numbers) implements Serializable {
  static Columns of(List<String> names) {
    Map<String, Integer> numbers = new HashMap<>();
    for (int i = 0; i < names.size(); i++) {
      numbers.putIfAbsent(names.get(i), i);
    }
    return new Columns(List.copyOf(names), Map.copyOf(numbers));
  }

  int number(String name) {
    Integer number = numbers.get(name);
    if (number == null) {
      throw new IllegalArgumentException(
          "no such column: column=%s known=%s".formatted(name, names));
    }
    return number;
  }

  int check(int number) {
    if (number < 0 || number >= names.size()) {
      throw new IllegalArgumentException(
          "no such column: column=%d columns=%d".formatted(number, names.size()));
    }
    return number;
  }
}
