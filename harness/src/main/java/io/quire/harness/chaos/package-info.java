/**
 * Harm to clusters of real processes, and what may not come of it. A run starts nodes, each a JVM
 * of its own ({@link io.quire.harness.chaos.ChaosNode}) with clients inside; does harm to them as a
 * seed says; collects what every client asked and learned; and checks it against what Quire
 * promises. Begin at {@link io.quire.harness.chaos.Chaos}.
 */
@NullMarked
package io.quire.harness.chaos;

import org.jspecify.annotations.NullMarked;
