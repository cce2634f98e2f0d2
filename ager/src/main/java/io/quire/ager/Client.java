package io.quire.ager;

import java.time.Duration;
import java.util.function.Consumer;

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
  private final Pressing pressing;
  private final Account account;

  Client(Ager ager, Memory memory, Pressing pressing, Account account) {
    this.ager = ager;
    this.memory = memory;
    this.pressing = pressing;
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
   * As {@link Ager#onPressure}, and before somebody is refused because this client is at its limit:
   * then only listeners of this client are asked.
   *
   * @throws IllegalStateException if the ager is closed
   */
  public Registration onPressure(Consumer<Pressure> listener) {
    return pressing.add(account, listener);
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
   * Ends the client; its extents live on as {@link ClientConfig#DEFAULT}'s, and its listeners are
   * asked only when memory as a whole is short. Takes time in proportion to the number of all
   * extents. Further calls do nothing.
   */
  @Override
  public void close() {
    memory.close(account);
  }
}
