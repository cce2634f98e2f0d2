package io.quire.harness;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What processes used of memory and stores; a process is added up before it is ended. */
final class Usage {
  private final TreeMap<String, Long> out = new TreeMap<>();
  private final TreeMap<String, Long> in = new TreeMap<>();
  private long peak;

  /** Adds a process and checks that it kept its budget. */
  void add(LocalCluster.Worker worker) {
    JsonNode status = worker.client().status();
    JsonNode memory = status.path("memory");
    long budget = memory.path("budget").asLong();
    long used =
        Math.max(memory.path("peakResident").asLong(), memory.path("peakAccounted").asLong());
    CheckFailed.unless(
        used <= budget,
        "peak resident memory of the extents stays within the budget",
        "node=%s peak=%d budget=%d",
        worker.name(),
        used,
        budget);
    peak = Math.max(peak, used);
    addStores(status);
  }

  void addStores(JsonNode status) {
    for (JsonNode store : status.path("stores")) {
      String uri = store.path("uri").asText();
      String scheme = uri.substring(0, uri.indexOf(':'));
      out.merge(scheme, store.path("bytesOut").asLong(), Long::sum);
      in.merge(scheme, store.path("bytesIn").asLong(), Long::sum);
    }
  }

  long bytesIn() {
    return in.values().stream().mapToLong(Long::longValue).sum();
  }

  String outText() {
    return "paged out: "
        + out.entrySet().stream()
            .map(entry -> entry.getKey() + " " + Bytes.text(entry.getValue()))
            .collect(Collectors.joining(", "));
  }

  void report(DemoReport report) {
    report.figure(
        "peak_resident_bytes", peak, "peak resident", Bytes.text(peak) + " on the fullest node");
    out.forEach(
        (store, written) -> {
          long read = in.getOrDefault(store, 0L);
          report.figure("paged_out_" + store, written);
          report.figure(
              "paged_in_" + store,
              read,
              "paged to and from " + store,
              Bytes.text(written) + " out, " + Bytes.text(read) + " in");
        });
  }
}
