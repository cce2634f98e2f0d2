/**
 * A deterministic, seeded world for protocol code, and checkers of what happened in it.
 *
 * <p>A {@link io.quire.sim.World} is one thread, a virtual clock and a queue of events; the same
 * seed gives the same run, event by event. In it live {@link io.quire.sim.SimNode}s (incarnations
 * of nodes, each with a loop and a clock), a {@link io.quire.sim.SimNetwork} between them and a
 * {@link io.quire.sim.SimLog} under them; a {@link io.quire.sim.SimCluster} puts these together and
 * a {@link io.quire.sim.Nemesis} breaks them. Protocol code runs unchanged: it meets the seams of
 * {@code io.quire.base} and cannot tell.
 *
 * <p>A {@link io.quire.sim.Stage} is the other way about: on it nothing happens unless a test says
 * so, for tests that play one execution step by step.
 *
 * <p>What clients saw goes into a {@link io.quire.sim.History}, which {@link
 * io.quire.sim.Linearizability} and {@link io.quire.sim.Atomicity} judge. {@link
 * io.quire.sim.Seeds} runs a test over many seeds and says how to replay one.
 */
@NullMarked
package io.quire.sim;

import org.jspecify.annotations.NullMarked;
