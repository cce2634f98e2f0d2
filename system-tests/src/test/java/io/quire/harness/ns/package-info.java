/**
 * Namespaces on several nodes, each a process of its own: what all of them do at once, and what
 * then must be so on each.
 */
@NullMarked
package io.quire.harness.ns;

import org.jspecify.annotations.NullMarked;
