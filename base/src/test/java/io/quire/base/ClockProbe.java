package io.quire.base;

/**
 * A process that says by how much {@link SystemClock} is ahead of the clock that suspension stops.
 */
final class ClockProbe {
  private ClockProbe() {}

  public static void main(String[] arguments) {
    System.out.println(new SystemClock().nanos() - System.nanoTime());
  }
}
