package io.quire.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.quire.node.AdminClient;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code quire status}. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    description = {
      "Shows a node: the view, the log and what was damaged of it, its namespaces, memory, its clients if",
      "there are any, and stores.",
      "Ends with 1 if the node is not in the view: it would not answer a read now."
    },
    footer = {"%nExamples:", "  quire status", "  quire status --node 10.0.0.2:7480 --json"})
final class StatusCommand implements Callable<Integer> {
  @Mixin private NodeOption node = new NodeOption();

  @Option(names = "--json", description = "write one JSON object; sizes in bytes")
  private boolean json;

  @Override
  public Integer call() {
    try (AdminClient client = node.connect()) {
      JsonNode status = client.status();
      if (json) {
        System.out.println(status);
      } else {
        print(status);
      }
      return status.path("ready").asBoolean() ? 0 : 1;
    }
  }

  private static void print(JsonNode status) {
    line("node", "%s of cluster %s", text(status, "node"), text(status, "cluster"));
    line("in the view", status.path("ready").asBoolean() ? "yes" : "no");
    line("epoch", text(status, "epoch"));
    for (JsonNode member : status.path("members")) {
      line("member", "%s at %s", text(member, "node"), text(member, "address"));
    }
    JsonNode log = status.path("log");
    line(
        "log",
        "%s in term %s, leader %s, applied %s",
        text(log, "role"),
        text(log, "term"),
        text(log, "leader"),
        text(log, "applied"));
    line("voters", text(log, "voters"));
    for (JsonNode damage : log.path("damages")) {
      line(
          "damage",
          "%s, offset %s, %s: %s",
          text(damage, "file"),
          text(damage, "offset"),
          damage.path("healed").asBoolean() ? "healed" : "NOT HEALED",
          text(damage, "reason"));
    }
    for (JsonNode snapshot : log.path("badSnapshots")) {
      line("bad snapshot", "%s, set aside", snapshot.asText());
    }
    JsonNode namespaces = status.path("namespaces");
    line(
        "namespaces",
        "%s objects, %s deleted and still held; here %s references, %s open in modes, %s listings,"
            + " %s watches",
        text(namespaces, "objects"),
        text(namespaces, "draining"),
        text(namespaces, "references"),
        text(namespaces, "opens"),
        text(namespaces, "listings"),
        text(namespaces, "watches"));
    JsonNode memory = status.path("memory");
    line(
        "memory",
        "%s of %s, at most %s; %s of %s extents resident",
        Text.bytes(memory.path("accounted").asLong()),
        Text.bytes(memory.path("budget").asLong()),
        Text.bytes(memory.path("peakAccounted").asLong()),
        text(memory, "residentExtents"),
        text(memory, "extents"));
    if (memory.path("clients").size() > 1) {
      memory.path("clients").forEach(StatusCommand::client);
    }
    status.path("stores").forEach(StatusCommand::store);
  }

  private static void client(JsonNode client) {
    line(
        "client",
        "%s  holds %s of %s, %s guaranteed; %s pinned, %s not written; %s page-ins, %s waits, %s"
            + " refusals",
        text(client, "name"),
        bytes(client, "heldBytes"),
        bytes(client, "limitBytes"),
        bytes(client, "guaranteedBytes"),
        bytes(client, "pinnedBytes"),
        bytes(client, "dirtyBytes"),
        text(client, "pageIns"),
        text(client, "waits"),
        text(client, "refusals"));
  }

  private static void store(JsonNode store) {
    line(
        "store",
        "%s  %s of %s, %s free; %s extents, out %s, in %s",
        text(store, "uri"),
        bytes(store, "used"),
        bytes(store, "capacity"),
        bytes(store, "free"),
        text(store, "extents"),
        bytes(store, "bytesOut"),
        bytes(store, "bytesIn"));
    if (store.path("full").asBoolean()) {
      line("", "FULL");
    }
    if (!text(store, "failing").isEmpty()) {
      line("", "LEFT ALONE for the moment: %s", text(store, "failing"));
    }
    if (count(store, "writeErrors") + count(store, "readErrors") + count(store, "corruptCopies")
        > 0) {
      line(
          "",
          "errors: %d writes, %d reads, %d copies that did not verify; %s not used",
          count(store, "writeErrors"),
          count(store, "readErrors"),
          count(store, "corruptCopies"),
          bytes(store, "badBytes"));
    }
  }

  private static long count(JsonNode node, String field) {
    return node.path(field).asLong();
  }

  private static String bytes(JsonNode node, String field) {
    return Text.bytes(count(node, field));
  }

  private static String text(JsonNode node, String field) {
    JsonNode value = node.path(field);
    return value.isValueNode() ? value.asText() : value.toString();
  }

  private static void line(String label, String format, Object... arguments) {
    System.out.println("%-12s %s".formatted(label, format.formatted(arguments)));
  }
}
