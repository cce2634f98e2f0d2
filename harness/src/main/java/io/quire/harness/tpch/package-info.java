/**
 * The lineitem table of TPC-H as a workload: {@link io.quire.harness.tpch.LineitemPart} generates a
 * part of it in columns, {@link io.quire.harness.tpch.Q1} and {@link io.quire.harness.tpch.Q6}
 * aggregate those columns row group by row group, and {@link io.quire.harness.tpch.PlainAnswers}
 * says what must come out. Knows bytes and segments, nothing of where they are kept.
 */
@NullMarked
package io.quire.harness.tpch;

import org.jspecify.annotations.NullMarked;
