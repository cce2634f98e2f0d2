package io.quire.lockserver;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What was answered to the newest requests of one node, so that none of them runs twice: a request
 * that comes again is given the same answer. Below the low mark, which the node raises when it
 * repeats those requests no more, nothing is known and nothing runs. Part of the fold.
 */
final class Answers {
  private final TreeMap<Long, LockAnswer> answers = new TreeMap<>();
  private long low;

  /** The node repeats nothing before this. */
  void forget(long before) {
    if (before > low) {
      low = before;
      answers.headMap(before).clear();
    }
  }

  long low() {
    return low;
  }

  @Nullable LockAnswer answer(long sequence) {
    return answers.get(sequence);
  }

  void put(long sequence, LockAnswer answer) {
    answers.put(sequence, answer);
  }

  void putIfAbsent(long sequence, LockAnswer answer) {
    if (sequence >= low) {
      answers.putIfAbsent(sequence, answer);
    }
  }

  /** What there is now, to be written later. */
  Consumer<WireWriter> capture() {
    long from = low;
    Long[] sequences = answers.keySet().toArray(new Long[0]);
    LockAnswer[] now = answers.values().toArray(new LockAnswer[0]);
    return out -> {
      out.int64(from).int32(now.length);
      for (int i = 0; i < now.length; i++) {
        out.int64(sequences[i]);
        now[i].write(out);
      }
    };
  }

  static Answers restore(WireReader in) {
    Answers read = new Answers();
    read.low = in.int64();
    int count = in.count(8 + LockAnswer.BYTES);
    for (int i = 0; i < count; i++) {
      read.answers.put(in.int64(), LockAnswer.read(in));
    }
    return read;
  }
}
