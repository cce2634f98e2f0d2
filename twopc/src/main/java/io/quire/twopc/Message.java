package io.quire.twopc;

import io.quire.base.Address;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Messages between coordinators and members. Layout: a type byte, then the fields in order. */
sealed interface Message {
  /**
   * One transaction of a prepare.
   *
   * @param patienceMillis for how long a member shall hold it before it asks what became of it; 0
   *     for as long as usual
   * @param blob where its payload is, if not here
   */
  record Item(
      long sequence,
      int participant,
      int patienceMillis,
      Blobs.@Nullable Ref blob,
      byte[] payload) {
    Item(long sequence, int participant, byte[] payload) {
      this(sequence, participant, 0, null, payload);
    }
  }

  /** A refusal. {@code again} says that another attempt may fare better. */
  record No(long sequence, boolean again, String reason) {}

  /**
   * Asks one incarnation to mark transactions.
   *
   * @param low below it, everything of this coordinator is decided
   */
  record Prepare(
      long epoch, long coordinator, Address replyTo, long target, long low, List<Item> items)
      implements Message {}

  /** The answer of one incarnation. */
  record Vote(long coordinator, long voter, List<Long> yes, List<No> no) implements Message {}

  /** These will not be appended. May be lost. */
  record Abort(long coordinator, List<Long> sequences) implements Message {}

  /** A transaction took effect at a position. */
  record Effect(long sequence, long position) {}

  /** Transactions that took effect. May be lost, late or repeated. */
  record Hint(long coordinator, List<Effect> effects) implements Message {}

  /** Asks an incarnation whether it answers prepares. */
  record Probe(long number, Address replyTo, long target) implements Message {}

  /** It does: the number comes back. */
  record Echo(long number, long from) implements Message {}

  /** Asks the log's leader to pass a message on to a member that the sender cannot reach. */
  record Relay(Address to, byte[] message) implements Message {}

  /** A message that was passed on. What is to be answered goes back the same way. */
  record Relayed(Address by, byte[] message) implements Message {}

  /** Asks the log's leader to be let into the view. */
  record Enter(long incarnation, Address from, long applied) implements Message {}

  /** The leader's answer: how long to wait before asking again, or 0 to come in. */
  record Standing(long incarnation, int waitMillis) implements Message {}

  default byte[] toBytes() {
    WireWriter out = new WireWriter(length());
    switch (this) {
      case Prepare(
              long epoch,
              long coordinator,
              Address replyTo,
              long target,
              long low,
              List<Item> items) -> {
        out.int8(1).int64(epoch).int64(coordinator);
        address(out, replyTo);
        out.int64(target).int64(low).int32(items.size());
        for (Item item : items) {
          out.int64(item.sequence()).int8(item.participant()).int32(item.patienceMillis());
          Blobs.Ref blob = item.blob();
          out.bool(blob != null);
          if (blob == null) {
            out.bytes(item.payload());
          } else {
            blob.write(out);
          }
        }
      }
      case Vote(long coordinator, long voter, List<Long> yes, List<No> no) -> {
        out.int8(2).int64(coordinator).int64(voter).int32(yes.size());
        yes.forEach(out::int64);
        out.int32(no.size());
        no.forEach(n -> out.int64(n.sequence()).bool(n.again()).string(n.reason()));
      }
      case Abort(long coordinator, List<Long> sequences) -> {
        out.int8(3).int64(coordinator).int32(sequences.size());
        sequences.forEach(out::int64);
      }
      case Hint(long coordinator, List<Effect> effects) -> {
        out.int8(4).int64(coordinator).int32(effects.size());
        effects.forEach(effect -> out.int64(effect.sequence()).int64(effect.position()));
      }
      case Probe(long number, Address replyTo, long target) -> {
        out.int8(5).int64(number);
        address(out, replyTo);
        out.int64(target);
      }
      case Echo(long number, long from) -> out.int8(6).int64(number).int64(from);
      case Relay(Address to, byte[] message) -> {
        out.int8(7);
        address(out, to);
        out.bytes(message);
      }
      case Relayed(Address by, byte[] message) -> {
        out.int8(8);
        address(out, by);
        out.bytes(message);
      }
      case Enter(long incarnation, Address from, long applied) -> {
        out.int8(9).int64(incarnation);
        address(out, from);
        out.int64(applied);
      }
      case Standing(long incarnation, int waitMillis) ->
          out.int8(10).int64(incarnation).int32(waitMillis);
    }
    return out.toBytes();
  }

  /** How long its bytes are, if it may be long; otherwise enough. */
  private int length() {
    return switch (this) {
      case Prepare prepare -> {
        int length = 1 + 4 * Long.BYTES + addressLength(prepare.replyTo()) + Integer.BYTES;
        for (Item item : prepare.items()) {
          length += 14 + (item.blob() == null ? 4 + item.payload().length : Blobs.Ref.BYTES);
        }
        yield length;
      }
      case Relay(Address to, byte[] message) -> 5 + addressLength(to) + message.length;
      case Relayed(Address by, byte[] message) -> 5 + addressLength(by) + message.length;
      case Vote _, Abort _, Hint _, Probe _, Echo _, Enter _, Standing _ -> 256;
    };
  }

  private static int addressLength(Address address) {
    return Integer.BYTES + address.host().length() + Short.BYTES;
  }

  static Message read(byte[] bytes) {
    WireReader in = new WireReader(bytes);
    int type = in.int8();
    Message message =
        switch (type) {
          case 1 -> readPrepare(in);
          case 2 -> readVote(in);
          case 3 -> new Abort(in.int64(), readSequences(in));
          case 4 -> new Hint(in.int64(), readEffects(in));
          case 5 -> new Probe(in.int64(), address(in), in.int64());
          case 6 -> new Echo(in.int64(), in.int64());
          case 7 -> new Relay(address(in), in.bytes());
          case 8 -> new Relayed(address(in), in.bytes());
          case 9 -> new Enter(in.int64(), address(in), in.int64());
          case 10 -> new Standing(in.int64(), in.int32());
          default -> throw new WireReader.MalformedException("not a message: type=" + type);
        };
    in.end();
    return message;
  }

  private static void address(WireWriter out, Address address) {
    out.string(address.host()).uint16(address.port());
  }

  private static Address address(WireReader in) {
    return new Address(in.string(), in.uint16());
  }

  private static Prepare readPrepare(WireReader in) {
    long epoch = in.int64();
    long coordinator = in.int64();
    Address replyTo = address(in);
    long target = in.int64();
    long low = in.int64();
    List<Item> items = new ArrayList<>();
    for (int left = in.count(18); left > 0; left--) {
      long sequence = in.int64();
      int participant = in.int8();
      int patience = in.int32();
      Blobs.Ref blob = in.bool() ? Blobs.Ref.read(in) : null;
      byte[] payload = blob == null ? in.bytes() : new byte[0];
      items.add(new Item(sequence, participant, patience, blob, payload));
    }
    return new Prepare(epoch, coordinator, replyTo, target, low, items);
  }

  private static Vote readVote(WireReader in) {
    long coordinator = in.int64();
    long voter = in.int64();
    List<Long> yes = readSequences(in);
    List<No> no = new ArrayList<>();
    for (int left = in.count(13); left > 0; left--) {
      no.add(new No(in.int64(), in.bool(), in.string()));
    }
    return new Vote(coordinator, voter, yes, no);
  }

  private static List<Effect> readEffects(WireReader in) {
    List<Effect> effects = new ArrayList<>();
    for (int left = in.count(16); left > 0; left--) {
      effects.add(new Effect(in.int64(), in.int64()));
    }
    return effects;
  }

  private static List<Long> readSequences(WireReader in) {
    List<Long> sequences = new ArrayList<>();
    for (int left = in.count(8); left > 0; left--) {
      sequences.add(in.int64());
    }
    return sequences;
  }
}
