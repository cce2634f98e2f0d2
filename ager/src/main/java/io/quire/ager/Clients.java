package io.quire.ager;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Who allocates, and what each holds. An extent belongs to the client that allocated it; all that
 * has no client belongs to the one of number 0. Guarded by the lock of {@link Memory}.
 *
 * <p>Towards drafts each client counts with what it holds or with what is guaranteed to it,
 * whichever is more; the sum never exceeds what drafts may use. So what is guaranteed can always be
 * had, and drafts of others never make a client hold less than that.
 */
final class Clients {
  /** The one of number 0 included. */
  static final int MAX = 256;

  private final int budgetPages;
  private final int draftPages;
  private final @Nullable Account[] accounts = new Account[MAX];

  /** Numbers of clients, those of one priority together, the lowest first. */
  private int[][] groups = {};

  private int guaranteedPages;

  /**
   * With the one for all that has no client.
   *
   * @param draftPages of which guarantees are given
   */
  Clients(int budgetPages, int draftPages) {
    this.budgetPages = budgetPages;
    this.draftPages = draftPages;
    add(0, ClientConfig.of(ClientConfig.DEFAULT));
  }

  private Account add(int number, ClientConfig config) {
    Account account = new Account(number, config);
    accounts[number] = account;
    set(account, config);
    return account;
  }

  private void set(Account account, ClientConfig config) {
    account.config = config;
    account.limitPages = (int) Math.min(budgetPages, config.limitBytes() / Runs.PAGE_BYTES);
    account.guaranteedPages = Runs.pagesOf(config.guaranteedBytes());
    List<Account> all = all();
    guaranteedPages = all.stream().mapToInt(each -> each.guaranteedPages).sum();
    TreeMap<Integer, List<Integer>> byPriority = new TreeMap<>();
    for (Account each : all) {
      byPriority.computeIfAbsent(each.config.priority(), _ -> new ArrayList<>()).add(each.number);
    }
    groups =
        byPriority.values().stream()
            .map(numbers -> numbers.stream().mapToInt(Integer::intValue).toArray())
            .toArray(int[][]::new);
  }

  /** By their numbers. */
  List<Account> all() {
    List<Account> all = new ArrayList<>();
    for (Account account : accounts) {
      if (account != null) {
        all.add(account);
      }
    }
    return all;
  }

  // ---- who they are

  Account open(ClientConfig config) {
    int number = 0;
    for (int i = MAX - 1; i > 0; i--) {
      number = accounts[i] == null ? i : number;
    }
    for (Account each : all()) {
      if (each.config.name().equals(config.name())) {
        throw new IllegalArgumentException("client is open: name=" + config.name());
      }
    }
    if (number == 0) {
      throw new AgerException.TooManyClients(MAX - 1);
    }
    checkGuarantee(0, config);
    return add(number, config);
  }

  void change(Account account, ClientConfig config) {
    checkOpen(account);
    if (!account.config.name().equals(config.name())) {
      throw new IllegalArgumentException(
          "names differ: found=%s wanted=%s".formatted(config.name(), account.config.name()));
    }
    checkGuarantee(account.guaranteedPages, config);
    set(account, config);
  }

  private void checkGuarantee(int before, ClientConfig config) {
    long free = (long) (draftPages - guaranteedPages + before) * Runs.PAGE_BYTES;
    if (config.guaranteedBytes() > free) {
      throw new AgerException.TooMuchGuaranteed(config.name(), config.guaranteedBytes(), free);
    }
  }

  void checkOpen(Account account) {
    if (account.closed) {
      throw new IllegalStateException("client is closed: name=" + account.config.name());
    }
  }

  /** Its extents must be another's by now; what is being made room for goes over too. */
  void close(Account account) {
    Account rest = get(0);
    rest.heldPages += account.heldPages;
    rest.dirtyBytes += account.dirtyBytes;
    account.closed = true;
    accounts[account.number] = null;
    set(rest, rest.config);
  }

  Account get(int number) {
    Account account = accounts[number];
    if (account == null) {
      throw new IllegalStateException("no such client: number=" + number);
    }
    return account;
  }

  Account of(Extent extent) {
    return get(extent.client());
  }

  // ---- what they hold

  void takes(Extent extent) {
    of(extent).heldPages += extent.pages();
  }

  void gives(Extent extent) {
    gives(of(extent), extent.pages());
  }

  /** What it took before it was closed, if it was. */
  void gives(Account account, int pages) {
    (account.closed ? get(0) : account).heldPages -= pages;
  }

  /** Whether its client may hold it besides what it holds; memory as a whole may be full. */
  boolean allows(Extent extent) {
    Account account = of(extent);
    return account.limitPages == budgetPages
        || account.heldPages + extent.pages() <= account.limitPages;
  }

  /** Whether its client may hold it if it holds nothing else. */
  boolean everAllows(Extent extent, boolean draft) {
    return extent.pages() <= mostPages(of(extent), draft);
  }

  private int mostPages(Account account, boolean draft) {
    int others = guaranteedPages - account.guaranteedPages;
    return draft && others > 0
        ? Math.min(account.limitPages, draftPages - others)
        : account.limitPages;
  }

  /** What drafts must leave unused when this one has its place. */
  int unusedPages(Extent draft) {
    int unused = 0;
    if (guaranteedPages > 0) {
      for (Account account : accounts) {
        if (account != null) {
          unused += account.unusedPages(account.number == draft.client() ? draft.pages() : 0);
        }
      }
    }
    return unused;
  }

  AgerException.ClientLimit refusal(Extent extent, boolean draft) {
    Account account = of(extent);
    return new AgerException.ClientLimit(
        account.config.name(),
        (long) mostPages(account, draft) * Runs.PAGE_BYTES,
        account.heldBytes(),
        extent.bytes(),
        everAllows(extent, draft));
  }

  // ---- whose extents go

  /** From whom memory may be taken for an extent. */
  enum Reach {
    /** Its own client, which is at its limit. */
    OWN,
    /** All but what is guaranteed to others. */
    SPARE,
    ALL
  }

  /** Numbers of all, in the order in which their extents go. */
  int[][] groups() {
    return groups;
  }

  /** Numbers of those from whom it may be, in the order in which they are asked. */
  int[][] groups(Extent extent, Reach reach) {
    int own = extent.client();
    if (reach == Reach.OWN) {
      return new int[][] {{own}};
    }
    if (reach == Reach.ALL || guaranteedPages == 0) {
      return groups;
    }
    int[][] some = new int[groups.length][];
    for (int i = 0; i < groups.length; i++) {
      some[i] = groups[i].clone();
      int count = 0;
      for (int number : groups[i]) {
        if (number == own || get(number).sparePages() > 0) {
          some[i][count++] = number;
        }
      }
      some[i] = Arrays.copyOf(some[i], count);
    }
    return some;
  }

  /** Whether this victim may go, of a client that {@link #groups(Extent, Reach)} has named. */
  boolean mayTake(Extent victim, Extent forWhom, Reach reach) {
    return reach != Reach.SPARE
        || guaranteedPages == 0
        || victim.client() == forWhom.client()
        || of(victim).sparePages() >= victim.pages();
  }

  /** By their names, as {@link AgerStats} has them. */
  List<AgerStats.ClientStats> stats(long[] pinnedBytes) {
    return all().stream()
        .map(account -> stats(account, pinnedBytes[account.number]))
        .sorted(Comparator.comparing(AgerStats.ClientStats::name))
        .toList();
  }

  private static AgerStats.ClientStats stats(Account account, long pinnedBytes) {
    return new AgerStats.ClientStats(
        account.config.name(),
        account.limitBytes(),
        (long) account.guaranteedPages * Runs.PAGE_BYTES,
        account.config.priority(),
        account.heldBytes(),
        pinnedBytes,
        account.dirtyBytes,
        account.pageIns,
        account.waits,
        account.refusals);
  }
}
