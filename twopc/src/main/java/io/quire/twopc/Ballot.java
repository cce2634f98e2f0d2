package io.quire.twopc;

import io.quire.base.Member;

/**
 * What a member of the view had said of a transaction when its last attempt ended, or says now.
 *
 * @param reason of a no; empty otherwise
 */
public record Ballot(Member member, Answer answer, String reason) {
  /** Kinds of answers. */
  public enum Answer {
    /** It holds what the transaction changes, and waits for the log. */
    YES,
    /** It refused, for the reason given. */
    NO,
    /** It was asked and has not answered. */
    SILENT,
    /** It was not asked: the transaction was not for it, or nobody was asked yet. */
    NOT_ASKED
  }
}
