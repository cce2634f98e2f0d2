/**
 * Tables: datasets of typed columns in the form of Arrow, loaded from files by all nodes, filtered
 * and aggregated where they are, and read by other engines without a copy. Begin at {@link
 * io.quire.tables.Tables}.
 */
@NullMarked
package io.quire.tables;

import org.jspecify.annotations.NullMarked;
