package io.quire.harness;

import org.jspecify.annotations.Nullable;

/** Something that was to be shown did not hold. */
public final class CheckFailed extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final String check;

  CheckFailed(String check, @Nullable String detail) {
    super("check failed: " + check + ": " + detail);
    this.check = check;
  }

  /** Its name. */
  public String check() {
    return check;
  }

  /** Throws unless the check holds. */
  public static void unless(
      boolean holds, String check, String format, @Nullable Object... detail) {
    if (!holds) {
      throw new CheckFailed(check, format.formatted(detail));
    }
  }
}
