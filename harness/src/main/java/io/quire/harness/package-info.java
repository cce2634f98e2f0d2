/**
 * Clusters of real processes on one machine. A {@link io.quire.harness.Reaper} starts every child
 * as a {@link io.quire.harness.ChildProcess} and sees that none survives it; {@link
 * io.quire.harness.JavaCommand} writes the command line of a child JVM, {@link
 * io.quire.harness.Workspace} is the directory that a run writes in, {@link io.quire.harness.Ports}
 * hands out its ports, and {@link io.quire.harness.HdfsProcesses} is a NameNode and a DataNode. All
 * of it listens on the loopback interface only.
 */
@NullMarked
package io.quire.harness;

import org.jspecify.annotations.NullMarked;
