package io.quire.lockserver;

/**
 * What other folds of the log may ask about locks, as of the last entry that was applied: they
 * decide by it alike on every node. On the loop.
 */
public interface LockConditions {
  /** No lock server: nobody ever has a lock. */
  LockConditions NONE =
      new LockConditions() {
        @Override
        public boolean held(long generation) {
          return false;
        }

        @Override
        public boolean free(String path) {
          return true;
        }
      };

  /** Whether this generation is held. */
  boolean held(long generation);

  /** Whether nobody holds the lock of this path or waits for it, and no lock delay is on it. */
  boolean free(String path);
}
