package io.quire.ager;

import java.time.Duration;

/**
 * A user of an {@link Ager} with a limit, a guarantee and a priority of its own: a query, a cache,
 * a tenant. An extent belongs to the client that allocated or adopted it, whoever pins it; whatever
 * is asked for it counts as asked by that client. All else is done by the {@link Ager} itself.
 *
 * <p>At its limit a client's own extents make room for what it wants, and only its own. Safe from
 * any thread.
 */
public final class Client implements AutoCloseable {
  private final Ager ager;
  private final Memory memory;
  private final Account account;

  Client(Ager ager, Memory memory, Account account) {
    this.ager = ager;
    this.memory = memory;
    this.account = account;
  }

  /**
   * As {@link Ager#allocate}, for this client.
   *
   * @throws IllegalStateException if it is closed
   * @throws AgerException.ClientLimit if it may not hold so much: at the deadline if something else
   *     that it holds is in the way, else at once
   */
  public Draft allocate(long bytes, Duration deadline) {
    return ager.allocate(account, bytes, deadline);
  }

  /**
   * As {@link Ager#adopt}, for this client.
   *
   * @throws IllegalStateException if it is closed
   */
  public Extent adopt(Copy copy) {
    return ager.adopt(account, copy);
  }

  /**
   * Changes all but the name, from the next request on. What it holds beyond a new limit goes when
   * it wants more.
   *
   * @throws IllegalArgumentException if the name is another
   * @throws IllegalStateException if it is closed
   * @throws AgerException.TooMuchGuaranteed if so much cannot be guaranteed
   */
  public void change(ClientConfig to) {
    memory.change(account, to);
  }

  /**
   * Ends the client; its extents live on as {@link ClientConfig#DEFAULT}'s. Takes time in
   * proportion to the number of all extents. Further calls do nothing.
   */
  @Override
  public void close() {
    memory.close(account);
  }
}
