package io.quire.harness;

import java.io.PrintStream;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a person sees of long work: steps, lines and progress bars. On a terminal bars move;
 * elsewhere only their ends are written. Any thread.
 */
public final class Screen {
  private static final int BAR = 28;

  private final PrintStream out;
  private final boolean live;
  private boolean barShown;

  /**
   * @param live whether lines can be overwritten
   */
  public Screen(PrintStream out, boolean live) {
    this.out = out;
    this.live = live;
  }

  /** Whether bars move. */
  public boolean live() {
    return live;
  }

  public synchronized void step(String text) {
    wipe();
    out.println();
    out.println(text);
    out.flush();
  }

  public synchronized void line(String format, @Nullable Object... arguments) {
    wipe();
    out.println("  " + String.format(Locale.ROOT, format, arguments));
    out.flush();
  }

  public synchronized void blank() {
    wipe();
    out.println();
  }

  public Bar bar(String label) {
    return new Bar(label);
  }

  private void wipe() {
    if (barShown) {
      out.print("\r\033[K");
      barShown = false;
    }
  }

  /** One piece of work. */
  public final class Bar {
    private final String label;
    private final long begun = System.nanoTime();

    private Bar(String label) {
      this.label = label;
    }

    /** Shows how far it is; what happened besides is told in {@code note}. */
    public void at(long done, long total, String note) {
      if (!live || total <= 0) {
        return;
      }
      synchronized (Screen.this) {
        int filled = (int) Math.min(BAR, BAR * done / total);
        String bar = "#".repeat(filled) + ".".repeat(BAR - filled);
        out.printf(
            Locale.ROOT, "\r\033[K  %-24s [%s] %3d%%  %s", label, bar, 100 * done / total, note);
        out.flush();
        barShown = true;
      }
    }

    /** Ends the bar with a line. */
    public void done(String note) {
      double seconds = (System.nanoTime() - begun) / 1e9;
      line("%-24s %s, %.1f s", label, note, seconds);
    }
  }
}
