package io.quire.fabric;

/**
 * What a fabric has done since it was opened.
 *
 * @param connections open now, both those made and those accepted
 * @param bytesIn of frames, without TLS
 * @param bytesOut of frames, without TLS
 * @param requests made by this node
 * @param served requests of other nodes that a server here was given
 * @param dropped one-way messages that found no connection or a full queue, or that nobody served
 * @param overloads requests turned away at a limit, here or for a peer
 * @param deadlinesMissed requests whose deadline passed
 * @param lateAnswers that came after the deadline of their request
 * @param refused connections that were broken off before they carried a frame, for example for a
 *     certificate of another authority
 */
public record FabricStats(
    long connections,
    long bytesIn,
    long bytesOut,
    long requests,
    long served,
    long dropped,
    long overloads,
    long deadlinesMissed,
    long lateAnswers,
    long refused) {}
