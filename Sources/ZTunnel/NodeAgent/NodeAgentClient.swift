import DataPlane
import MeshDNS
import MeshModel
import MeshTelemetry
import TunnelEngine

/// Serves the pods that Istio's node agent hands over (mode shared): connects to its socket, opens listeners in the
/// pods' network namespaces, and answers when they stand.
///
/// Confined to the control loop. What is to be done is decided by ``NodeAgentState``.
final class NodeAgentClient: WorkloadFinder {
    /// What the client is made of.
    struct Parts {
        var loop: EventLoop
        /// Who we are: network, cluster and names are the pods' too.
        var own: ServedWorkload
        var roster: WorkloadRoster
        /// Keeps a certificate for a pod from now on.
        var keepIdentity: (ServedWorkload) -> Void
        /// Keeps none for the pod of this uid any longer.
        var forgetIdentity: (String) -> Void
    }

    private struct Pod {
        var info: WorkloadInfo
        var namespace: NetworkNamespace
    }

    private let parts: Parts
    private var loop: EventLoop { self.parts.loop }
    private var mesh: MeshContext { self.parts.own.mesh }
    private var state = NodeAgentState()
    private var pods: [String: Pod] = [:]
    private var socket: PacketExchange?
    private var backoff = NodeAgentClient.shortestWait
    private let metrics: ManagerMetrics
    private lazy var reconnect = LoopAlarm(loop: self.loop)
    private lazy var retry = LoopAlarm(loop: self.loop)

    /// Waits between attempts to connect (upstream's numbers).
    private static let shortestWait: UInt64 = 20
    private static let longestWait: UInt64 = 15_000

    init(_ parts: Parts) {
        self.parts = parts
        self.metrics = ManagerMetrics(registry: parts.own.mesh.registry)
    }

    /// Connects, and goes on for ever.
    func start() {
        do throws(SocketError) {
            self.socket = try PacketExchange(
                loop: self.loop,
                path: self.mesh.configuration.nodeAgentSocket,
                greeting: NodeAgentMessage.hello,
                capacity: NodeAgentMessage.packetBytes,
                onPacket: { [weak self] in self?.received($0) },
                onEnd: { [weak self] in self?.disconnected($0) }
            )
            self.state.connected()
            self.mesh.log.info("node agent connected", [LogField("socket", self.mesh.configuration.nodeAgentSocket)])
        } catch {
            self.connectLater("\(error)")
        }
        self.settle()
    }

    /// A pod's identity is decided when it is added, so a change of the state is nothing to it.
    func stateChanged() {}

    /// Asks for no more pods; those that are served stay so until the roster lets them go.
    func stop() {
        self.reconnect.cancel()
        self.retry.cancel()
        self.socket?.close()
        self.socket = nil
    }

    private func disconnected(_ reason: String) {
        self.socket = nil
        self.state.disconnected()
        self.connectLater(reason)
        self.settle()
    }

    private func connectLater(_ reason: String) {
        let wait = self.backoff
        self.backoff = min(self.backoff * 2, Self.longestWait)
        self.mesh.log.write(
            wait == Self.shortestWait ? .info : .warning,
            "node agent not connected",
            [
                LogField("socket", self.mesh.configuration.nodeAgentSocket), LogField("error", reason),
                LogField("retry_in_milliseconds", wait),
            ]
        )
        self.reconnect.set(after: UInt64.random(in: wait...(wait + wait / 5))) { [weak self] in self?.start() }
    }

    private func received(_ packet: UnixMessage) {
        let message: NodeAgentMessage
        do throws(NodeAgentMessage.Malformation) {
            message = try NodeAgentMessage(packet)
        } catch {
            return self.refuse("\(error)")
        }
        // Whoever speaks the protocol is connected to again at once.
        self.backoff = Self.shortestWait
        switch message {
        case .add(let uid, let info, let namespace):
            let actions = self.state.add(uid, namespace: namespace.identity)
            if actions.contains(where: { if case .start = $0 { true } else { false } }) {
                self.pods[uid] = Pod(info: info, namespace: namespace)
            }
            self.follow(actions)
        case .delete(let uid): self.follow(self.state.delete(uid))
        case .keep(let uid): self.follow(self.state.keep(uid))
        case .snapshotSent: self.follow(self.state.snapshotSent())
        }
    }

    private func refuse(_ reason: String) {
        self.mesh.log.warning("node agent broke the protocol", [LogField("error", reason)])
        self.socket?.answer(NodeAgentMessage.answer(reason))
        self.socket?.close()
        self.backoff = max(self.backoff, 1_000)
        self.disconnected(reason)
    }

    private func follow(_ actions: [NodeAgentState.Action]) {
        for action in actions {
            switch action {
            case .start(let uid, let attempt): self.begin(uid, attempt)
            case .stop(let uid, let isImmediate): self.end(uid, isImmediate: isImmediate)
            case .answer(let error): self.socket?.answer(NodeAgentMessage.answer(error))
            case .refuse(let reason): self.refuse(reason)
            }
        }
        self.settle()
    }

    /// Tells what is pending, and wakes up for it.
    private func settle() {
        self.pods = self.pods.filter { self.state.knows($0.key) }
        self.metrics.set(active: self.state.runningCount, pending: self.state.pendingCount)
        if self.state.isReady {
            self.mesh.readiness.done(.workloads)
        } else {
            self.mesh.readiness.missing(.workloads)
        }
        guard let due = self.state.nextRetry else { return self.retry.cancel() }
        self.retry.set(after: due - min(due, self.loop.now) + 1) { [weak self] in
            guard let self else { return }
            self.follow(self.state.retry(now: self.loop.now))
        }
    }

    // MARK: One pod

    private func begin(_ uid: String, _ attempt: Int) {
        guard let pod = self.pods[uid] else { return self.began(uid, attempt, nil, "the pod is unknown") }
        let workload: ServedWorkload
        do {
            workload = try self.workload(uid, pod)
        } catch {
            return self.began(uid, attempt, nil, "\(error)")
        }
        let me = Reference(client: self)
        let loop = self.loop
        self.parts.roster.add(workload) { result in
            loop.submit {
                switch result {
                case .success: me.client?.began(uid, attempt, workload, nil)
                case .failure(let refusal): me.client?.began(uid, attempt, workload, "\(refusal)")
                }
            }
        }
    }

    /// `@unchecked Sendable`: read on the control loop only.
    private struct Reference: @unchecked Sendable {
        weak var client: NodeAgentClient?
    }

    private func workload(_ uid: String, _ pod: Pod) throws -> ServedWorkload {
        let own = self.parts.own.local
        let tenant = NamespaceTenant(namespace: pod.namespace, addresses: try pod.namespace.addresses())
        let known = tenant.workload(in: self.mesh.state.snapshot, network: own.network) {
            $0.name == pod.info.name && $0.identity.namespace == pod.info.namespace
                && $0.identity.serviceAccount == pod.info.serviceAccount
        }
        let named = try SPIFFEID(
            trustDomain: own.identity.trustDomain,
            namespace: pod.info.namespace,
            serviceAccount: pod.info.serviceAccount
        )
        let identity = known?.identity ?? named
        let local = LocalWorkload(
            identity: identity,
            network: own.network,
            cluster: own.cluster,
            meshDomain: own.meshDomain,
            name: pod.info.name,
            addresses: tenant.addresses
        )
        let mark = self.mesh.configuration.packetMark ?? SocketScope.meshMark
        var nameServers = self.parts.own.nameServers
        // Our own list is that of another namespace; without one a pod is taken to have Kubernetes' usual list.
        nameServers.search = []
        return ServedWorkload(
            key: uid,
            mesh: self.mesh,
            local: local,
            nameServers: nameServers,
            scope: SocketScope(namespace: pod.namespace, mark: mark)
        )
    }

    private func began(_ uid: String, _ attempt: Int, _ workload: ServedWorkload?, _ error: String?) {
        if let error {
            self.mesh.log.warning("pod can't be served yet", [LogField("uid", uid), LogField("error", error)])
        } else if let workload, self.parts.roster.workload(uid) === workload {
            self.metrics.oneStarted()
            self.parts.keepIdentity(workload)
            self.mesh.log.info(
                "pod served",
                [LogField("uid", uid), LogField("identity", "\(workload.local.identity)")]
            )
        }
        self.follow(self.state.ended(uid, attempt: attempt, error: error, now: self.loop.now))
    }

    private func end(_ uid: String, isImmediate: Bool) {
        self.parts.forgetIdentity(uid)
        if self.parts.roster.workload(uid) != nil { self.metrics.oneStopped() }
        self.mesh.log.info("pod no longer served", [LogField("uid", uid)])
        self.parts.roster.remove(uid, milliseconds: isImmediate ? 0 : self.mesh.configuration.drainDeadline)
    }
}
