/// How long and how often a call is tried.
package struct AWSClientLimits: Sendable, Hashable {
    /// Attempts a call, the first one included.
    package var attempts = 5
    /// The longest pause before the second attempt; it doubles with each further one.
    package var backoffBase: Duration = .milliseconds(500)
    /// No pause is longer.
    package var backoffCap: Duration = .seconds(20)
    /// How long one attempt may take, from connecting to the body's last byte.
    package var attemptDeadline: Duration = .seconds(15)
    /// How long a call may take with all its attempts and pauses.
    package var callDeadline: Duration = .seconds(60)
    /// Most bytes of an answer's body.
    package var responseBytes = 16 * 1024 * 1024
    /// Pages of one list before it counts as endless.
    package var pages = 2_000
    /// Tokens that retries draw on; 5 each, 10 after a time-out, and a success gives back what its retry drew or 1.
    package var retryTokens = 500
    /// How long the instance metadata service may take; it is near or not there at all.
    package var metadataDeadline: Duration = .seconds(1)

    /// The values above.
    package init() {}

    /// The longest pause after this many failed attempts.
    func backoffCeiling(afterAttempt attempt: Int) -> Duration {
        let doublings = min(max(attempt - 1, 0), 16)
        return min(self.backoffBase * (1 << doublings), self.backoffCap)
    }
}
