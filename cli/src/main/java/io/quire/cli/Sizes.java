package io.quire.cli;

import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads sizes such as {@code 64M} or {@code 1G}; K, M and G are powers of 1,024. */
final class Sizes implements ITypeConverter<Long> {
  @Override
  public Long convert(String text) {
    String upper = text.toUpperCase(Locale.ROOT).replaceFirst("I?B$", "");
    int shift =
        switch (upper.isEmpty() ? ' ' : upper.charAt(upper.length() - 1)) {
          case 'K' -> 10;
          case 'M' -> 20;
          case 'G' -> 30;
          default -> 0;
        };
    try {
      long number = Long.parseLong(shift == 0 ? upper : upper.substring(0, upper.length() - 1));
      if (number > 0 && number <= Long.MAX_VALUE >> shift) {
        return number << shift;
      }
    } catch (NumberFormatException e) {
      // Told below, with every other text that is not a size.
    }
    throw new TypeConversionException("not a size: '" + text + "', wanted such as 64M or 1G");
  }
}
