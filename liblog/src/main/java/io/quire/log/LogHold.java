package io.quire.log;

/**
 * Somebody who needs a part of the log.
 *
 * @param by such as {@code snapshot 5000} or {@code bookmark exporter}
 * @param position nothing from here on is trimmed
 */
public record LogHold(String by, long position) {}
