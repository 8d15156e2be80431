import BoringTLS
package import DataPlane
import HTTPRouting
package import MeshDNS
import MeshIdentity
import MeshModel
import MeshTelemetry
package import TunnelEngine

/// Something that is carried and can be ended.
protocol ActiveSession: AnyObject {
    /// What its client's identity has of the loop.
    var share: IdentityShare { get }
    /// Counts what was carried since the last time.
    func sample()
    /// Judges it by a new plan.
    func planChanged(_ plan: WaypointPlan)
    /// Ends it at once.
    func terminate()
}

/// One event loop of a waypoint's data plane.
///
/// `@unchecked Sendable`: apart from `init`, everything runs on the loop's own thread; other threads reach it by
/// `loop.submit` only.
package final class WaypointWorker: @unchecked Sendable {
    /// The loop.
    let loop: EventLoop
    let context: WaypointContext
    /// What decides now.
    private(set) var plan: WaypointPlan
    var random: LoopRandom
    private(set) lazy var tunnels = TunnelPool(loop: self.loop, limits: self.poolLimits)
    private(set) lazy var upstreams = UpstreamPool(worker: self)
    private lazy var inbound = WaypointTunnels(worker: self)
    private lazy var server = TunnelServer(
        loop: self.loop,
        limits: self.linkLimits,
        connectionLimit: self.context.configuration.limits.connections,
        connectionsPerIdentity: self.context.configuration.limits.connectionsPerIdentity,
        delegate: self.inbound
    )
    private let names: NameBook
    private var sessions: [ObjectIdentifier: any ActiveSession] = [:]
    /// Of the identities that have a session.
    private var shares: [String: IdentityShare] = [:]
    private lazy var sampling = LoopAlarm(loop: self.loop)
    private lazy var deadline = LoopAlarm(loop: self.loop)
    private var servers: [EndpointServer] = []
    private var onDrained: (() -> Void)?
    private var isServing = false
    /// Requests under way.
    var requests = 0 {
        didSet { self.context.metrics.requests.add(Int64(self.requests - oldValue)) }
    }
    /// Copies of requests under way.
    var mirrors = 0 {
        didSet { self.context.metrics.mirrors.add(Int64(self.mirrors - oldValue)) }
    }
    /// Bytes of bodies that are inspected.
    var inspectedBytes = 0 {
        didSet { self.context.metrics.inspectedBytes.add(Int64(self.inspectedBytes - oldValue)) }
    }
    /// Tokens that were verified lately.
    var tokenCache = TokenCache()
    let reporting: RequestReporting
    private var streams: UInt64 = 0
    private var direct: [DirectKey: ClusterPlan] = [:]

    /// Of the endpoints that were used under this plan.
    private var endpointLabels: [ObjectIdentifier: (endpoint: EndpointHandle, labels: PeerLabels)] = [:]

    private struct DirectKey: Hashable {
        var uid: String
        var ip: IPAddress?
        var port: UInt16
    }

    /// Makes a worker that serves nothing yet.
    package init(loop: EventLoop, context: WaypointContext, resolver: ResolverConfiguration, plan: WaypointPlan) {
        self.loop = loop
        self.context = context
        self.plan = plan
        self.random = LoopRandom(seed: UInt64.random(in: 0...UInt64.max))
        self.names = NameBook(loop: loop, configuration: resolver)
        self.reporting = RequestReporting(context.requestMetrics, registry: context.registry)
    }

    /// The wall clock, in nanoseconds since 1970.
    var wallClock: UInt64 { WallClock.nanoseconds }

    /// Microseconds since a record began.
    func microseconds(since start: UInt64) -> UInt64 {
        let now = WallClock.nanoseconds
        return now > start ? (now - start) / 1_000 : 0
    }

    /// A number for a connection or request that no other of the process has: the loop's, and a count.
    func nextStream() -> UInt64 {
        self.streams &+= 1
        return UInt64(clamping: self.loop.index) << 48 | self.streams & 0xffff_ffff_ffff
    }

    private var linkLimits: LinkLimits {
        var limits = self.context.configuration.limits.link
        limits.keepAlive = self.context.keepAlive
        return limits
    }

    private var poolLimits: TunnelPoolLimits {
        var limits = TunnelPoolLimits()
        limits.link = self.linkLimits
        limits.idleMilliseconds = 3_600_000
        return limits
    }

    /// Keeps an endpoint that runs on this loop.
    func keep(_ server: EndpointServer) { self.servers.append(server) }

    // MARK: Life

    /// Starts taking tunnels.
    package func listen() throws(ListenFailure) {
        self.loop.heldBytesLimit = self.context.configuration.limits.heldBytes
        let address = self.context.listenAddress(port: MeshPorts.inboundTunnel)
        do throws(SocketError) {
            try self.server.listen(on: address)
        } catch {
            throw ListenFailure(address: address, error: error)
        }
        self.isServing = true
        self.sample()
    }

    private func sample() {
        for session in self.sessions.values { session.sample() }
        self.sampling.set(after: self.context.configuration.limits.samplingMilliseconds) { [weak self] in
            self?.sample()
        }
    }

    /// Takes over a new plan.
    func change(_ plan: WaypointPlan) {
        self.plan = plan
        self.endpointLabels = [:]
        for session in Array(self.sessions.values) { session.planChanged(plan) }
        self.upstreams.planChanged(plan, keeping: Set(self.direct.values.map { ObjectIdentifier($0.state) }))
    }

    /// Judges the peers of live tunnels anew.
    func judgePeers() {
        let context = self.context.identities.latest?.context
        self.tunnels.judgePeers(with: context)
        self.server.judgePeers(with: context)
    }

    /// Takes no new tunnels, tells peers to go elsewhere, and ends what is left after the deadline.
    /// - Parameters:
    ///   - milliseconds: the deadline; nil for the setting's, else the mesh's.
    ///   - completion: called once, when nothing is carried any more.
    func drain(milliseconds: UInt64? = nil, completion: @escaping () -> Void) {
        guard self.isServing, self.onDrained == nil else { return completion() }
        self.onDrained = completion
        for session in Array(self.sessions.values) { (session as? InnerConnection)?.drain() }
        let deadline =
            milliseconds ?? self.context.configuration.drainMilliseconds ?? self.plan.settings.drainMilliseconds
            ?? Configuration.defaultDrainMilliseconds
        self.context.log.debug("draining", [LogField("deadline_milliseconds", deadline)])
        self.deadline.set(after: deadline) { [weak self] in self?.terminate() }
        self.server.drain { [weak self] in self?.finish() }
    }

    private func terminate() {
        for session in Array(self.sessions.values) { session.terminate() }
        self.server.close()
        self.finish()
    }

    private func finish() {
        guard let completion = self.onDrained else { return }
        self.onDrained = nil
        self.isServing = false
        self.deadline.cancel()
        self.sampling.cancel()
        self.upstreams.close()
        self.tunnels.close()
        self.names.close()
        completion()
    }

    // MARK: What sessions need

    /// The destination that is one workload, for clients that ask for its own address.
    func cluster(direct workload: Workload, port: UInt16) -> ClusterPlan {
        let key = DirectKey(uid: workload.uid, ip: workload.addresses.first, port: port)
        if let known = self.direct[key] { return known }
        // Few workloads are asked for by address; forgetting them costs counters only.
        if self.direct.count >= Self.maximumDirect { self.direct = [:] }
        let made = ClusterPlan(direct: workload, port: port, now: self.loop.now)
        self.direct[key] = made
        return made
    }

    /// Workloads whose numbers one loop keeps for clients that ask for them by address.
    private static let maximumDirect = 1_024

    /// An endpoint's workload, for telemetry: put together once for a plan, not for each request.
    func labels(of endpoint: EndpointHandle, in cluster: ClusterPlan) -> PeerLabels {
        let key = ObjectIdentifier(endpoint)
        if let known = self.endpointLabels[key] { return known.labels }
        let made = self.plan.mesh.workload(uid: endpoint.id).map { PeerLabels(PeerLabels.Facts($0)) } ?? .unknown
        // One that is not discovery's is there for a single request.
        guard cluster.source == .discovery else { return made }
        if self.endpointLabels.count >= Self.maximumLabels { self.endpointLabels = [:] }
        // Held, so that no other endpoint takes its place in memory.
        self.endpointLabels[key] = (endpoint, made)
        return made
    }

    /// Endpoints whose labels one loop keeps.
    private static let maximumLabels = 10_000

    /// Our certificate; throws where there is no valid one.
    func identity() throws(IdentityError) -> IdentitySnapshot {
        try self.context.identities.snapshot(now: self.context.now)
    }

    /// Looks a name up; the completion is called once, possibly before this returns, with no address where it has none.
    func resolve(_ name: String, completion: @escaping ([IPAddress]) -> Void) {
        self.names.lookUp(name, completion: completion)
    }

    /// What an identity has of this loop.
    func share(of identity: String) -> IdentityShare { self.shares[identity] ?? IdentityShare(identity) }

    /// Adds a session; the reason when there are too many, of all or of its client's.
    func add(_ session: any ActiveSession) -> String? {
        let limits = self.context.configuration.limits
        guard self.sessions.count < limits.sessions else { return "too many connections" }
        let share = session.share
        guard share.sessions < limits.sessionsPerIdentity else { return "too many connections of \(share.identity)" }
        share.sessions += 1
        self.shares[share.identity] = share
        self.sessions[ObjectIdentifier(session)] = session
        self.context.metrics.sessions.add(1)
        return nil
    }

    /// Removes a session that is over.
    func remove(_ session: any ActiveSession) {
        guard self.sessions.removeValue(forKey: ObjectIdentifier(session)) != nil else { return }
        self.context.metrics.sessions.add(-1)
        let share = session.share
        share.sessions -= 1
        if share.sessions == 0 { self.shares[share.identity] = nil }
    }

    /// Sessions under way.
    var sessionCount: Int { self.sessions.count }
}
