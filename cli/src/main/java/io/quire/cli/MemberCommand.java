package io.quire.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.quire.node.AdminClient;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code quire member}. */
@Command(
    name = "member",
    mixinStandardHelpOptions = true,
    description = {
      "Shows and changes who keeps the log, and who of them votes in it.",
      "A node comes by itself, as a listener, when it is started with the seeds of the cluster."
          + " What is asked here is done by whoever leads, one change at a time, while appends go"
          + " on."
    },
    footer = {
      "%nExamples:",
      "  quire member ls",
      "  quire member promote n4",
      "  quire member replace n2 --by n5",
      "  quire member remove n3"
    })
final class MemberCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "a command is needed: ls, promote, remove or replace");
  }

  /** {@code quire member ls}. */
  @Command(
      name = "ls",
      mixinStandardHelpOptions = true,
      description = "Lists the members: voters and listeners.",
      footer = {"%nExample:", "  quire member ls --json"})
  int ls(
      @Mixin NodeOption node,
      @Option(names = "--json", description = "write one JSON array") boolean json) {
    try (AdminClient client = node.connect()) {
      JsonNode members = client.members();
      if (json) {
        System.out.println(members);
        return 0;
      }
      for (JsonNode member : members) {
        System.out.println(
            "%-16s %-8s %s"
                .formatted(
                    member.path("node").asText(),
                    member.path("votes").asBoolean() ? "votes" : "listens",
                    member.path("peer").asText()));
      }
      return 0;
    }
  }

  /** {@code quire member promote}. */
  @Command(
      name = "promote",
      mixinStandardHelpOptions = true,
      description = {
        "Lets a listener vote.",
        "Refused while it is more than 1,000 entries behind, or does not answer."
      },
      footer = {"%nExample:", "  quire member promote n4"})
  int promote(
      @Mixin NodeOption node,
      @Parameters(paramLabel = "NODE", description = "name of the listener") String member) {
    try (AdminClient client = node.connect()) {
      client.promote(member);
      System.out.println("quire: votes: node=" + member);
      return 0;
    }
  }

  /** {@code quire member remove}. */
  @Command(
      name = "remove",
      mixinStandardHelpOptions = true,
      description = {
        "Takes a node out, voter or listener, alive or dead.",
        "Refused for the last voter, and if no majority of the voters that remain answers. A"
            + " process that is removed stops."
      },
      footer = {"%nExample:", "  quire member remove n3"})
  int remove(
      @Mixin NodeOption node,
      @Parameters(paramLabel = "NODE", description = "name of the member") String member) {
    try (AdminClient client = node.connect()) {
      client.remove(member);
      System.out.println("quire: removed: node=" + member);
      return 0;
    }
  }

  /** {@code quire member replace}. */
  @Command(
      name = "replace",
      mixinStandardHelpOptions = true,
      description = "Puts a listener in the place of a voter that is gone, in one step.",
      footer = {"%nExample:", "  quire member replace n2 --by n5"})
  int replace(
      @Mixin NodeOption node,
      @Parameters(paramLabel = "NODE", description = "name of the voter") String member,
      @Option(names = "--by", required = true, paramLabel = "NODE", description = "the listener")
          String by) {
    try (AdminClient client = node.connect()) {
      client.replace(member, by);
      System.out.println("quire: replaced: node=%s by=%s".formatted(member, by));
      return 0;
    }
  }
}
