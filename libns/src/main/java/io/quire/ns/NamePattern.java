package io.quire.ns;

import java.util.ArrayList;
import java.util.List;

/**
 * Which names are meant: {@code *} stands for any text, slashes included, {@code ?} for any one
 * character, {@code [a-f_]} for one of these, {@code [!a-f_]} for one of none of these; a backslash
 * takes the meaning from the character behind it. All else stands for itself. Any thread.
 *
 * <p>To match a name takes at most its length times that of the pattern.
 */
public final class NamePattern {
  /** Matches every name. */
  public static final NamePattern ALL = of("*");

  /** Four for each byte that a name may have. */
  static final int CHARACTERS_MAX = 4_096;

  /** What one character of a name may be; or any text. */
  private sealed interface Part {
    /** Any text. */
    record Any() implements Part {}

    /** One character that lies in a range, or in none. */
    record One(List<Range> ranges, boolean wanted) implements Part {
      boolean matches(int character) {
        return ranges.stream().anyMatch(range -> range.has(character)) == wanted;
      }
    }
  }

  /** Characters from the first to the last. */
  private record Range(int first, int last) {
    boolean has(int character) {
      return first <= character && character <= last;
    }
  }

  private final String text;
  private final List<Part> parts;
  private final String prefix;

  private NamePattern(String text, List<Part> parts, String prefix) {
    this.text = text;
    this.parts = parts;
    this.prefix = prefix;
  }

  /**
   * Reads a pattern.
   *
   * @throws NsException.InvalidName if a bracket or a backslash has no end, a range is the wrong
   *     way round, or the pattern is longer than 4,096 characters
   */
  public static NamePattern of(String text) {
    return new Reader(text).pattern();
  }

  /** The pattern for names that begin so. */
  public static NamePattern startingWith(String prefix) {
    return of(prefix.replaceAll("[*?\\[\\\\]", "\\\\$0") + "*");
  }

  /** Whether it stands for this name. */
  public boolean matches(String name) {
    int at = 0;
    int part = 0;
    int afterAny = -1;
    int retry = 0;
    while (at < name.length()) {
      int character = name.codePointAt(at);
      if (part < parts.size() && parts.get(part) instanceof Part.Any) {
        afterAny = ++part;
        retry = at;
      } else if (part < parts.size()
          && parts.get(part) instanceof Part.One one
          && one.matches(character)) {
        part++;
        at += Character.charCount(character);
      } else if (afterAny >= 0) {
        // The text that the last star stands for is one character longer.
        retry += Character.charCount(name.codePointAt(retry));
        at = retry;
        part = afterAny;
      } else {
        return false;
      }
    }
    while (part < parts.size() && parts.get(part) instanceof Part.Any) {
      part++;
    }
    return part == parts.size();
  }

  /** The steps that {@link #matches} takes at most. */
  long work(String name) {
    return (long) parts.size() * name.length();
  }

  /** What every name begins with that it stands for. */
  String prefix() {
    return prefix;
  }

  /** As it was written. */
  @Override
  public String toString() {
    return text;
  }

  /** Takes a pattern apart. */
  private static final class Reader {
    private final String text;
    private final List<Part> parts = new ArrayList<>();
    private final StringBuilder prefix = new StringBuilder();
    private boolean literal = true;
    private int at;

    Reader(String text) {
      this.text = text;
    }

    NamePattern pattern() {
      if (text.length() > CHARACTERS_MAX) {
        throw new NsException.InvalidName(
            "pattern too long: characters=" + text.length() + " max=" + CHARACTERS_MAX);
      }
      while (at < text.length()) {
        int character = next();
        switch (character) {
          case '*' -> special(new Part.Any());
          case '?' -> special(new Part.One(List.of(), false));
          case '[' -> special(set());
          default -> plain(character == '\\' ? escaped() : character);
        }
      }
      return new NamePattern(text, List.copyOf(parts), prefix.toString());
    }

    private void special(Part part) {
      literal = false;
      parts.add(part);
    }

    private void plain(int character) {
      parts.add(new Part.One(List.of(new Range(character, character)), true));
      if (literal) {
        prefix.appendCodePoint(character);
      }
    }

    private int next() {
      int character = text.codePointAt(at);
      at += Character.charCount(character);
      return character;
    }

    private int escaped() {
      if (at == text.length()) {
        throw invalid("nothing behind the backslash");
      }
      return next();
    }

    private Part.One set() {
      boolean negated = text.startsWith("!", at);
      at += negated ? 1 : 0;
      List<Range> ranges = new ArrayList<>();
      while (!text.startsWith("]", at)) {
        int first = member();
        int last = first;
        if (text.startsWith("-", at) && !text.startsWith("-]", at)) {
          at++;
          last = member();
        }
        if (last < first) {
          throw invalid("range is the wrong way round");
        }
        ranges.add(new Range(first, last));
      }
      at++;
      if (ranges.isEmpty()) {
        throw invalid("brackets are empty");
      }
      return new Part.One(List.copyOf(ranges), !negated);
    }

    private int member() {
      if (at >= text.length()) {
        throw invalid("bracket is not closed");
      }
      int character = next();
      return character == '\\' ? escaped() : character;
    }

    private NsException.InvalidName invalid(String why) {
      return new NsException.InvalidName("not a pattern: pattern=" + text + " " + why);
    }
  }
}
