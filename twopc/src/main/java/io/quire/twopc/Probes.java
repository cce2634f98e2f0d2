package io.quire.twopc;

import io.quire.base.Address;
import io.quire.base.Transport;
import java.util.LinkedHashMap;
import java.util.Map;

/** Questions of a leader to members whether they answer prepares. The oldest are forgotten. */
final class Probes {
  private static final int OPEN_MAX = 10_000;

  private final Address self;
  private final Transport transport;

  private record Open(long incarnation, Runnable answered) {}

  private final Map<Long, Open> open =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Open> eldest) {
          return size() > OPEN_MAX;
        }
      };
  private long number;

  Probes(Address self, Transport transport) {
    this.self = self;
    this.transport = transport;
  }

  void probe(Address at, long incarnation, Runnable answered) {
    open.put(++number, new Open(incarnation, answered));
    byte[] probe = new Message.Probe(number, self, incarnation).toBytes();
    transport.send(at, Transport.Channel.TWOPC, probe);
  }

  void answered(Message.Echo echo) {
    Open asked = open.get(echo.number());
    if (asked != null && asked.incarnation() == echo.from()) {
      open.remove(echo.number());
      asked.answered().run();
    }
  }
}
