package io.quire.cli;

import io.quire.base.WireReader.MalformedException;
import io.quire.bench.BenchFailed;
import io.quire.harness.CheckFailed;
import io.quire.harness.ChildProcessException;
import io.quire.log.LogException;
import io.quire.node.AdminClient.AdminException;
import io.quire.node.ConfigProblems;
import io.quire.node.StartException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command itself. What it answers with is in its help. */
@Command(
    name = "quire",
    version = "quire 0.1.0-SNAPSHOT",
    mixinStandardHelpOptions = true,
    scope = CommandLine.ScopeType.INHERIT,
    sortOptions = false,
    description = "A shared, named, larger-than-memory object space for clusters of JVMs.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      " 0:done",
      " 1:not done; why is on standard error",
      " 2:bad usage: an unknown option, a value that is not allowed",
      "70:the node stopped because of a failure (start), or the build failed",
      "78:bad configuration, or no JDK or Maven to run with"
    },
    subcommands = {
      DemoCommand.class,
      StartCommand.class,
      StatusCommand.class,
      NsCommand.class,
      LockCommand.class,
      MemberCommand.class,
      LoadCommand.class,
      TableCommand.class,
      CatCommand.class,
      LogCommand.class,
      StoreCommand.class,
      SimCommand.class,
      BenchCommand.class,
      ChaosCommand.class,
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
    System.exit(command().execute(arguments));
  }

  static CommandLine command() {
    return new CommandLine(new Quire(CommandSpec.create()))
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler((e, _) -> misused(e))
        .setExecutionExceptionHandler((e, command, _) -> failed(e, command));
  }

  @Override
  public void run() {
    String commands = spec.subcommands().keySet().stream().collect(Collectors.joining(", "));
    throw new ParameterException(spec.commandLine(), "a command is needed: " + commands);
  }

  /** One sentence, and where the rest is told: a page of usage would hide it. */
  private static int misused(ParameterException e) {
    CommandSpec command = e.getCommandLine().getCommandSpec();
    e.getCommandLine()
        .getErr()
        .println("quire: %s; see '%s --help'".formatted(sentence(e), command.qualifiedName()));
    return CommandLine.ExitCode.USAGE;
  }

  private static String sentence(ParameterException e) {
    if (!(e instanceof UnmatchedArgumentException unmatched)
        || unmatched.getUnmatched().isEmpty()) {
      return String.valueOf(e.getMessage()).lines().findFirst().orElse("bad usage");
    }
    String kind =
        unmatched.isUnknownOption()
            ? "no such option"
            : e.getCommandLine().getSubcommands().isEmpty()
                ? "one argument too many"
                : "no such command";
    List<String> meant = unmatched.getSuggestions();
    return "%s: %s%s"
        .formatted(
            kind,
            unmatched.getUnmatched().getFirst(),
            meant.isEmpty() ? "" : "; did you mean " + String.join(" or ", meant) + "?");
  }

  private static int failed(Exception e, CommandLine command) throws Exception {
    int code =
        switch (e) {
          case ConfigProblems _ -> BAD_CONFIGURATION;
          case StartException _ -> FAILED;
          case AdminException _ -> FAILED;
          case LogException _ -> FAILED;
          case MalformedException _ -> FAILED;
          case CheckFailed _ -> FAILED;
          case BenchFailed _ -> FAILED;
          case ChildProcessException _ -> FAILED;
          case UncheckedIOException _ -> FAILED;
          case IllegalArgumentException _ -> CommandLine.ExitCode.USAGE;
          default -> throw e;
        };
    boolean maybe = e instanceof AdminException unclear && unclear.mayHaveHappened();
    command
        .getErr()
        .println(
            "quire: " + e.getMessage() + (maybe ? "; it may have been done all the same" : ""));
    return code;
  }
}
