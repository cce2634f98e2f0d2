package io.quire.ager;

import io.quire.ager.Frame.Stored;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Extents in memory under a hard budget, paged to an ordered list of stores.
 *
 * <p>Extents are write-once: {@link #allocate} gives a draft, sealing it gives an extent that never
 * changes. So a page-in leaves a copy behind, and evicting what has a copy costs nothing. Every
 * call that may wait takes a deadline and ends with a typed failure when that has passed; nothing
 * is lost by it. Every page-in is verified by its checksum.
 *
 * <p>All methods may be called from any thread. {@link #pin} of a resident extent, {@link #tryPin}
 * and closing a pin take no lock. Sizes are in bytes; memory and stores are used in units of 4 KiB.
 *
 * <p>An extent of another ager is an {@link IllegalArgumentException}. Who waits and is interrupted
 * gets {@link AgerException.Interrupted}, and its interrupt flag is set.
 */
public final class Ager implements AutoCloseable {
  /** Limit of one extent: 1 GiB. */
  public static final long MAX_EXTENT_BYTES = 1L << 30;

  private static final Logger log = LoggerFactory.getLogger(Ager.class);
  private static final Duration OPEN_MAX = Duration.ofSeconds(30);
  private static final Duration PREFETCH_MAX = Duration.ofSeconds(30);
  private static final Duration CLOSE_MAX = Duration.ofSeconds(10);

  /** While one waits for a store, the other makes ready what comes next. */
  private static final int WRITERS = 2;

  private final AgerConfig config;
  private final Region region;
  private final List<Store> stores;
  private final Memory memory;
  private final PageIns pageIns;
  private final Persister persister;
  private final PageEvents events;
  private final Pressing pressing;
  private final List<Worker> workers = new ArrayList<>();
  private boolean closed;

  private Ager(AgerConfig config, Region region, List<Store> stores) {
    this.config = config;
    this.region = region;
    this.stores = stores;
    String prefix = "ager-" + config.owner() + "-";
    events = new PageEvents(prefix);
    memory = new Memory(config, region, stores, events);
    pageIns = new PageIns(memory, stores, config.readAheadBytes());
    persister = new Persister(memory, pageIns, stores.stream().filter(Store::isDurable).toList());
    Reclaimer reclaimer = new Reclaimer(memory);
    pressing = new Pressing(prefix, memory);
    workers.add(new Worker(prefix + "persister", persister::step));
    for (int i = 1; i <= WRITERS; i++) {
      workers.add(new Worker(prefix + "writer-" + i, new Writer(memory, pageIns, stores)::step));
    }
    workers.add(new Worker(prefix + "reclaimer", reclaimer::step));
    if (stores.size() > 1 || stores.stream().anyMatch(store -> !store.freesAtOnce())) {
      workers.add(new Worker(prefix + "mover", new Mover(memory, pageIns, stores)::step));
    }
    for (int store = 0; store < stores.size(); store++) {
      int number = store;
      for (int i = 1; i <= config.readers(); i++) {
        workers.add(
            new Worker("%sreader-%d-%d".formatted(prefix, store, i), () -> pageIns.step(number)));
      }
    }
  }

  /**
   * Maps and touches the memory, opens and probes each store, and starts. Ends within about half a
   * minute for each store.
   *
   * @throws AgerException.NoMemory if the machine does not have the budget
   * @throws AgerException.StoreUnavailable naming the store that cannot be used, and why
   */
  public static Ager open(AgerConfig config) {
    return open(config, Disk.direct(), Region::open);
  }

  static Ager open(AgerConfig config, Disk disk, LongFunction<Region> regions) {
    Region region = regions.apply(config.budgetBytes());
    List<Store> stores = new ArrayList<>();
    boolean opened = false;
    try {
      for (StoreConfig store : config.stores()) {
        stores.add(openStore(config, store, disk));
      }
      Ager ager = new Ager(config, region, List.copyOf(stores));
      opened = true;
      return ager;
    } finally {
      if (!opened) {
        Closing.stores(stores, Deadline.in(CLOSE_MAX));
        region.close();
      }
    }
  }

  private static Store openStore(AgerConfig config, StoreConfig store, Disk disk) {
    return ask(
        store,
        () ->
            store.flash() ? FlashStore.open(store, config, disk) : HadoopStore.open(store, config),
        Store::close);
  }

  /**
   * Says early, and without making or changing anything, what {@link #open} would say late: that
   * the machine does not have the memory, or that a store cannot be reached. Ends within half a
   * minute for each store.
   *
   * @throws AgerException.NoMemory if the machine does not have the budget
   * @throws AgerException.StoreUnavailable naming the store, and why
   */
  public static void check(long budgetBytes, List<StoreConfig> stores) {
    Region.check(budgetBytes);
    for (StoreConfig store : stores) {
      ask(
          store,
          () -> {
            if (store.flash()) {
              FlashStore.check(store);
            } else {
              HadoopStore.check(store);
            }
            return store;
          },
          _ -> {});
    }
  }

  private interface Asking<T> {
    T ask() throws IOException;
  }

  /** On a thread of its own, because not every file system keeps its own time limits. */
  private static <T> T ask(StoreConfig store, Asking<T> asking, Consumer<T> tooLate) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    String uri = store.uri().toString();
    Thread.ofPlatform().daemon().name("ager-open-" + uri).start(() -> ask(asking, answer, tooLate));
    try {
      return answer.get(OPEN_MAX.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw new AgerException.StoreUnavailable(uri, reason(e.getCause()), e);
    } catch (TimeoutException e) {
      answer.cancel(false);
      throw new AgerException.StoreUnavailable(uri, "did not open in time: within=" + OPEN_MAX, e);
    } catch (InterruptedException e) {
      answer.cancel(false);
      Thread.currentThread().interrupt();
      throw new AgerException.Interrupted("open: store=" + uri);
    }
  }

  private static <T> void ask(Asking<T> asking, CompletableFuture<T> answer, Consumer<T> tooLate) {
    try {
      T found = asking.ask();
      if (!answer.complete(found)) {
        tooLate.accept(found);
      }
    } catch (IOException | RuntimeException | LinkageError e) {
      answer.completeExceptionally(e);
    }
  }

  /** One line: what comes from a remote server may bring its whole stack with it. */
  private static String reason(@Nullable Throwable cause) {
    return String.valueOf(cause).lines().findFirst().orElse("");
  }

  /**
   * Opens a client: what it allocates and adopts is its own, counts against its limit, and is
   * served and evicted by its priority. Whatever is allocated or adopted without a client belongs
   * to {@link ClientConfig#DEFAULT}, which has no limit but the budget and no guarantee.
   *
   * @throws IllegalArgumentException if one of that name is open
   * @throws AgerException.TooMuchGuaranteed if all guarantees together are more than the budget
   *     without its reserve
   * @throws AgerException.TooManyClients if 255 are open
   */
  public Client client(ClientConfig config) {
    return new Client(this, memory, pressing, memory.open(config));
  }

  /**
   * Before somebody is refused who waits for room because memory as a whole is short, the listener
   * is asked to release what it can; so are those of all clients. It is asked as soon as nothing is
   * left to be written, or writing takes longer than a twentieth of a second, and again every tenth
   * of a second while somebody waits. Who has no time to wait is refused without it.
   *
   * <p>It runs on a thread of the ager, one call at a time, and may close pins and drafts and drop
   * extents. What it throws, and that it takes more than a second, is logged once; then it is
   * interrupted.
   *
   * @throws IllegalStateException if the ager is closed
   */
  public Registration onPressure(Consumer<Pressure> listener) {
    return pressing.add(memory.rest(), listener);
  }

  /**
   * Tells what becomes of extents from here on, in order, on a thread of the ager for this listener
   * alone. 65,536 events may wait for it; of more it is told how many there were ({@link
   * PageEvent.Missed}) and nothing else waits for it. What it throws is logged once. Nothing is
   * told after {@link #close}.
   *
   * @throws IllegalStateException if the ager is closed
   */
  public Registration listen(Consumer<PageEvent> listener) {
    memory.checkOpen();
    return events.add(listener);
  }

  /**
   * Memory for a new extent, private to the caller and pinned. Waits for room until the deadline.
   *
   * @param bytes 1 to 1 GiB, and no more than the budget
   * @throws IllegalArgumentException for other sizes
   * @throws AgerException.OutOfMemoryBudget if too much is pinned, or writing was too slow
   * @throws AgerException.ClientLimit if what is guaranteed to clients never leaves so much
   * @throws AgerException.NoStoreLeft if room needs something to be written and no store takes it
   * @throws AgerException.TooManyExtents if there are as many as the settings allow
   * @throws IllegalStateException if the ager is closed
   */
  public Draft allocate(long bytes, Duration deadline) {
    return allocate(memory.rest(), bytes, deadline);
  }

  Draft allocate(Account client, long bytes, Duration deadline) {
    long max = Math.min(MAX_EXTENT_BYTES, config.budgetBytes());
    if (bytes < 1 || bytes > max) {
      throw new IllegalArgumentException(
          "not a size of an extent: bytes=%d min=1 max=%d".formatted(bytes, max));
    }
    return new Draft(memory, memory.allocate(client, bytes, Deadline.in(deadline)));
  }

  /**
   * An extent whose bytes lie in a durable store, written by another process or before a restart.
   * Nothing is read before it is pinned.
   *
   * @throws IllegalArgumentException if the copy is in no store of this ager, is no durable copy,
   *     or is larger than the budget
   * @throws AgerException.TooManyExtents if there are as many as the settings allow
   * @throws IllegalStateException if the ager is closed
   */
  public Extent adopt(Copy copy) {
    return adopt(memory.rest(), copy);
  }

  Extent adopt(Account client, Copy copy) {
    if (copy.bytes() > config.budgetBytes()) {
      throw new IllegalArgumentException(
          "copy is larger than the budget: copy=%s budgetBytes=%d"
              .formatted(copy, config.budgetBytes()));
    }
    return memory.adopt(client, new Stored(storeOf(copy), copy));
  }

  /** Whether the store of a copy is one of this ager's. */
  public boolean reaches(Copy copy) {
    return stores.stream().anyMatch(store -> store.uri().equals(copy.store()));
  }

  private Store storeOf(Copy copy) {
    if (!copy.file().startsWith(Store.DURABLE)) {
      throw new IllegalArgumentException("not a durable copy: copy=" + copy);
    }
    for (Store store : stores) {
      if (store.uri().equals(copy.store())) {
        return store;
      }
    }
    throw new IllegalArgumentException(
        "no such store: wanted=%s found=%s"
            .formatted(copy.store(), stores.stream().map(Store::uri).toList()));
  }

  /**
   * Holds the extent in memory, reading it if need be. Blocks only for that, until the deadline.
   * Callers that want the same extent share one page-in.
   *
   * @throws IllegalStateException if it was dropped
   * @throws AgerException.ExtentLost if no copy of it verifies
   * @throws AgerException.StoreUnavailable if a store does not answer, or not in time
   * @throws AgerException.OutOfMemoryBudget if there is no room for it
   * @throws AgerException.ClientLimit if its client may not hold it besides what it holds
   * @throws AgerException.NoStoreLeft if room needs something to be written and no store takes it
   */
  public Pin pin(Extent extent, Duration deadline) {
    checkMine(extent);
    Crowd crowd = extent.tryPin();
    if (crowd == null) {
      pageIns.hold(extent, Deadline.in(deadline));
      crowd = Crowd.NONE;
    }
    return new Pin(extent, crowd);
  }

  /**
   * As {@link #pin}, without a thread that waits. The future completes with a pin that the caller
   * must close, or with what {@link #pin} would throw, at the deadline at the latest. What depends
   * on it runs on a thread of the ager and must be short. Whoever cancels the future gives the pin
   * back, unless {@link CompletableFuture#cancel} says false: then the pin was there before.
   *
   * @throws IllegalStateException if it was dropped
   */
  public CompletableFuture<Pin> pinAsync(Extent extent, Duration deadline) {
    checkMine(extent);
    Crowd crowd = extent.tryPin();
    return crowd != null
        ? CompletableFuture.completedFuture(new Pin(extent, crowd))
        : pageIns.pinAsync(extent, Deadline.in(deadline));
  }

  /**
   * Starts to read what is not in memory, as far as that takes nothing that is needed sooner. Does
   * not wait, and tells nobody what came of it: a pin will.
   */
  public void prefetch(List<Extent> extents) {
    extents.forEach(this::checkMine);
    for (Extent extent : extents) {
      pageIns.ahead(extent, Deadline.in(PREFETCH_MAX));
    }
  }

  /**
   * Says what is known of the future use of extents; it counts until something else is said of them
   * or the {@link Advice} ends by itself. A hint and no promise: whatever is advised, nobody is
   * refused for it, and limits of clients hold.
   */
  public void advise(List<Extent> extents, Advice advice) {
    extents.forEach(this::checkMine);
    memory.advise(extents, advice);
    if (advice == Advice.WILL_NEED) {
      prefetch(extents);
    }
  }

  /** Holds the extent if it is in memory and was not dropped; else empty. Does not wait. */
  public Optional<Pin> tryPin(Extent extent) {
    checkMine(extent);
    Crowd crowd = extent.tryPin();
    return crowd == null ? Optional.empty() : Optional.of(new Pin(extent, crowd));
  }

  /**
   * Declares that these extents will be read soon, each once. Does not wait. Close it: until then
   * it counts as a declared use of what was not read yet.
   *
   * @param deadlineEach for each extent, from the call of {@link Scan#next} that wants it
   */
  public Scan scan(List<Extent> extents, Scan.Order order, Duration deadlineEach) {
    extents.forEach(this::checkMine);
    return new Scan(memory, pageIns, extents, order, deadlineEach, config.readAheadBytes());
  }

  /**
   * Makes a durable copy, in the first durable store that takes it. The future completes when the
   * copy is synced and can be read by others; asking again gives the same copy. It fails with
   * {@link AgerException.NoStoreLeft} if no durable store takes it, with what {@link #pin} throws
   * if the extent cannot be read, and with {@link IllegalStateException} if it was dropped or the
   * ager is closed before. Many extents asked for together cost little more than one.
   */
  public CompletableFuture<Copy> persist(Extent extent) {
    return persist(extent, Origin.NONE);
  }

  /**
   * As above.
   *
   * @param origin stands in the copy, so that a {@link #orphans search for orphans} can ask whether
   *     somebody needs it; the one that was said first counts
   */
  public CompletableFuture<Copy> persist(Extent extent, Origin origin) {
    checkMine(extent);
    return persister.persist(extent, origin);
  }

  /**
   * Looks at the header of a durable copy, as far as it takes to know that the copy was written and
   * is there still; the body is verified when it is read.
   *
   * @throws IllegalArgumentException as {@link #adopt} does
   * @throws AgerException.StoreUnavailable if the store has something else there, or nothing, or
   *     cannot tell
   */
  public void check(Copy copy) {
    Store store = storeOf(copy);
    try {
      store.check(copy);
    } catch (IOException e) {
      throw new AgerException.StoreUnavailable(store.uri(), "copy not found: " + e, e);
    }
  }

  /** Looks for durable copies that nobody needs, in all stores. One for an ager is enough. */
  public OrphanSearch orphans() {
    return new OrphanSearch(config.owner(), stores);
  }

  /** Who writes here, as it stands in copies. */
  public String owner() {
    return config.owner();
  }

  /**
   * Finishes the container files that are being appended to, after what was asked for before.
   * Copies can be read by others without this.
   *
   * @throws AgerException.StoreUnavailable if that failed, or did not end in time
   */
  public void flushDurable(Duration deadline) {
    try {
      persister.finish().get(Deadline.in(deadline).remainingNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw new AgerException.StoreUnavailable("durable", String.valueOf(e.getCause()), e);
    } catch (TimeoutException e) {
      throw new AgerException.StoreUnavailable("durable", "containers not finished in time", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AgerException.Interrupted("flush of durable stores");
    }
  }

  /**
   * Forgets the extent: it cannot be pinned any more. Its memory and its place in spill are free
   * when the last pin goes; a durable copy stays. Further calls do nothing.
   */
  public void drop(Extent extent) {
    checkMine(extent);
    memory.drop(extent);
  }

  /**
   * Gives up a durable copy. The space is free when all copies in its file were given up and the
   * file is finished; that is done later, and not remembered over a restart: what is left then a
   * {@link #orphans search for orphans} finds. No extent that has been adopted from the copy may be
   * in use. To be called once for a copy.
   *
   * @throws IllegalArgumentException if the copy is in no store of this ager, or is no durable copy
   */
  public void deleteCopy(Copy copy) {
    storeOf(copy).freeDurable(copy);
  }

  /**
   * Figures of this moment. They cost a look at every extent, under the lock that page-ins and
   * allocations take: ask about once a second, not for each request.
   */
  public AgerStats stats() {
    return memory.stats(stores.stream().map(Store::stats).toList());
  }

  /** Who holds extents, and where they took them, if that is switched on. */
  public PinTrace pinTrace() {
    return memory.pinTrace();
  }

  private void checkMine(Extent extent) {
    if (extent.memory() != memory) {
      throw new IllegalArgumentException("extent of another ager: extent=" + extent.id());
    }
  }

  /**
   * Refuses all calls, ends the threads, removes what was spilled, and gives the memory back;
   * segments of pins that are still open must not be used, and drafts that are being filled and
   * pins that are being written to a channel end with an {@link IllegalStateException}. Ends within
   * half a minute. Durable copies stay. Further calls do nothing.
   *
   * @throws AgerException.StillHeld after all that, if pins are traced strictly and some are open
   */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    memory.close();
    Deadline deadline = Deadline.in(CLOSE_MAX);
    workers.forEach(Worker::stop);
    boolean ended = true;
    for (Worker worker : workers) {
      ended &= worker.awaitEnd(deadline);
    }
    ended &= pressing.close(deadline);
    ended &= events.close(deadline);
    RuntimeException why = new IllegalStateException("ager is closed: owner=" + config.owner());
    persister.close(why);
    pageIns.close(why);
    deadline = Deadline.in(CLOSE_MAX);
    ended &= Closing.stores(stores, deadline);
    if (!ended || !region.close(deadline)) {
      log.warn("memory kept, a store or a channel does not let go of it: owner={}", config.owner());
    }
    if (pinTrace().mode() == PinTrace.Mode.STRICT) {
      pinTrace().check();
    }
  }
}
