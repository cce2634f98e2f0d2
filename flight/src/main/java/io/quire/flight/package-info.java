/**
 * Arrow Flight: tables for clients that are not Quire's. Each node lists and describes them, says
 * which node has which rows, and streams row groups as they lie in memory. Begin at {@link
 * io.quire.flight.TableFlights}.
 */
@NullMarked
package io.quire.flight;

import org.jspecify.annotations.NullMarked;
