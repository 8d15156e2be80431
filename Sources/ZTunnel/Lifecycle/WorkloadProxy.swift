package import DataPlane
import Glibc
import MeshDNS
import MeshIdentity
package import MeshModel
import MeshTelemetry
package import TunnelEngine

/// One served workload's data plane on one event loop: its listeners, its pool of tunnels, its connections.
///
/// `@unchecked Sendable`: apart from `init`, everything runs on the loop's own thread; other threads reach it by
/// `loop.submit` only.
package final class WorkloadProxy: @unchecked Sendable {
    /// The loop.
    package let loop: EventLoop
    /// Whom it serves.
    package let workload: ServedWorkload
    let pool: TunnelPool
    let resolver: NameResolver
    /// What the mesh's names mean here.
    let names: MeshNames
    private let upstream: DNSUpstream
    /// Connections that wait for the first certificate.
    let identityQueue: IdentityQueue
    let endpointNames: EndpointNames
    let endpointLoad = EndpointLoad()
    var endpointFailures = EndpointFailures()
    var retryBudget = RetryBudget()
    let limits: ProxyLimits
    var outboundLimits: OutboundLimits
    private var listeners: [Listener] = []
    private lazy var outbound = OutboundListener(proxy: self)
    private lazy var inboundPlain = InboundPlainListener(proxy: self)
    private lazy var proxyPort = ProxyPort(proxy: self)
    private lazy var dns = DNSProxy(
        loop: self.loop,
        workload: self.workload,
        names: self.names,
        upstream: self.upstream
    )
    private lazy var tunnels = InboundTunnels(proxy: self)
    private lazy var tunnelServer = TunnelServer(
        loop: self.loop,
        limits: self.context.linkLimits,
        delegate: self.tunnels
    )
    private lazy var tunnelPort = TunnelPort(
        loop: self.loop,
        workload: self.workload,
        queue: self.identityQueue,
        server: self.tunnelServer
    )
    private var active: [ObjectIdentifier: any ActiveConnection] = [:]
    private var waiting: [InboundConnection] = []
    private lazy var sampling = LoopAlarm(loop: self.loop)
    private lazy var waitingAlarm = LoopAlarm(loop: self.loop)
    private lazy var standby = LoopAlarm(loop: self.loop)
    private lazy var deadline = LoopAlarm(loop: self.loop)
    private var onDrained: (() -> Void)?
    private var isServingNames = false
    /// The policies at the last change; nil while the workload isn't known.
    private var judgedBy: ApplicablePolicies?

    /// How often, and how many times, a proxy that takes over looks for its certificate: 20 s in all.
    private static let identityMilliseconds: UInt64 = 20
    private static let identityLooks = 1_000

    /// Makes a proxy that doesn't listen yet.
    package init(loop: EventLoop, workload: ServedWorkload) {
        self.loop = loop
        self.workload = workload
        let context = workload.mesh
        self.limits = context.configuration.limits.proxy
        self.outboundLimits = context.configuration.limits.outbound
        var limits = context.configuration.limits.pool
        limits.streamsPerLink = context.configuration.poolStreams
        limits.idleMilliseconds = context.configuration.poolIdle
        limits.link = context.linkLimits
        self.pool = TunnelPool(loop: loop, limits: limits, scope: workload.scope)
        self.upstream = DNSUpstream(
            loop: loop,
            configuration: workload.nameServers,
            avoiding: context.dnsAddresses,
            scope: workload.scope
        )
        self.resolver = NameResolver(loop: loop, upstream: self.upstream)
        self.names = MeshNames(serving: workload)
        self.identityQueue = IdentityQueue(loop: loop, identities: workload.identities)
        self.endpointNames = EndpointNames(loop: loop, resolver: self.resolver)
    }

    /// What all of the process shares.
    var context: MeshContext { self.workload.mesh }

    /// Opens all listeners; throws with the address of the first that can't be bound.
    ///
    /// Where a process before this one serves the workload still, its listeners are taken over only when there is a
    /// certificate: until then whoever connects is better served by the other.
    package func listen() throws(ListenFailure) {
        guard !self.workload.hasIdentity, self.context.listeners.inheritedWorkloads.contains(self.workload.key) else {
            return try self.openAll()
        }
        self.awaitIdentity(looks: Self.identityLooks)
    }

    private func awaitIdentity(looks: Int) {
        self.standby.set(after: Self.identityMilliseconds) { [weak self] in
            guard let self, self.onDrained == nil else { return }
            guard self.workload.hasIdentity || looks <= 1 else { return self.awaitIdentity(looks: looks - 1) }
            do throws(ListenFailure) {
                try self.openAll()
            } catch {
                self.context.log.error("listener not taken over", [LogField("error", "\(error)")])
            }
        }
    }

    private func openAll() throws(ListenFailure) {
        guard self.context.configuration.isProxyEnabled else { return }
        guard self.context.configuration.lambda == nil else {
            // Nothing is captured there, and nobody can connect to a function.
            try self.listen(MeshPorts.proxy, self.proxyPort, isPrivate: true)
            return self.sample()
        }
        try self.listen(MeshPorts.outbound, self.outbound)
        try self.listen(MeshPorts.inboundPlain, self.inboundPlain)
        if self.context.configuration.isProxyPortEnabled {
            try self.listen(MeshPorts.proxy, self.proxyPort, isPrivate: true)
        }
        try self.open(MeshPorts.inboundTunnel) { socket throws(SocketError) in try self.tunnelPort.open(socket) }
        if self.context.configuration.isDNSEnabled {
            self.isServingNames = true
            try self.dns.listen()
        }
        self.sample()
    }

    private func listen(
        _ port: UInt16,
        _ delegate: any ListenerDelegate,
        isPrivate: Bool = false
    ) throws(ListenFailure) {
        try self.open(port, isPrivate: isPrivate) { socket throws(SocketError) in
            // What is accepted has the same options, so that they cost no calls then.
            Socket.tune(socket.descriptor, keepAlive: self.context.keepAlive)
            self.listeners.append(try Listener(loop: self.loop, socket: socket, delegate: delegate))
        }
    }

    /// Opens the port's sockets of this loop and gives each to `body`, which takes it over also when it throws.
    private func open(
        _ port: UInt16,
        isPrivate: Bool = false,
        _ body: (ListeningSocket) throws(SocketError) -> Void
    ) throws(ListenFailure) {
        let sockets = try self.context.sockets(
            port,
            isPrivate: isPrivate,
            workload: self.workload.key,
            worker: self.loop.index - 1,
            scope: self.workload.scope
        )
        var rest = sockets[...]
        while let socket = rest.popFirst() {
            do throws(SocketError) {
                try body(socket)
            } catch {
                for left in rest { Socket.close(left.descriptor) }
                throw ListenFailure(address: socket.address, error: error)
            }
        }
    }

    // MARK: Connections

    /// Adds a connection; false when there are too many.
    func add(_ connection: any ActiveConnection) -> Bool {
        guard self.active.count < self.limits.connections else { return false }
        self.active[ObjectIdentifier(connection)] = connection
        return true
    }

    /// Goes on with `next` in place of a connection, however many there are.
    func replace(_ connection: any ActiveConnection, with next: any ActiveConnection) {
        self.active[ObjectIdentifier(next)] = next
        self.active[ObjectIdentifier(connection)] = nil
    }

    /// Removes a connection that is over.
    func remove(_ connection: any ActiveConnection) {
        self.active[ObjectIdentifier(connection)] = nil
        if self.active.isEmpty { self.finishDrain() }
    }

    /// What it carries at this moment, at most ``ConnectionCensus/maximumEntries``.
    func share(isLeaving: Bool) -> ConnectionCensus.Share {
        let listed = self.active.values.prefix(ConnectionCensus.maximumEntries)
        for connection in listed { connection.sample() }
        return ConnectionCensus.Share(
            key: self.workload.key,
            isLeaving: isLeaving,
            connections: listed.map(\.entry),
            omitted: self.active.count - listed.count
        )
    }

    /// Lets an inbound connection go on when our own workload is known; false when too many wait.
    func awaitWorkload(_ connection: InboundConnection) -> Bool {
        guard self.waiting.count < self.limits.waiting else { return false }
        self.waiting.append(connection)
        if self.waiting.count == 1 { self.lookAgain() }
        return true
    }

    private func lookAgain() {
        self.waitingAlarm.set(after: self.limits.waitingMilliseconds) { [weak self] in
            guard let self else { return }
            let waiting = self.waiting
            self.waiting = []
            for connection in waiting { connection.advance() }
        }
    }

    private func sample() {
        for connection in self.active.values { connection.sample() }
        self.sampling.set(after: self.limits.samplingMilliseconds) { [weak self] in self?.sample() }
    }

    /// Ends the connections that policy denies now, whether a policy changed or the workload's list of them.
    package func stateChanged(_ snapshot: MeshSnapshot) {
        let policies = self.workload.local.workload(in: snapshot).map { ApplicablePolicies(for: $0, in: snapshot) }
        // Most changes are about other workloads, and there may be thousands of connections.
        guard policies != self.judgedBy else { return }
        self.judgedBy = policies
        for connection in Array(self.active.values) { connection.recheck(snapshot) }
    }

    /// Ends the tunnels whose peers are not accepted any more, by the roots and revocations of now.
    package func judgePeers() {
        let context = self.workload.identities.latest?.context
        self.pool.judgePeers(with: context)
        self.tunnelServer.judgePeers(with: context)
    }

    /// This process stood still: links that were alive may be dead.
    package func thawed() { self.pool.distrustAll() }

    // MARK: End

    /// Stops accepting at once, lets open connections end by themselves, and ends them after the deadline.
    ///
    /// Whoever had connected before is served: what waits in the listeners' queues is taken before they close.
    /// - Parameter completion: called once, when nothing is open any more.
    package func drain(milliseconds: UInt64, completion: @escaping () -> Void) {
        guard self.onDrained == nil else { return completion() }
        self.onDrained = completion
        self.standby.cancel()
        for listener in self.listeners { if milliseconds > 0 { listener.finish() } else { listener.close() } }
        self.listeners = []
        self.deadline.set(after: milliseconds) { [weak self] in self?.terminate() }
        if self.isServingNames {
            self.dns.drain { [weak self] in
                self?.isServingNames = false
                self?.finishDrain()
            }
        }
        self.tunnelPort.drain { [weak self] in self?.finishDrain() }
        self.finishDrain()
    }

    private func terminate() {
        if !self.active.isEmpty {
            self.context.log.warning("drain deadline passed", [LogField("connections", self.active.count)])
        }
        let failure = ConnectionFailure(.drained, "connection closed due to connection drain")
        for connection in Array(self.active.values) { connection.terminate(failure) }
        self.proxyPort.close()
        self.pool.close()
        self.tunnelPort.close()
        self.dns.close()
        self.isServingNames = false
        self.finishDrain()
    }

    /// A client that negotiated on the proxy port is done with that.
    func negotiationEnded() { self.finishDrain() }

    private func finishDrain() {
        guard let completion = self.onDrained, self.active.isEmpty, self.proxyPort.isIdle, !self.tunnelPort.isServing,
            !self.isServingNames
        else { return }
        self.onDrained = nil
        self.deadline.cancel()
        self.sampling.cancel()
        self.pool.close()
        self.resolver.close()
        self.upstream.close()
        completion()
    }
}
