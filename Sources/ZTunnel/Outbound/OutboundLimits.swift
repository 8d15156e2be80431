/// How long a client waits for its connection, in milliseconds.
struct OutboundLimits: Sendable, Hashable {
    /// One attempt, while there is another endpoint to try instead.
    var attemptMilliseconds: UInt64 = 5_000
    /// All attempts together.
    var totalMilliseconds: UInt64 = 35_000
    /// The most that a second attempt is put off by, at random, so that clients of one dead endpoint come apart.
    var jitterMilliseconds: UInt64 = 25
}
