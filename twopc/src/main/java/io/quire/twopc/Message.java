package io.quire.twopc;

import io.quire.base.Address;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.util.ArrayList;
import java.util.List;

/** Messages between coordinators and members. Layout: a type byte, then the fields in order. */
sealed interface Message {
  /** One transaction of a prepare. */
  record Item(long sequence, int participant, byte[] payload) {}

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

  /** A transaction took effect at a position. May be lost, late or repeated. */
  record Hint(long coordinator, long sequence, long position) implements Message {}

  default byte[] toBytes() {
    WireWriter out = new WireWriter(256);
    switch (this) {
      case Prepare(
              long epoch,
              long coordinator,
              Address replyTo,
              long target,
              long low,
              List<Item> items) -> {
        out.int8(1).int64(epoch).int64(coordinator);
        out.string(replyTo.host()).uint16(replyTo.port());
        out.int64(target).int64(low).int32(items.size());
        for (Item item : items) {
          out.int64(item.sequence()).int8(item.participant()).bytes(item.payload());
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
      case Hint(long coordinator, long sequence, long position) ->
          out.int8(4).int64(coordinator).int64(sequence).int64(position);
    }
    return out.toBytes();
  }

  static Message read(byte[] bytes) {
    WireReader in = new WireReader(bytes);
    int type = in.int8();
    Message message =
        switch (type) {
          case 1 -> readPrepare(in);
          case 2 -> readVote(in);
          case 3 -> new Abort(in.int64(), readSequences(in));
          case 4 -> new Hint(in.int64(), in.int64(), in.int64());
          default -> throw new WireReader.MalformedException("not a message: type=" + type);
        };
    in.end();
    return message;
  }

  private static Prepare readPrepare(WireReader in) {
    long epoch = in.int64();
    long coordinator = in.int64();
    Address replyTo = new Address(in.string(), in.uint16());
    long target = in.int64();
    long low = in.int64();
    List<Item> items = new ArrayList<>();
    for (int left = in.count(13); left > 0; left--) {
      items.add(new Item(in.int64(), in.int8(), in.bytes()));
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

  private static List<Long> readSequences(WireReader in) {
    List<Long> sequences = new ArrayList<>();
    for (int left = in.count(8); left > 0; left--) {
      sequences.add(in.int64());
    }
    return sequences;
  }
}
