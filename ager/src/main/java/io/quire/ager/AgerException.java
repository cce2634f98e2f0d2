package io.quire.ager;

import java.util.List;

/**
 * What may go wrong in the ager. Nothing has changed when one of these is thrown, unless its
 * description says so; the same call may be made again when {@link #retryable()}.
 */
public abstract sealed class AgerException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private static final int HOLDERS_NAMED_MAX = 8;

  private final boolean retryable;

  private AgerException(String message, boolean retryable, Throwable... causes) {
    super(message, causes.length == 0 ? null : causes[0]);
    this.retryable = retryable;
  }

  /** The first few. */
  private static String named(List<PinTrace.Holder> holders) {
    return holders.stream().limit(HOLDERS_NAMED_MAX).toList().toString();
  }

  /** Whether the same call may succeed later without anyone repairing anything. */
  public final boolean retryable() {
    return retryable;
  }

  /**
   * No room within the deadline, although nothing waits to be written: too much is pinned. By whom
   * is in the message while {@link PinTrace} is on.
   */
  public static final class OutOfMemoryBudget extends AgerException {
    private static final long serialVersionUID = 1;

    private final long bytesWanted;
    private final long budgetBytes;
    private final long pinnedBytes;
    private final transient List<PinTrace.Holder> holders;

    OutOfMemoryBudget(
        long bytesWanted,
        long budgetBytes,
        long pinnedBytes,
        List<Long> somePinned,
        List<PinTrace.Holder> holders) {
      super(
          "no room in the memory budget: bytesWanted=%d budgetBytes=%d pinnedBytes=%d pinned=%s%s"
              .formatted(
                  bytesWanted,
                  budgetBytes,
                  pinnedBytes,
                  somePinned,
                  holders.isEmpty() ? "" : " holders=" + named(holders)),
          true);
      this.holders = List.copyOf(holders);
      this.bytesWanted = bytesWanted;
      this.budgetBytes = budgetBytes;
      this.pinnedBytes = pinnedBytes;
    }

    /** Of the draft or extent that found no room. */
    public long bytesWanted() {
      return bytesWanted;
    }

    /** The whole budget, {@link AgerConfig#budgetBytes}. */
    public long budgetBytes() {
      return budgetBytes;
    }

    /** Bytes of drafts and of extents that somebody had pinned when the deadline passed. */
    public long pinnedBytes() {
      return pinnedBytes;
    }

    /** Some of those who held them, the oldest first; none unless {@link PinTrace} is on. */
    public List<PinTrace.Holder> holders() {
      return holders;
    }
  }

  /**
   * Its client holds so much already, and nothing of that could go within the deadline; or it may
   * never hold so much. Other clients are not concerned.
   */
  public static final class ClientLimit extends AgerException {
    private static final long serialVersionUID = 1;

    private final String client;
    private final long limitBytes;
    private final long heldBytes;
    private final long bytesWanted;

    ClientLimit(
        String client, long limitBytes, long heldBytes, long bytesWanted, boolean retryable) {
      super(
          "client may not hold so much: client=%s limitBytes=%d heldBytes=%d bytesWanted=%d"
              .formatted(client, limitBytes, heldBytes, bytesWanted),
          retryable);
      this.client = client;
      this.limitBytes = limitBytes;
      this.heldBytes = heldBytes;
      this.bytesWanted = bytesWanted;
    }

    /** Its name. */
    public String client() {
      return client;
    }

    /** What it may hold; for a draft no more than what is guaranteed to others leaves. */
    public long limitBytes() {
      return limitBytes;
    }

    /** What it held when it was refused: its drafts and its extents in memory. */
    public long heldBytes() {
      return heldBytes;
    }

    /** Of the draft or extent that was refused. */
    public long bytesWanted() {
      return bytesWanted;
    }
  }

  /** More would be guaranteed to clients than drafts may use. */
  public static final class TooMuchGuaranteed extends AgerException {
    private static final long serialVersionUID = 1;

    TooMuchGuaranteed(String client, long bytesWanted, long bytesFree) {
      super(
          "cannot be guaranteed: client=%s bytesWanted=%d bytesFree=%d"
              .formatted(client, bytesWanted, bytesFree),
          true);
    }
  }

  /** No more clients can be opened. */
  public static final class TooManyClients extends AgerException {
    private static final long serialVersionUID = 1;

    TooManyClients(int max) {
      super("too many clients: max=" + max, true);
    }
  }

  /**
   * Something had to be written and no store took it: each is full, failing or missing. The extents
   * concerned stay in memory and readable.
   */
  public static final class NoStoreLeft extends AgerException {
    private static final long serialVersionUID = 1;

    private final transient List<String> reasons;

    NoStoreLeft(long bytesWanted, List<String> reasons) {
      super("no store takes more: bytesWanted=%d stores=%s".formatted(bytesWanted, reasons), true);
      this.reasons = List.copyOf(reasons);
    }

    /** One line for each store: which, and why not. */
    public List<String> reasons() {
      return reasons;
    }
  }

  /** No copy of this extent verifies. Other extents are not concerned. */
  public static final class ExtentLost extends AgerException {
    private static final long serialVersionUID = 1;

    private final transient Extent extent;
    private final transient List<Copy> copies;

    ExtentLost(Extent extent, List<Copy> copies, List<String> reasons) {
      super(
          "extent lost: extent=%d bytes=%d copies=%s reasons=%s"
              .formatted(extent.id(), extent.bytes(), copies, reasons),
          false);
      this.extent = extent;
      this.copies = List.copyOf(copies);
    }

    /** The one that is lost, still to be dropped. */
    public Extent extent() {
      return extent;
    }

    /** Every copy that was tried. */
    public List<Copy> copies() {
      return copies;
    }
  }

  /** A store could not be opened, did not answer in time, or answers with errors. */
  public static final class StoreUnavailable extends AgerException {
    private static final long serialVersionUID = 1;

    private final String store;

    StoreUnavailable(String store, String why, Throwable... causes) {
      super("store unavailable: store=%s reason=%s".formatted(store, why), true, causes);
      this.store = store;
    }

    /** The store's URI. */
    public String store() {
      return store;
    }
  }

  /**
   * Bytes that were to be copied are not the bytes that were sealed: somebody wrote to the segment
   * after the seal, or memory is faulty. No copy was made.
   */
  public static final class CorruptExtent extends AgerException {
    private static final long serialVersionUID = 1;

    CorruptExtent(long extent, int wanted, int found) {
      super(
          "extent changed after its seal: extent=%d crcWanted=%08x crcFound=%08x"
              .formatted(extent, wanted, found),
          false);
    }
  }

  /**
   * A channel ended before the draft that was to be filled from it was full. The draft is still
   * open, and its content unspecified.
   */
  public static final class InputTooShort extends AgerException {
    private static final long serialVersionUID = 1;

    private final long bytesWanted;
    private final long bytesFound;

    InputTooShort(long bytesWanted, long bytesFound) {
      super(
          "input ended too early: bytesWanted=%d bytesFound=%d".formatted(bytesWanted, bytesFound),
          false);
      this.bytesWanted = bytesWanted;
      this.bytesFound = bytesFound;
    }

    /** How many bytes the channel was to give. */
    public long bytesWanted() {
      return bytesWanted;
    }

    /** How many it gave before its end. */
    public long bytesFound() {
      return bytesFound;
    }
  }

  /**
   * A channel did not give or take all bytes before the deadline. Some have been moved; a channel
   * other than a file is closed, if it can be by another thread.
   */
  public static final class TransferTooSlow extends AgerException {
    private static final long serialVersionUID = 1;

    TransferTooSlow(long bytesWanted, long bytesDone) {
      super(
          "channel was too slow: bytesWanted=%d bytesDone=%d".formatted(bytesWanted, bytesDone),
          false);
    }
  }

  /** Pins and drafts are open that should have been closed, as {@link PinTrace} knows. */
  public static final class StillHeld extends AgerException {
    private static final long serialVersionUID = 1;

    private final transient List<PinTrace.Holder> holders;

    StillHeld(List<PinTrace.Holder> holders) {
      super("still held: count=%d holders=%s".formatted(holders.size(), named(holders)), false);
      this.holders = List.copyOf(holders);
    }

    /** All of them, the oldest first. */
    public List<PinTrace.Holder> holders() {
      return holders;
    }
  }

  /** The memory region could not be had from the operating system. */
  public static final class NoMemory extends AgerException {
    private static final long serialVersionUID = 1;

    NoMemory(long bytes, String why) {
      super("cannot have the memory region: bytes=%d reason=%s".formatted(bytes, why), false);
    }
  }

  /** The table of extents is full. */
  public static final class TooManyExtents extends AgerException {
    private static final long serialVersionUID = 1;

    TooManyExtents(int max) {
      super("too many extents: max=" + max, false);
    }
  }

  /** The calling thread was interrupted while it waited; its interrupt flag is set again. */
  public static final class Interrupted extends AgerException {
    private static final long serialVersionUID = 1;

    Interrupted(String what) {
      super("interrupted: during=" + what, true);
    }
  }
}
