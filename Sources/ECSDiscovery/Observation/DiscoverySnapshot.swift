package import MeshModel

/// Everything that one worker has observed, last good state included.
package struct DiscoverySnapshot: Sendable, Hashable {
    /// Counts the worker's publications; 0 before the first poll.
    package var generation: UInt64
    /// Services by ARN.
    package var services: [String: ObservedService]
    /// Tasks by ARN, draining ones included.
    package var tasks: [String: ObservedTask]
    /// How each watched cluster does, by ARN.
    package var clusters: [String: ClusterStatus]
    /// How the account as a whole does: listing clusters, credentials.
    package var account: PollStatus
    /// Whether clusters with a large share of the tasks were missing or opted out once, and a second look must confirm it.
    package var isConfirmingLoss = false
    /// The namespaces that its tasks and services may be in; empty for all.
    package var namespaces: [NamespacePattern] = []
    /// Whether all of it is from before a restart.
    package var isRestored = false

    /// Nothing observed.
    package init() {
        self.generation = 0
        self.services = [:]
        self.tasks = [:]
        self.clusters = [:]
        self.account = PollStatus()
    }

    /// Whether the account and each of its watched clusters was polled to the end at least once.
    ///
    /// Before that, what is absent may only not have been seen yet.
    package var isComplete: Bool {
        self.account.lastSuccess != nil && self.clusters.values.allSatisfy { $0.poll.lastSuccess != nil }
    }

    /// Whether waiting brings nothing more: all was read once, or what can't be read now is known from before.
    package var isSettled: Bool {
        if self.isComplete { return true }
        guard self.failure != nil, !self.clusters.isEmpty else { return false }
        return self.clusters.values.allSatisfy { $0.poll.lastSuccess != nil }
    }
}

/// How polling something goes.
package struct PollStatus: Sendable, Hashable {
    /// Seconds since the epoch of the last poll that worked; `nil` when none has.
    package var lastSuccess: Double?
    /// Seconds since the epoch of the last poll that failed; `nil` when none has.
    package var lastFailure: Double?
    /// The code of the failure that stands, such as `ThrottlingException`; `nil` after a success.
    package var errorCode: String?
    /// One line on that failure.
    package var errorMessage: String?
    /// How many polls in a row have failed.
    package var failuresInARow = 0

    /// Never polled.
    package init() {}
}

/// A cluster that is watched, and how polling it goes.
package struct ClusterStatus: Sendable, Hashable {
    /// The cluster's ARN.
    package var arn: String
    /// The cluster's name.
    package var name: String
    /// Its tags as they are.
    package var tags: [String: String]
    /// What its owner says by tags: defaults for its services.
    package var settings: ObservedSettings
    /// How polling its services and tasks goes.
    package var poll: PollStatus
    /// Whether a large loss was seen once and waits for a second poll to confirm it.
    package var isConfirmingLoss = false

    /// A cluster not polled yet.
    package init(arn: String, name: String, tags: [String: String] = [:], settings: ObservedSettings = .init()) {
        self.arn = arn
        self.name = name
        self.tags = tags
        self.settings = settings
        self.poll = PollStatus()
    }
}
