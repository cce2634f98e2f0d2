package io.quire.harness.tpch;

import io.trino.tpch.LineItem;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * What {@link Q1} and {@link Q6} must answer, in the lines that they print. Computed straight from
 * the generator's rows, one at a time: no column, no partial result and no arithmetic is shared
 * with the queries, so that a fault in those cannot hide in here.
 */
public record PlainAnswers(List<String> q1, List<String> q6) {
  /** The answers that TPC-H publishes for scale 1, there rounded to two digits. */
  public static final PlainAnswers PUBLISHED_AT_SCALE_ONE =
      new PlainAnswers(
          List.of(
              "A|F|37734107.00|56586554400.73|53758257134.8700|55909065222.827692"
                  + "|25.52|38273.13|0.05|1478493",
              "N|F|991417.00|1487504710.38|1413082168.0541|1469649223.194375"
                  + "|25.52|38284.47|0.05|38854",
              "N|O|74476040.00|111701729697.74|106118230307.6056|110367043872.497010"
                  + "|25.50|38249.12|0.05|2920374",
              "R|F|37719753.00|56568041380.90|53741292684.6040|55889619119.831932"
                  + "|25.51|38250.85|0.05|1478870"),
          List.of("123141078.2283"));

  private static final int THREADS = 2;
  private static final int ROWS_BETWEEN_CHECKS = 1 << 16;
  // Comments play no part here, so they need not be those of TPC-H.
  private static final int COMMENT_POOL_BYTES = 1 << 20;

  /**
   * Computes the answers at a scale with two threads; about a second for each unit of scale.
   *
   * @throws TimeoutException if it takes longer than the limit
   */
  public static PlainAnswers at(double scale, Duration limit)
      throws InterruptedException, TimeoutException {
    // About 6 million rows each: small enough for sums in 64 bits, which are checked all the same.
    int parts = Math.max(THREADS, (int) Math.ceil(scale));
    List<Callable<Answer>> tasks = new ArrayList<>();
    for (int part = 1; part <= parts; part++) {
      LineitemPart rows = LineitemPart.of(scale, part, parts).withCommentPool(COMMENT_POOL_BYTES);
      tasks.add(() -> new Answer().add(rows));
    }
    ExecutorService threads =
        Executors.newFixedThreadPool(
            THREADS, Thread.ofPlatform().daemon().name("plain-answers-", 0).factory());
    try {
      Answer total = new Answer();
      for (Future<Answer> part : threads.invokeAll(tasks, limit.toNanos(), TimeUnit.NANOSECONDS)) {
        total.merge(part.get());
      }
      return total.print();
    } catch (CancellationException e) {
      throw new TimeoutException("plain answers take too long: scale=" + scale + " limit=" + limit);
    } catch (ExecutionException e) {
      throw new IllegalStateException("plain answers failed: scale=" + scale, e.getCause());
    } finally {
      threads.shutdownNow();
    }
  }

  private static final class Answer {
    private static final LocalDate Q1_LAST = LocalDate.parse("1998-12-01").minusDays(90);
    private static final LocalDate Q6_FIRST = LocalDate.parse("1994-01-01");
    private static final LocalDate Q6_END = Q6_FIRST.plusYears(1);

    private final TreeMap<String, Group> groups = new TreeMap<>();
    private BigInteger revenue = BigInteger.ZERO;

    Answer add(LineitemPart part) throws InterruptedException {
      long last = Q1_LAST.toEpochDay();
      long first = Q6_FIRST.toEpochDay();
      long end = Q6_END.toEpochDay();
      long sum = 0;
      int rows = 0;
      for (LineItem item : part.rows()) {
        if (item.shipDate() <= last) {
          group(item).add(item);
        }
        if (item.shipDate() >= first
            && item.shipDate() < end
            && item.discountPercent() >= 5
            && item.discountPercent() <= 7
            && item.quantity() < 24) {
          sum = Math.addExact(sum, item.extendedPriceInCents() * item.discountPercent());
        }
        if (++rows % ROWS_BETWEEN_CHECKS == 0 && Thread.interrupted()) {
          throw new InterruptedException("interrupted: part=" + part.part());
        }
      }
      revenue = revenue.add(BigInteger.valueOf(sum));
      return this;
    }

    private Group group(LineItem item) {
      return groups.computeIfAbsent(item.returnFlag() + "|" + item.status(), _ -> new Group());
    }

    void merge(Answer other) {
      other.groups.forEach((key, sums) -> groups.computeIfAbsent(key, _ -> new Group()).add(sums));
      revenue = revenue.add(other.revenue);
    }

    PlainAnswers print() {
      List<String> q1 = new ArrayList<>();
      groups.forEach((key, group) -> q1.add(key + "|" + group.print()));
      return new PlainAnswers(q1, List.of(new BigDecimal(revenue, 4).toString()));
    }
  }

  /** The sums of one return flag and line status. */
  private static final class Group {
    private BigInteger charges = BigInteger.ZERO;
    private BigInteger discountedPrices = BigInteger.ZERO;
    private BigInteger prices = BigInteger.ZERO;
    private long pieces;
    private long percents;
    private long count;

    // What was added since it was last carried over into the unbounded sums.
    private long recentCharges;
    private long recentDiscountedPrices;
    private long recentPrices;

    void add(LineItem item) {
      long price = item.extendedPriceInCents();
      long discounted = price * (100 - item.discountPercent());
      recentPrices = Math.addExact(recentPrices, price);
      recentDiscountedPrices = Math.addExact(recentDiscountedPrices, discounted);
      recentCharges = Math.addExact(recentCharges, discounted * (100 + item.taxPercent()));
      pieces += item.quantity();
      percents += item.discountPercent();
      count++;
    }

    void add(Group other) {
      carry();
      other.carry();
      charges = charges.add(other.charges);
      discountedPrices = discountedPrices.add(other.discountedPrices);
      prices = prices.add(other.prices);
      pieces += other.pieces;
      percents += other.percents;
      count += other.count;
    }

    private void carry() {
      charges = charges.add(BigInteger.valueOf(recentCharges));
      discountedPrices = discountedPrices.add(BigInteger.valueOf(recentDiscountedPrices));
      prices = prices.add(BigInteger.valueOf(recentPrices));
      recentCharges = 0;
      recentDiscountedPrices = 0;
      recentPrices = 0;
    }

    String print() {
      carry();
      BigDecimal quantity = BigDecimal.valueOf(pieces).setScale(2);
      BigDecimal price = new BigDecimal(prices, 2);
      return "%s|%s|%s|%s|%s|%s|%s|%d"
          .formatted(
              quantity,
              price,
              new BigDecimal(discountedPrices, 4),
              new BigDecimal(charges, 6),
              mean(quantity),
              mean(price),
              mean(BigDecimal.valueOf(percents, 2)),
              count);
    }

    private BigDecimal mean(BigDecimal sum) {
      return sum.divide(new BigDecimal(count), 2, RoundingMode.HALF_UP);
    }
  }
}
