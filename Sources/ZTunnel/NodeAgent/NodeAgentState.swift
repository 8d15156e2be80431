package import TunnelEngine

/// What a node agent's demands lead to; pure.
///
/// The rules are those of Istio's ztunnel, with one difference: a node agent that breaks the protocol loses its
/// connection and is asked again, while all pods stay served; upstream ends the process.
package struct NodeAgentState: Sendable {
    /// What is to be done.
    package enum Action: Hashable, Sendable {
        /// Open the pod's listeners; report by ``ended(_:attempt:error:)``.
        case start(uid: String, attempt: Int)
        /// Stop serving the pod: at once, or letting its connections end.
        case stop(uid: String, isImmediate: Bool)
        /// Answer the request; nil is success.
        case answer(String?)
        /// Answer the request with this and give the connection up.
        case refuse(String)
    }

    private enum Phase: Hashable, Sendable {
        /// Listeners are being opened; a request waits for it if `isAwaited`.
        case starting(attempt: Int, isAwaited: Bool)
        case running
        /// It could not be started.
        case pending(retryAt: UInt64)
    }

    private struct Pod: Hashable, Sendable {
        var namespace: NetworkNamespace.Identity
        var phase: Phase
    }

    private var pods: [String: Pod] = [:]
    private var named: Set<String> = []
    private var hasSnapshot = false
    private var attempts = 0

    /// How long after a failure a pod is tried again (upstream's number).
    package static let retryMilliseconds: UInt64 = 5_000
    /// Pods that are served at once; more are refused.
    package static let maximumPods = 1_024

    /// No pod is known.
    package init() {}

    /// Whether all pods of the node agent's snapshot are served.
    package var isReady: Bool { self.hasSnapshot && self.pendingCount == 0 }
    /// Pods whose listeners stand.
    package var runningCount: Int { self.pods.values.reduce(0) { $0 + ($1.phase == .running ? 1 : 0) } }
    /// Pods that should be served and are not.
    package var pendingCount: Int { self.pods.count - self.runningCount }
    /// When the next pod that failed is due; nil when none is.
    package var nextRetry: UInt64? {
        self.pods.values.compactMap { if case .pending(let at) = $0.phase { at } else { nil } }.min()
    }

    /// Whether a pod is served, or to be served.
    package func knows(_ uid: String) -> Bool { self.pods[uid] != nil }

    /// A connection stands: what it will name is what there is.
    package mutating func connected() {
        self.named = []
        self.hasSnapshot = false
        self.pods = self.pods.filter { if case .pending = $0.value.phase { false } else { true } }
        for (uid, pod) in self.pods {
            // Whoever waited for it is gone.
            guard case .starting(let attempt, true) = pod.phase else { continue }
            self.pods[uid]?.phase = .starting(attempt: attempt, isAwaited: false)
        }
    }

    /// The connection is gone; pods stay served until the next one names others.
    package mutating func disconnected() { self.hasSnapshot = false }

    /// Serve a pod.
    package mutating func add(_ uid: String, namespace: NetworkNamespace.Identity) -> [Action] {
        if !self.hasSnapshot { self.named.insert(uid) }
        var actions: [Action] = []
        if let pod = self.pods[uid] {
            switch pod.phase {
            case .running where pod.namespace == namespace: return [.answer(nil)]
            case .running, .starting: actions.append(.stop(uid: uid, isImmediate: true))
            case .pending: break
            }
        } else if self.pods.count >= Self.maximumPods {
            return [.answer("more than \(Self.maximumPods) pods are not served")]
        }
        return actions + [self.start(uid, namespace: namespace, isAwaited: true)]
    }

    private mutating func start(
        _ uid: String,
        namespace: NetworkNamespace.Identity,
        isAwaited: Bool
    ) -> Action {
        self.attempts += 1
        self.pods[uid] = Pod(namespace: namespace, phase: .starting(attempt: self.attempts, isAwaited: isAwaited))
        return .start(uid: uid, attempt: self.attempts)
    }

    /// A pod's listeners stand, or `error` says why not.
    package mutating func ended(_ uid: String, attempt: Int, error: String?, now: UInt64) -> [Action] {
        guard let pod = self.pods[uid], case .starting(attempt, let isAwaited) = pod.phase else {
            // It was deleted or begun anew meanwhile, and the newer attempt stopped this one.
            return []
        }
        self.pods[uid]?.phase = error == nil ? .running : .pending(retryAt: now + Self.retryMilliseconds)
        return isAwaited ? [.answer(error)] : []
    }

    /// A pod is gone. Before the snapshot its serving ends with the snapshot, as upstream has it.
    package mutating func delete(_ uid: String) -> [Action] {
        self.named.remove(uid)
        guard let pod = self.pods[uid] else { return [.answer(nil)] }
        if case .pending = pod.phase {
            self.pods[uid] = nil
            return [.answer(nil)]
        }
        guard self.hasSnapshot else { return [.answer(nil)] }
        self.pods[uid] = nil
        return [.stop(uid: uid, isImmediate: true), .answer(nil)]
    }

    /// A pod is still there.
    package mutating func keep(_ uid: String) -> [Action] {
        guard !self.hasSnapshot else { return [.refuse("keep is only allowed before snapshot_sent")] }
        self.named.insert(uid)
        return [.answer(nil)]
    }

    /// All pods have been named: the others are served no longer.
    package mutating func snapshotSent() -> [Action] {
        guard !self.hasSnapshot else { return [.refuse("snapshot_sent came twice")] }
        self.hasSnapshot = true
        let gone = self.pods.keys.filter { !self.named.contains($0) }.sorted()
        self.named = []
        for uid in gone { self.pods[uid] = nil }
        return gone.map { .stop(uid: $0, isImmediate: false) } + [.answer(nil)]
    }

    /// Begins those that failed and are due again.
    package mutating func retry(now: UInt64) -> [Action] {
        var actions: [Action] = []
        for (uid, pod) in self.pods.sorted(by: { $0.key < $1.key }) {
            guard case .pending(let retryAt) = pod.phase, retryAt <= now else { continue }
            actions.append(self.start(uid, namespace: pod.namespace, isAwaited: false))
        }
        return actions
    }
}
