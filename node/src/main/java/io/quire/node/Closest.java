package io.quire.node;

import java.util.Collection;

/** What somebody may have meant. */
final class Closest {
  private Closest() {}

  /** {@code did you mean ...?}, or all that there is if nothing is close. */
  static String hint(String found, Collection<String> all, String label) {
    String best = "";
    int fewest = 1 + found.length() / 3;
    for (String one : all) {
      int edits = edits(found, one);
      if (edits <= fewest) {
        fewest = edits - 1;
        best = one;
      }
    }
    return best.isEmpty() ? label + "=" + String.join(", ", all) : "did you mean " + best + "?";
  }

  /** Letters to insert, delete or change to make one of the other. */
  static int edits(String from, String to) {
    int[] above = new int[to.length() + 1];
    for (int j = 0; j <= to.length(); j++) {
      above[j] = j;
    }
    for (int i = 1; i <= from.length(); i++) {
      int[] row = new int[to.length() + 1];
      row[0] = i;
      for (int j = 1; j <= to.length(); j++) {
        int changed = above[j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(changed, 1 + Math.min(above[j], row[j - 1]));
      }
      above = row;
    }
    return above[to.length()];
  }
}
