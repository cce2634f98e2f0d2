/**
 * Columns of datasets as Apache Arrow vectors.
 *
 * <p>A {@link io.quire.columns.ColumnBlock} is the bytes of one column of one row group, and a
 * vector over those bytes without a copy. {@link io.quire.columns.ColumnStats} says little about
 * much: with it a {@link io.quire.columns.Filter} tells which blocks need not be read. A filter
 * finds rows in a {@link io.quire.columns.RowGroup}, an {@link io.quire.columns.Aggregate} adds
 * them up, and {@link io.quire.columns.RowGroupReader} shows groups to other engines.
 *
 * <p>Inside: {@code BlockPlan} lays a vector out, {@code BlockCheck} refuses bytes that would lead
 * a reader astray. {@code Domain} says how the values of a type compare, {@code Lane} reads them as
 * numbers in that order. {@code Bounds} is what a comparison leaves of a domain. {@code GroupTable}
 * numbers the groups of an aggregation, a {@code Tally} keeps one measure of all of them.
 *
 * <p>Nothing here waits or has threads, and nothing is shared unless it says so.
 */
@NullMarked
package io.quire.columns;

import org.jspecify.annotations.NullMarked;
