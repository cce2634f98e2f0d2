package io.quire.ns;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * This node's references: for each object one word that holds the count and, in the sign bit, that
 * the object drains. One compare-and-set decides between a new reference and the end. Any thread.
 */
final class RefTable {
  private final ConcurrentHashMap<Long, Word> words = new ConcurrentHashMap<>();

  /** Count and draining bit of an object. */
  static final class Word {
    private static final long DRAINING = Long.MIN_VALUE;
    private final AtomicLong word = new AtomicLong();

    /** Takes a reference unless the object drains. */
    boolean take() {
      for (; ; ) {
        long seen = word.get();
        if ((seen & DRAINING) != 0) {
          return false;
        }
        if (word.compareAndSet(seen, seen + 1)) {
          return true;
        }
      }
    }

    void put() {
      long left = word.decrementAndGet() & ~DRAINING;
      if (left == Long.MAX_VALUE) {
        throw new IllegalStateException("more references put than taken");
      }
    }

    void drain() {
      word.getAndUpdate(seen -> seen | DRAINING);
    }

    long count() {
      return word.get() & ~DRAINING;
    }
  }

  Word word(long xid) {
    return words.computeIfAbsent(xid, _ -> new Word());
  }

  long count(long xid) {
    @Nullable Word word = words.get(xid);
    return word == null ? 0 : word.count();
  }

  /** Of all objects together; it looks at each that was opened here and is not freed. */
  long total() {
    return words.values().stream().mapToLong(Word::count).sum();
  }

  /** Forgets this very word, of an object that is gone; others may stand in its place. */
  void forget(long xid, Word word) {
    words.remove(xid, word);
  }

  /** The log freed the object; references that are held still keep the word itself. */
  void forget(long xid) {
    words.remove(xid);
  }
}
