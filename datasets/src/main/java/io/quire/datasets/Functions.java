package io.quire.datasets;

import java.util.concurrent.ConcurrentHashMap;

/** The functions of this node, by name. Any thread. */
final class Functions {
  private final ConcurrentHashMap<String, LoadFunction> loads = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<String, ScanFunction> scans = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<String, StreamFunction> streams = new ConcurrentHashMap<>();

  void register(String name, LoadFunction function) {
    register(loads, name, function);
  }

  void register(String name, ScanFunction function) {
    register(scans, name, function);
  }

  void register(String name, StreamFunction function) {
    register(streams, name, function);
  }

  private static <F> void register(ConcurrentHashMap<String, F> functions, String name, F f) {
    if (functions.putIfAbsent(name, f) != null) {
      throw new IllegalStateException("function is registered: function=" + name);
    }
  }

  LoadFunction load(String name) {
    return find(loads, name);
  }

  ScanFunction scan(String name) {
    return find(scans, name);
  }

  StreamFunction stream(String name) {
    return find(streams, name);
  }

  private static <F> F find(ConcurrentHashMap<String, F> functions, String name) {
    F function = functions.get(name);
    if (function == null) {
      throw new Refusal(Refusal.Reason.UNKNOWN_FUNCTION, name);
    }
    return function;
  }
}
