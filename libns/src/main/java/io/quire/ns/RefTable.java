package io.quire.ns;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.ConcurrentHashMap;
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
    private static final VarHandle WORD;

    static {
      try {
        WORD = MethodHandles.lookup().findVarHandle(Word.class, "word", long.class);
      } catch (ReflectiveOperationException e) {
        throw new ExceptionInInitializerError(e);
      }
    }

    private volatile long word;

    /** Takes a reference unless the object drains. */
    boolean take() {
      for (; ; ) {
        long seen = word;
        if ((seen & DRAINING) != 0) {
          return false;
        }
        if (WORD.compareAndSet(this, seen, seen + 1)) {
          return true;
        }
      }
    }

    void put() {
      long before = (long) WORD.getAndAdd(this, -1L) & ~DRAINING;
      if (before == 0) {
        throw new IllegalStateException("more references put than taken");
      }
    }

    void drain() {
      long _ = (long) WORD.getAndBitwiseOr(this, DRAINING);
    }

    long count() {
      return word & ~DRAINING;
    }
  }

  Word word(long xid) {
    // Looked for first, since what computes may lock a part of the table.
    Word known = words.get(xid);
    return known != null ? known : words.computeIfAbsent(xid, _ -> new Word());
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
