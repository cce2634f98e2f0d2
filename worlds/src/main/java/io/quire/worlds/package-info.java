/**
 * The protocol in simulated worlds. {@link io.quire.worlds.ProtocolSimulation} is one world of
 * cells and names, {@link io.quire.worlds.LockSimulation} one of locks and files: a seed decides
 * how many nodes it has, what clients do there, and what harm comes to them; afterwards it is
 * judged what the clients saw. {@link io.quire.worlds.SimulationRun} runs many, on all processors.
 * What a world consists of (clock, network, disks, log) is in {@code io.quire.sim}.
 */
@NullMarked
package io.quire.worlds;

import org.jspecify.annotations.NullMarked;
