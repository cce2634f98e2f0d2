/**
 * Datasets: objects whose data are extents on many nodes.
 *
 * <p>Start at {@link io.quire.datasets.Datasets}. A load fills extents on all members and publishes
 * them as one object of the namespace, whose value is the {@link io.quire.datasets.Descriptor}:
 * nobody sees half of it. A scan runs a {@link io.quire.datasets.ScanFunction} where the data are.
 * Any node can read the whole.
 *
 * <p>Inside: {@code Registry} knows which extents this node holds, by object and place. {@code
 * CallServer} takes the control requests of other members ({@code Call}, {@code Reply}), {@code
 * ExtentServer} gives them bytes. {@code LoadRun}, {@code LineLoad}, {@code ScanRun}, {@code
 * ScanStream} and {@code DatasetRead} are the coordinating sides, each confined to the thread that
 * called; {@code PartLoad}, {@code ExtentTaking}, {@code FragmentScan} and {@code Course} are the
 * sides of the members. {@code SpareRun} has parts held by more than one member. {@code
 * Publication} makes an object of what was loaded, or the next version of one, or takes it back.
 * {@code Sweep} drops what no object needs.
 *
 * <p>Threads: requests arrive on the fabric's I/O threads and leave them at once. Functions run on
 * a few platform threads ({@code Workers}), all that waits on virtual ones, and both are bounded.
 */
@NullMarked
package io.quire.datasets;

import org.jspecify.annotations.NullMarked;
