package import MeshTelemetry

/// The attempts of one request: when to try again, when to wait for another attempt, when to answer. It tracks attempts
/// under way, several of them when the policy hedges.
///
/// Whoever holds it starts attempts with ``begin(now:)``, tells what comes of them, and does as it is told. A retry needs
/// a place from ``ClusterState/admitRetry(now:)`` beside; without one ``isRefused()`` gives the step in its place.
package struct RetryMachine: Sendable {
    /// What a request has come to that rules out another attempt.
    package struct Obstacles: OptionSet, Sendable, Hashable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// A response's head went to the client.
        package static let responseBegan = Self(rawValue: 1 << 0)
        /// Part of the body was not kept, so that it can't be sent again.
        package static let bodyIsGone = Self(rawValue: 1 << 1)
        /// The connection speaks another protocol now.
        package static let upgraded = Self(rawValue: 1 << 2)
    }

    /// What to do next.
    package enum Step: Sendable, Equatable {
        /// Try again after so many milliseconds. The attempt that ended is given up.
        case retry(after: UInt64)
        /// Start another attempt now and keep the one that takes long.
        case hedge
        /// Leave everything under way as it is.
        case keep
        /// Give up this attempt and wait for one that is still under way.
        case wait
        /// Answer with what this attempt brought.
        case answer(Reason)
    }

    /// Why a request is not tried again.
    package enum Reason: Sendable, Equatable {
        /// It was good, or the policy does not cover it.
        case final
        /// All retries were used: `URX` is logged.
        case exhausted
        /// The cluster has too many retries: `URX` is logged.
        case refused
        /// An obstacle.
        case impossible
        /// The request's time is over.
        case timeElapsed

        /// What the log says.
        package var flags: OutcomeFlags {
            switch self {
            case .exhausted, .refused: .upstreamRetryLimitExceeded
            case .final, .impossible, .timeElapsed: []
            }
        }
    }

    /// The policy.
    package let policy: RetryPolicy
    /// When the request's time is over, in milliseconds; nil is never.
    package let deadline: UInt64?
    /// What rules out another attempt; set as it happens.
    package var obstacles: Obstacles = []
    /// Attempts so far: what `x-envoy-attempt-count` says.
    package private(set) var attempts = 0
    /// Attempts under way.
    package private(set) var underWay = 0
    /// Retries that were ordered.
    package private(set) var retries = 0

    /// - Parameter deadline: milliseconds.
    package init(_ policy: RetryPolicy, deadline: UInt64?) {
        self.policy = policy
        self.deadline = deadline
    }

    /// Counts an attempt that begins now.
    /// - Returns: when to call ``tooSlow(now:)`` for it; nil is never. It lies before the request's own deadline.
    package mutating func begin(now: UInt64) -> UInt64? {
        self.attempts += 1
        self.underWay += 1
        guard let timeout = self.policy.attemptTimeout else { return nil }
        let end = now.addingReportingOverflow(timeout).partialValue
        if let deadline = self.deadline, deadline <= end { return nil }
        return end
    }

    /// Takes what came of an attempt. Its place among those under way is given up unless it answers.
    /// - Parameter random: any number, new for each call.
    package mutating func ended(_ result: AttemptResult, now: UInt64, random: UInt64) -> Step {
        self.underWay = max(0, self.underWay - 1)
        guard self.policy.covers(result) else { return .answer(.final) }
        guard self.obstacles.isEmpty else { return .answer(.impossible) }
        // Another attempt may still bring something better.
        if self.underWay > 0 { return .wait }
        guard self.policy.retries > 0 else { return .answer(.final) }
        guard self.retries < self.policy.retries else { return .answer(.exhausted) }
        if self.isOver(now) { return .answer(.timeElapsed) }
        self.retries += 1
        return .retry(after: self.policy.wait(before: self.retries, random: random))
    }

    /// An attempt has taken longer than one may.
    /// - Returns: `hedge` and `keep` leave it under way; every other step means that it is reset. An answer is 504 with `UT`.
    package mutating func tooSlow(now: UInt64, random: UInt64) -> Step {
        guard self.policy.hedges, self.obstacles.isEmpty, self.policy.retries > 0 else {
            return self.ended(.attemptTimeout, now: now, random: random)
        }
        if self.isOver(now) { return .answer(.timeElapsed) }
        guard self.retries < self.policy.retries else { return .keep }
        self.retries += 1
        return .hedge
    }

    /// The cluster has no place for the retry that was just ordered; it does not count.
    /// - Returns: what to do in its place.
    package mutating func isRefused() -> Step {
        self.retries = max(0, self.retries - 1)
        return self.underWay > 0 ? .keep : .answer(.refused)
    }

    private func isOver(_ now: UInt64) -> Bool { self.deadline.map { now >= $0 } ?? false }
}
