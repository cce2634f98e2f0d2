package io.quire.ns;

import io.quire.base.Address;
import io.quire.base.Clock;
import io.quire.base.Loop;
import io.quire.base.Member;
import io.quire.base.Transport;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.lockserver.Sessions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Asks all members of the view who holds references to an object. Messages may be lost, so who has
 * not answered is asked again until the deadline; who then has not is named as silent. Each member
 * says what it knows at that moment, without asking the log: this is for people who look for a
 * holder, and {@link Drain} is what decides. Confined to the loop.
 */
final class Census {
  static final int QUESTION = 3;
  static final int ANSWER = 4;

  static final int HOLDERS_MAX = 1_000;
  static final int ANSWER_BYTES_MAX = 48 << 10;
  static final int QUESTIONS_MAX = 100;
  static final Duration AGAIN = Duration.ofMillis(500);

  /** Of a holder: two lengths, a time, a mode and whether it waits. */
  private static final int HOLDER_BYTES_MIN = 18;

  private final Member self;
  private final Sessions sessions;
  private final Transport transport;
  private final Loop loop;
  private final Clock clock;
  private final RefTable references;
  private final Holdings holdings;
  private final Map<Long, Question> questions = new HashMap<>();
  private long numbers;

  /** A question under way. */
  private final class Question {
    private final long number;
    private final long xid;
    private final long end;
    private final List<Member> asked;
    private final Map<Long, ReferenceReport.Told> told = new HashMap<>();
    private final CompletableFuture<List<ReferenceReport.OfNode>> answer;

    Question(
        long number,
        long xid,
        long end,
        List<Member> asked,
        CompletableFuture<List<ReferenceReport.OfNode>> answer) {
      this.number = number;
      this.xid = xid;
      this.end = end;
      this.asked = asked;
      this.answer = answer;
    }

    /** Asks who has not answered, and comes back; at the deadline it ends. */
    void ask() {
      if (!questions.containsKey(number)) {
        return;
      }
      long left = end - clock.nanos();
      if (left <= 0) {
        finish();
        return;
      }
      for (Member member : asked) {
        if (!told.containsKey(member.incarnation())) {
          WireWriter out = new WireWriter().int8(QUESTION).int64(self.incarnation()).int64(number);
          out.string(self.address().host()).uint16(self.address().port());
          out.int64(member.incarnation()).int64(xid);
          transport.send(member.address(), Transport.Channel.REFERENCES, out.toBytes());
        }
      }
      loop.after(Duration.ofNanos(Math.min(left, AGAIN.toNanos())), this::ask);
    }

    /** The first answer of a member is what it said; one that was not asked has no say. */
    void answered(long by, long count, List<Holder> holders, boolean truncated) {
      for (Member member : asked) {
        if (member.incarnation() == by) {
          told.putIfAbsent(by, new ReferenceReport.Told(member, count, holders, truncated));
        }
      }
      if (told.size() == asked.size()) {
        finish();
      }
    }

    private void finish() {
      questions.remove(number);
      List<ReferenceReport.OfNode> nodes = new ArrayList<>();
      for (Member member : asked) {
        ReferenceReport.Told known = told.get(member.incarnation());
        nodes.add(known == null ? new ReferenceReport.Silent(member) : known);
      }
      answer.complete(nodes);
    }
  }

  Census(
      Member self,
      Sessions sessions,
      Transport transport,
      Loop loop,
      Clock clock,
      RefTable references,
      Holdings holdings) {
    this.self = self;
    this.sessions = sessions;
    this.transport = transport;
    this.loop = loop;
    this.clock = clock;
    this.references = references;
    this.holdings = holdings;
  }

  /**
   * Asks all members of the view.
   *
   * @param answer is completed when all have answered, or at the deadline
   */
  void ask(long xid, Duration deadline, CompletableFuture<List<ReferenceReport.OfNode>> answer) {
    loop.confine();
    if (questions.size() >= QUESTIONS_MAX) {
      answer.completeExceptionally(
          new NsException.Refused("too many questions about references: max=" + QUESTIONS_MAX));
      return;
    }
    long end = clock.nanos() + deadline.toNanos();
    Question question = new Question(++numbers, xid, end, sessions.view().members(), answer);
    questions.put(question.number, question);
    question.ask();
  }

  /** Another node asks, or this one itself. */
  void asked(WireReader in) {
    long asker = in.int64();
    long number = in.int64();
    Address address = new Address(in.string(), in.uint16());
    long meant = in.int64();
    long xid = in.int64();
    in.end();
    if (meant != self.incarnation()) {
      return; // It means one that was here before, and would take this answer for that one's.
    }
    transport.send(address, Transport.Channel.REFERENCES, answer(asker, number, xid));
  }

  private byte[] answer(long asker, long number, long xid) {
    WireWriter out = new WireWriter().int8(ANSWER).int64(asker).int64(number);
    out.int64(self.incarnation()).int64(references.count(xid));
    int countAt = out.length();
    out.int32(0);
    int count = 0;
    Iterator<Holder> holders = holdings.of(xid).iterator();
    while (holders.hasNext() && count < HOLDERS_MAX && out.length() < ANSWER_BYTES_MAX) {
      write(out, holders.next());
      count++;
    }
    return out.int32At(countAt, count).bool(holders.hasNext()).toBytes();
  }

  private static void write(WireWriter out, Holder holder) {
    out.string(holder.label()).string(holder.place()).int64(holder.since());
    out.int8(holder.mode().map(mode -> mode.ordinal() + 1).orElse(0)).bool(holder.waits());
  }

  private static Holder read(WireReader in) {
    return new Holder(in.string(), in.string(), in.int64(), mode(in.int8()), in.bool());
  }

  private static Optional<OpenMode> mode(int number) {
    OpenMode[] modes = OpenMode.values();
    if (number < 0 || number > modes.length) {
      throw new WireReader.MalformedException("not a mode: found=" + number);
    }
    return number == 0 ? Optional.empty() : Optional.of(modes[number - 1]);
  }

  /** A node answers this one. */
  void answered(WireReader in) {
    long asker = in.int64();
    long number = in.int64();
    long by = in.int64();
    long count = in.int64();
    List<Holder> holders = new ArrayList<>();
    for (int left = in.count(HOLDER_BYTES_MIN); left > 0; left--) {
      holders.add(read(in));
    }
    boolean truncated = in.bool();
    in.end();
    Question question = asker == self.incarnation() ? questions.get(number) : null;
    if (question != null) {
      question.answered(by, count, holders, truncated);
    }
  }
}
