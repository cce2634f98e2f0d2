/**
 * Input files, read in splits into Arrow batches.
 *
 * <p>Start at {@link io.quire.formats.Inputs}. It finds files, and the {@link
 * io.quire.formats.SchemaText schema} of what is in them; {@link io.quire.formats.Split} cuts them;
 * and it opens a {@link io.quire.formats.RecordSource} for one split, whose rows go to batches, or
 * to {@link io.quire.formats.BadRows} if they cannot be read. {@link io.quire.formats.Tpch} has
 * tables that are made instead. What fails is a {@link io.quire.formats.FormatsException}.
 *
 * <p>Inside: {@code FileSystems} holds the connections. {@code Opening} makes {@code Rows} of a
 * split: {@code CsvRows} over {@code CsvRecords}, {@code JsonRows} over {@code JsonRecords}, both
 * over the {@code LineReader}; {@code ParquetRows}, {@code RawRows}, {@code TpchRows}. {@code
 * BatchSource} fills a {@code Batch} from them, whose {@code Column}s know the types and {@code
 * Values} their texts. {@code Inference} guesses types.
 *
 * <p>Threads: a source is confined to one, and has none of its own.
 */
@NullMarked
package io.quire.formats;

import org.jspecify.annotations.NullMarked;
