/// Bounds of a ``DNSForwarder``.
package struct ForwarderLimits: Hashable, Sendable {
    /// Questions that may be under way at once; more are refused.
    package var questions = 512
    /// Clients that may wait for answers at once; more are refused.
    package var waiters = 2_048
    /// Responses kept.
    package var cachedAnswers = 512
    /// Bytes of all responses kept.
    package var cachedBytes = 256 * 1_024
    /// Bytes of the largest response kept.
    package var cachedMessageBytes = 16 * 1_024
    /// For how many seconds an answer is kept at most.
    package var longestAnswer: UInt32 = 3_600
    /// For how many seconds the lack of an answer is kept at most.
    package var longestLack: UInt32 = 300
    /// How long the first server may be silent before the next is asked; each further round waits twice as long.
    package var patience = Duration.seconds(2)
    /// For how long a silent server is asked last.
    package var penalty = Duration.seconds(30)

    /// The defaults.
    package init() {}
}
