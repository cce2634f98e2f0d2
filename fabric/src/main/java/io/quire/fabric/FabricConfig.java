package io.quire.fabric;

import io.quire.base.Address;
import java.time.Duration;

/**
 * How a fabric listens, and its limits. All nodes of a cluster need the same {@code frameBytesMax}.
 * A value outside its limits is an {@link IllegalArgumentException} that names it.
 *
 * @param bind where to listen; port 0 is any free one
 * @param advertisedHost the name or number by which other nodes find this one, and which its
 *     certificate must carry
 * @param frameBytesMax of a body, 64 KiB to 1 GiB; a connection that announces more is broken off
 * @param requestsMax unanswered requests for each peer and lane, in each direction, 1 to
 *     2<sup>20</sup>; more are turned away
 * @param queueBytesMax unwritten bytes for each peer and lane, 64 KiB to 1 TiB; beyond it requests
 *     are turned away and one-way messages dropped. A single frame may go over it
 * @param connectDeadline for connection and TLS handshake together, 10 ms to a minute
 * @param silenceMax a connection on which the peer does not even answer a ping for so long is given
 *     up, 100 ms to 10 minutes
 * @param threads that do I/O for all but the bulk lane, which has as many of its own; 1 to 64
 * @param encryptsBulk whether the bulk lane is encrypted behind the greetings, in which both sides
 *     have shown their certificates. It is not if neither side wants it
 */
public record FabricConfig(
    Address bind,
    String advertisedHost,
    int frameBytesMax,
    int requestsMax,
    long queueBytesMax,
    Duration connectDeadline,
    Duration silenceMax,
    int threads,
    boolean encryptsBulk) {
  private static final int FRAME_BYTES_MIN = 64 << 10;

  public FabricConfig {
    within("frameBytesMax", frameBytesMax, FRAME_BYTES_MIN, 1 << 30);
    within("requestsMax", requestsMax, 1, 1 << 20);
    within("queueBytesMax", queueBytesMax, FRAME_BYTES_MIN, 1L << 40);
    within("connectDeadline millis", connectDeadline.toMillis(), 10, 60_000);
    within("silenceMax millis", silenceMax.toMillis(), 100, 600_000);
    within("threads", threads, 1, 64);
  }

  /**
   * The defaults, for a node whose peers find it where it binds: frames of 8 MiB and a little,
   * 4,096 requests, queues of 64 MiB, 3 s to connect, 2 s of silence, half as many threads as there
   * are processors, 1 to 4, and all is encrypted.
   */
  public static FabricConfig of(Address bind) {
    return new FabricConfig(
        bind,
        bind.host(),
        (8 << 20) + (64 << 10),
        4096,
        64 << 20,
        Duration.ofSeconds(3),
        Duration.ofSeconds(2),
        Math.clamp(Runtime.getRuntime().availableProcessors() / 2, 1, 4),
        true);
  }

  /**
   * As this one, found by other nodes under this name or number, which its certificate must carry.
   */
  public FabricConfig withAdvertisedHost(String host) {
    return new FabricConfig(
        bind,
        host,
        frameBytesMax,
        requestsMax,
        queueBytesMax,
        connectDeadline,
        silenceMax,
        threads,
        encryptsBulk);
  }

  /** As this one, with other limits for frames, requests and queues. */
  public FabricConfig withLimits(int frameBytesMax, int requestsMax, long queueBytesMax) {
    return new FabricConfig(
        bind,
        advertisedHost,
        frameBytesMax,
        requestsMax,
        queueBytesMax,
        connectDeadline,
        silenceMax,
        threads,
        encryptsBulk);
  }

  /**
   * As this one, with other times after which a peer counts as out of reach, or a connection as
   * dead.
   */
  public FabricConfig withPatience(Duration connectDeadline, Duration silenceMax) {
    return new FabricConfig(
        bind,
        advertisedHost,
        frameBytesMax,
        requestsMax,
        queueBytesMax,
        connectDeadline,
        silenceMax,
        threads,
        encryptsBulk);
  }

  /** As this one, with the bulk lane encrypted or, where the other side agrees, in the clear. */
  public FabricConfig withEncryptedBulk(boolean encrypted) {
    return new FabricConfig(
        bind,
        advertisedHost,
        frameBytesMax,
        requestsMax,
        queueBytesMax,
        connectDeadline,
        silenceMax,
        threads,
        encrypted);
  }

  /** Whether this side wants to go on in the clear behind the greetings. */
  boolean clear(Lane lane) {
    return lane == Lane.BULK && !encryptsBulk;
  }

  private static void within(String name, long found, long min, long max) {
    if (found < min || found > max) {
      throw new IllegalArgumentException(
          "out of range: name=" + name + " found=" + found + " min=" + min + " max=" + max);
    }
  }
}
