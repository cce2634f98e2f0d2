package io.quire.bench;

import java.util.List;

/** What answers the queries of TPC-H, over tables that it has loaded. */
interface TpchEngine {
  /**
   * Answers a query.
   *
   * @param query its name, one of {@link TpchArea#QUERIES}
   * @return the rows in their order, fields separated by a bar: decimals and sums in full, means
   *     and shares with two digits behind the point, dates as 1995-03-05
   */
  List<String> answer(String query) throws Exception;
}
