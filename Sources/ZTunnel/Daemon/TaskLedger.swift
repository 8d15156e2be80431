package import MeshModel

/// Decides which tasks of a host are to be served, from what runs and what the mesh knows; pure.
///
/// Fail static: what is served stays served when the mesh's state merely loses sight of it. Only its end, or the mesh
/// saying that it is not enrolled, ends that.
package struct TaskLedger: Sendable {
    /// What the mesh says of a task that runs.
    package enum Standing: Hashable, Sendable {
        /// Nothing, or nothing yet.
        case unknown
        /// That it is not ours to serve.
        case notOurs
        /// That it is enrolled, with this identity.
        case enrolled(SPIFFEID)
    }

    /// What is to be done.
    package enum Action: Hashable, Sendable {
        /// Open listeners, then write rules; report by ``started(_:)`` or ``failed(_:now:)``.
        case start(String, SPIFFEID)
        /// End serving; report by ``stopped(_:)``.
        case stop(String, Reason)
    }

    /// Why serving ends.
    package enum Reason: String, Hashable, Sendable {
        /// The task has ended: its namespace goes away, rules and all.
        case ended = "task ended"
        /// The task runs on outside of the mesh: rules are removed first.
        case left = "task left the mesh"
        /// The task has another identity now; rules stay, so that nothing goes around the mesh meanwhile.
        case renamed = "task has another identity"
    }

    private enum Phase: Hashable, Sendable {
        case starting(SPIFFEID)
        case served(SPIFFEID)
        case pending(retryAt: UInt64)
        case stopping
    }

    /// How many may be served, and when failures are retried.
    private let limits: DaemonLimits
    private var phases: [String: Phase] = [:]

    /// Nobody is served.
    package init(limits: DaemonLimits) {
        self.limits = limits
    }

    /// Tasks whose listeners and rules stand.
    package var servedCount: Int { self.count { if case .served = $0 { true } else { false } } }
    /// Tasks that should be served and are not yet: beginning, or waiting for another attempt.
    package var pendingCount: Int {
        self.count {
            switch $0 {
            case .starting, .pending: true
            case .served, .stopping: false
            }
        }
    }
    /// Whether listeners are being opened or rules written just now.
    package var isStarting: Bool { self.count { if case .starting = $0 { true } else { false } } > 0 }
    /// When the next attempt of a task that failed is due; nil when none waits.
    package var nextRetry: UInt64? {
        self.phases.values.compactMap { if case .pending(let at) = $0 { at } else { nil } }.min()
    }

    private func count(_ test: (Phase) -> Bool) -> Int { self.phases.values.reduce(0) { $0 + (test($1) ? 1 : 0) } }

    /// Compares what runs with what is served.
    /// - Parameters:
    ///   - running: all tasks that run, with their standing.
    ///   - now: the loop's milliseconds.
    /// - Returns: what to do, in the order of the task ids, and the tasks that are too many.
    package mutating func reconcile(
        _ running: [String: Standing],
        now: UInt64
    ) -> (actions: [Action], surplus: [String]) {
        var actions: [Action] = []
        var surplus: [String] = []
        for (id, phase) in self.phases.sorted(by: { $0.key < $1.key }) {
            if let action = self.review(id, phase, running[id]) { actions.append(action) }
        }
        for (id, standing) in running.sorted(by: { $0.key < $1.key }) {
            guard case .enrolled(let identity) = standing else { continue }
            switch self.phases[id] {
            case .pending(let retryAt) where retryAt > now: continue
            case nil, .pending: break
            case .starting, .served, .stopping: continue
            }
            guard self.phases[id] != nil || self.phases.count < self.limits.tasks else {
                surplus.append(id)
                continue
            }
            self.phases[id] = .starting(identity)
            actions.append(.start(id, identity))
        }
        return (actions, surplus)
    }

    private mutating func review(_ id: String, _ phase: Phase, _ standing: Standing?) -> Action? {
        switch (phase, standing) {
        case (.pending, nil), (.pending, .notOurs):
            self.phases[id] = nil
            return nil
        case (.served, nil): return self.stop(id, .ended)
        case (.served, .notOurs): return self.stop(id, .left)
        case (.served(let one), .enrolled(let other)) where one != other: return self.stop(id, .renamed)
        default: return nil
        }
    }

    private mutating func stop(_ id: String, _ reason: Reason) -> Action {
        self.phases[id] = .stopping
        return .stop(id, reason)
    }

    /// A task's listeners and rules stand.
    package mutating func started(_ id: String) {
        if case .starting(let identity) = self.phases[id] { self.phases[id] = .served(identity) }
    }

    /// A task could not be served; it is tried again later.
    package mutating func failed(_ id: String, now: UInt64) {
        if case .starting = self.phases[id] {
            self.phases[id] = .pending(retryAt: now + self.limits.retryMilliseconds)
        }
    }

    /// Nothing of a task is open any more.
    package mutating func stopped(_ id: String) {
        if self.phases[id] == .stopping { self.phases[id] = nil }
    }
}
