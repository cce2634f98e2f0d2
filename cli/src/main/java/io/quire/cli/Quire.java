package io.quire.cli;

import io.quire.harness.CheckFailed;
import io.quire.harness.ChildProcessException;
import io.quire.node.AdminClient.AdminException;
import io.quire.node.ConfigProblems;
import io.quire.node.StartException;
import java.io.UncheckedIOException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The command itself. Exit codes: 0 done, 1 not done, 2 bad usage, 78 bad configuration. */
@Command(
    name = "quire",
    version = "quire 0.1.0-SNAPSHOT",
    mixinStandardHelpOptions = true,
    description = "A shared, named, larger-than-memory object space for clusters of JVMs.",
    subcommands = {
      DemoCommand.class,
      StartCommand.class,
      StatusCommand.class,
      NsCommand.class,
      LoadCommand.class,
      CatCommand.class,
      SimCommand.class,
      CommandLine.HelpCommand.class
    })
public final class Quire implements Runnable {
  private static final int FAILED = 1;
  private static final int BAD_CONFIGURATION = 78;

  @Spec private CommandSpec spec;

  private Quire(CommandSpec none) {
    spec = none;
  }

  /** Runs a command and ends the process with its exit code. */
  public static void main(String[] arguments) {
    System.exit(run(arguments));
  }

  static int run(String... arguments) {
    return new CommandLine(new Quire(CommandSpec.create()))
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler((e, command, _) -> failed(e, command))
        .execute(arguments);
  }

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getErr());
    throw new CommandLine.ParameterException(spec.commandLine(), "a command is needed");
  }

  private static int failed(Exception e, CommandLine command) throws Exception {
    int code =
        switch (e) {
          case ConfigProblems _ -> BAD_CONFIGURATION;
          case StartException _ -> FAILED;
          case AdminException _ -> FAILED;
          case CheckFailed _ -> FAILED;
          case ChildProcessException _ -> FAILED;
          case UncheckedIOException _ -> FAILED;
          case IllegalArgumentException _ -> CommandLine.ExitCode.USAGE;
          default -> throw e;
        };
    command.getErr().println("quire: " + e.getMessage());
    return code;
  }
}
