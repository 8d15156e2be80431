extension DiscoverySnapshot {
    /// How the account and its clusters do, in a word.
    package enum Standing: String, Sendable, Hashable, CaseIterable {
        /// Nothing was read yet.
        case pending = "Pending"
        /// All was read, and nothing stands against the last poll.
        case ready = "Ready"
        /// Something can't be read now; what was read of it before stands.
        case degraded = "Degraded"
    }

    /// Something that can't be read now.
    package struct Failure: Sendable, Hashable {
        /// `account`, or the cluster's name.
        package var scope: String
        /// Such as `AccessDeniedException`.
        package var code: String
        /// One line on it.
        package var message: String
    }

    /// The first failure that stands: the account's, else that of the first cluster by name.
    package var failure: Failure? {
        let scopes =
            [("account", self.account)]
            + self.clusters.values.sorted { $0.name < $1.name }.map { ($0.name, $0.poll) }
        return scopes.lazy.compactMap { scope, poll in
            poll.errorCode.map { Failure(scope: scope, code: $0, message: poll.errorMessage ?? "") }
        }.first
    }

    /// How it does.
    package var standing: Standing {
        if self.failure != nil { return .degraded }
        return self.isComplete ? .ready : .pending
    }

    /// When the watched cluster that was read longest ago was read, in seconds since the epoch; when clusters were listed,
    /// where none is watched. `nil` when something was never read.
    package var oldestSuccess: Double? {
        guard !self.clusters.isEmpty else { return self.account.lastSuccess }
        let times = self.clusters.values.map(\.poll.lastSuccess)
        return times.contains(nil) ? nil : times.compactMap(\.self).min()
    }
}
