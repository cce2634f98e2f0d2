package io.quire.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;

/** Runs commands that need no process of their own. */
final class InThisProcess {
  private InThisProcess() {}

  /** What it wrote, its standard error last; it must end with this code. */
  static String run(int code, String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int ended =
        Quire.command()
            .setOut(new PrintWriter(out, true))
            .setErr(new PrintWriter(err, true))
            .execute(arguments);
    assertThat(ended).as(err.toString()).isEqualTo(code);
    return out + err.toString();
  }
}
