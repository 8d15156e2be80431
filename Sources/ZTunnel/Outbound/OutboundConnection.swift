import DataPlane
import MeshDNS
import MeshModel
import MeshTelemetry
import TunnelEngine

/// One connection of the local application until its upstream stands: decide, dial, and hand over to an
/// ``OutboundRelay``, or report why not.
///
/// Confined to its proxy's loop. The descriptor isn't read before the upstream stands, so an impatient client's bytes
/// wait in the kernel.
final class OutboundConnection: ActiveConnection {
    /// One thing to try.
    private enum Candidate {
        /// An address that the mesh doesn't know.
        case address(SocketAddress)
        case route(OutboundRoute)
    }

    private let proxy: WorkloadProxy
    private let source: SocketAddress
    private let target: DialTarget
    private let report: ConnectionReport
    private let trace: TraceContext
    private var negotiation: ExplicitProxyNegotiation?
    private var socket: Int32
    private var attempt: RouteDial?
    private var candidates: ArraySlice<Candidate> = []
    /// The uid of the workload that is being dialled.
    private var dialled: String?
    private var load: EndpointLoad.Share?
    private var watch: DepartureWatch?
    private lazy var totalAlarm = LoopAlarm(loop: self.proxy.loop)
    /// Made when there is something else to try.
    private var attemptAlarm: LoopAlarm?
    private let isDirect: Bool
    /// Whether it is known where it goes: from then on it counts among the connections.
    private var isDecided = false

    /// Takes over the client's descriptor.
    /// - Parameters:
    ///   - negotiation: the proxy protocol that waits for our answer; nil where the client was redirected.
    ///   - isDirect: whether the client came to the capture port itself, and so wants to go nowhere.
    init(
        proxy: WorkloadProxy,
        descriptor: Int32,
        source: SocketAddress,
        target: DialTarget,
        negotiation: ExplicitProxyNegotiation? = nil,
        isDirect: Bool = false
    ) {
        self.proxy = proxy
        self.socket = descriptor
        self.source = source
        self.target = target
        self.negotiation = negotiation
        self.isDirect = isDirect
        self.report = ConnectionReport(proxy.context, proxy.loop, direction: .outbound, source: source)
        self.trace = self.report.beginTrace()
    }

    /// Decides where it goes and begins to dial.
    func start() {
        guard self.proxy.add(self) else {
            return self.fail(
                ConnectionFailure(.overloaded, "more than \(self.proxy.limits.connections) connections")
            )
        }
        self.watchClient()
        self.proxy.retryBudget.earn()
        self.totalAlarm.set(after: self.proxy.outboundLimits.totalMilliseconds) { [weak self] in
            self?.terminate(ConnectionFailure(.dialDeadline, "no endpoint could be reached in time", dial: .timedOut))
        }
        switch self.target {
        case .address(let address):
            guard !self.isDirect, !self.proxy.isRecursive(address) else {
                self.report.destination = HopAddress(address)
                return self.fail(ConnectionFailure(recursive: address))
            }
            self.demand(address) { $0.follow($0.decide(address), at: []) }
        case .name(let name, let port):
            self.demand(name) { connection in
                let decision = connection.decide(name, port)
                guard case .unknownHost = decision else { return connection.follow(decision, at: []) }
                connection.resolve(name, port: port)
            }
        }
    }

    // MARK: On demand

    private func demand(_ address: SocketAddress, then next: @escaping (OutboundConnection) -> Void) {
        guard let onDemand = self.proxy.context.onDemand else { return next(self) }
        let network = self.proxy.workload.local.network
        let snapshot = self.proxy.context.state.snapshot
        self.demand(OnDemandReferences.names(to: address, network: network, in: snapshot), onDemand, then: next)
    }

    private func demand(_ name: String, then next: @escaping (OutboundConnection) -> Void) {
        guard let onDemand = self.proxy.context.onDemand else { return next(self) }
        let namespace = self.proxy.workload.local.identity.namespace
        self.demand(OnDemandReferences.names(to: name, namespace: namespace), onDemand, then: next)
    }

    /// Goes on when the control plane has said what it knows; without an answer nobody can tell the mesh from the
    /// outside, so the connection is refused.
    private func demand(
        _ names: [String],
        _ onDemand: OnDemandResources,
        then next: @escaping (OutboundConnection) -> Void
    ) {
        guard !names.isEmpty else { return next(self) }
        nonisolated(unsafe) weak let connection = self
        nonisolated(unsafe) let next = next
        onDemand.demand(names, on: self.proxy.loop) { outcome in
            guard let connection, connection.socket >= 0 else { return }
            guard outcome == .answered else {
                return connection.fail(
                    ConnectionFailure(
                        .discoveryUnanswered,
                        "the control plane did not say in time what \(names.joined(separator: ", ")) is"
                    )
                )
            }
            next(connection)
        }
    }

    /// Gives up as soon as the client does. One that waits for a proxy's answer leaves by ending its side as well.
    private func watchClient() {
        let waitsForAnswer = self.negotiation.map { $0.isTunnel } ?? false
        // Without a watch the dial's own deadline still bounds it.
        self.watch = try? DepartureWatch(
            loop: self.proxy.loop,
            descriptor: self.socket,
            endMeansLeft: waitsForAnswer
        ) { [weak self] in
            self?.terminate(ConnectionFailure(.clientGone, "the client left before the connection stood"))
        }
    }

    // MARK: Decide

    private var client: Workload { self.proxy.workload.local.client(in: self.proxy.context.state.snapshot) }

    private func decide(_ address: SocketAddress) -> OutboundDecision {
        var random = self.proxy.loop.random
        return self.proxy.context.state.snapshot.routeOutbound(
            to: address,
            from: self.client,
            random: &random,
            standing: self.standing
        )
    }

    private func decide(_ host: String, _ port: UInt16) -> OutboundDecision {
        var random = self.proxy.loop.random
        let snapshot = self.proxy.context.state.snapshot
        let client = self.client
        // What the mesh's DNS would answer for the name counts here too: short names, wildcards, the search list.
        let known = snapshot.service(host: host, from: client.namespace)?.hostname
        let meant = known ?? self.proxy.names.hostname(meantBy: host, from: client.namespace, in: snapshot) ?? host
        return snapshot.routeOutbound(
            host: meant,
            port: port,
            from: client,
            random: &random,
            standing: self.standing
        )
    }

    /// What is known here of an endpoint.
    private func standing(_ uid: String) -> EndpointStanding {
        EndpointStanding(
            connections: self.proxy.endpointLoad.connections(of: uid),
            failedLately: self.proxy.endpointFailures.failedLately(uid, now: self.proxy.loop.now)
        )
    }

    /// Asks DNS for a name that the mesh doesn't know, and routes to its addresses.
    private func resolve(_ name: String, port: UInt16) {
        self.proxy.resolver.lookUp(name) { [weak self] result in
            guard let self, self.socket >= 0 else { return }
            switch result {
            case .failure(let failure):
                self.fail(ConnectionFailure(name: name, failure))
            case .success(let answer):
                let addresses = answer.addresses.prefix(OutboundRoute.maximumCandidates)
                    .map { SocketAddress(ip: $0.canonical, port: port) }
                // The name may stand for a virtual address of the mesh.
                self.follow(addresses.first.map { self.decide($0) } ?? .unknownHost, at: addresses[...].dropFirst())
            }
        }
    }

    /// - Parameter others: further addresses of a name, to try after the first where all are unknown to the mesh.
    private func follow(_ decision: OutboundDecision, at others: ArraySlice<SocketAddress>) {
        switch decision {
        case .passthrough(let address):
            let plain = others.filter { other in
                if case .passthrough = self.decide(other) { true } else { false }
            }
            self.candidates = ([address] + plain).map { .address($0) }[...]
            self.advance()
        case .forward(let routes):
            self.candidates = routes.map { .route($0) }[...]
            self.advance()
        case .unknownHost:
            self.report.setSource(self.client, proven: nil)
            self.fail(ConnectionFailure(name: "\(self.target)", .nameNotFound))
        case .refuse(let code, let detail):
            self.report.setSource(self.client, proven: nil)
            self.fail(ConnectionFailure(code, detail: detail))
        }
    }

    // MARK: Dial

    /// Tries the next candidate.
    private func advance() {
        guard let candidate = self.candidates.popFirst() else { return }
        // An empty slice would keep what was in it.
        if self.candidates.isEmpty { self.candidates = [] }
        self.isDecided = true
        self.report.forgetDestination()
        let who = RouteDial.Client(workload: self.client, address: self.source, trace: self.trace)
        let attempt = RouteDial(proxy: self.proxy, report: self.report, client: who)
        self.attempt = attempt
        if !self.candidates.isEmpty {
            self.setAlarm(after: self.proxy.outboundLimits.attemptMilliseconds) { [weak self] in
                self?.attempt?.cancel()
                let reason = ConnectionFailure(
                    .dialDeadline,
                    "no answer in time, and there is another endpoint",
                    dial: .timedOut
                )
                self?.failed(RouteDial.Failure(reason: reason, mayTryAnother: true))
            }
        }
        let completion: (Result<RouteDial.Upstream, RouteDial.Failure>) -> Void = { [weak self] result in
            guard let self else { return }
            switch result {
            case .success(let upstream): self.stands(upstream)
            case .failure(let failure): self.failed(failure)
            }
        }
        switch candidate {
        case .address(let address):
            attempt.start(address, completion: completion)
        case .route(let route):
            self.dialled = route.peer
            self.count(route)
            attempt.start(route, completion: completion)
        }
    }

    /// Counts the connection as a load of its workloads, from the attempt on: clients that come together spread.
    private func count(_ route: OutboundRoute) {
        self.uncount()
        self.load = self.proxy.endpointLoad.share(route)
    }

    private func uncount() {
        if let load = self.load { self.proxy.endpointLoad.end(load) }
        self.load = nil
    }

    /// Goes on to the next candidate, where that can help and is not too much.
    private func failed(_ failure: RouteDial.Failure) {
        self.attempt = nil
        self.attemptAlarm?.cancel()
        if failure.mayTryAnother, let uid = self.dialled {
            self.proxy.endpointFailures.failed(uid, now: self.proxy.loop.now)
        }
        guard failure.mayTryAnother, !self.candidates.isEmpty, self.proxy.retryBudget.spend() else {
            return self.fail(failure.reason)
        }
        self.proxy.context.outboundRetries.with(failure.reason.code).add()
        self.proxy.context.log.debug(
            "trying another endpoint",
            [
                LogField("src.addr", .bare("\(self.source)")), LogField("error.code", failure.reason.code),
                LogField("error", failure.reason.message),
            ]
        )
        self.setAlarm(after: .random(in: 0...self.proxy.outboundLimits.jitterMilliseconds)) { [weak self] in
            self?.advance()
        }
    }

    private func setAlarm(after milliseconds: UInt64, _ action: @escaping () -> Void) {
        let alarm = self.attemptAlarm ?? LoopAlarm(loop: self.proxy.loop)
        self.attemptAlarm = alarm
        alarm.set(after: milliseconds, action)
    }

    private func stands(_ upstream: RouteDial.Upstream) {
        self.attempt = nil
        self.candidates = []
        self.attemptAlarm?.cancel()
        self.totalAlarm.cancel()
        if let uid = self.dialled { self.proxy.endpointFailures.reached(uid) }
        self.report.open()
        guard let (early, sieve) = self.answerClient() else { return upstream.close() }
        let relay = OutboundRelay(proxy: self.proxy, target: self.target, report: self.report, load: self.load)
        do throws(SocketError) {
            let client: OutboundRelay.Client = self.watch.map { .watched($0) } ?? .descriptor(self.socket)
            self.watch = nil
            self.socket = -1
            try relay.join(client, early: early, sieve: sieve, upstream)
            self.load = nil
            self.proxy.replace(self, with: relay)
        } catch {
            self.fail(ConnectionFailure(.upstreamReset, "relay could not begin: \(error)"))
        }
    }

    // MARK: End

    private func stopWatching() {
        self.watch?.stop()
        self.watch = nil
    }

    /// Tells a proxy client that the connection stands.
    /// - Returns: what the upstream gets first, and how much of the rest it gets; nil when the client is gone.
    private func answerClient() -> ([UInt8], ((UnsafeRawBufferPointer) -> Int)?)? {
        let sieve = self.negotiation?.requestBody.map { body in
            var body = body
            return { (bytes: UnsafeRawBufferPointer) in body.count(of: bytes) }
        }
        var early: [UInt8] = []
        if var negotiation = self.negotiation {
            let (toClient, toUpstream) = negotiation.connected()
            self.negotiation = nil
            early = toUpstream
            // A few bytes into an empty buffer: less than all means that the client is gone.
            let sent = toClient.isEmpty ? 0 : toClient.withUnsafeBytes { Socket.send(self.socket, $0) }
            guard sent == toClient.count else {
                self.fail(ConnectionFailure(.clientGone, "the client left before the connection stood"))
                return nil
            }
        }
        return (early, sieve)
    }

    private func fail(_ failure: ConnectionFailure) {
        self.stopDialling()
        if self.socket >= 0 {
            if var negotiation = self.negotiation {
                let answer = negotiation.failed(failure.dial)
                _ = answer.withUnsafeBytes { Socket.send(self.socket, $0) }
                Socket.shutdownWrite(self.socket)
            } else {
                // A redirected client must not take the failure for an orderly end of an empty answer.
                Socket.makeCloseAbortive(self.socket)
            }
            Socket.close(self.socket)
            self.socket = -1
        }
        self.negotiation = nil
        self.proxy.remove(self)
        if self.isDecided { self.report.open() }
        self.report.finish(failure)
    }

    private func stopDialling() {
        self.stopWatching()
        self.attemptAlarm?.cancel()
        self.totalAlarm.cancel()
        self.attempt?.cancel()
        self.attempt = nil
        self.candidates = []
        self.uncount()
    }

    // MARK: ActiveConnection

    var entry: ConnectionEntry { self.report.entry(asked: "\(self.target)", isEstablished: false) }

    /// Nothing moves yet.
    func sample() {}

    /// Outbound connections are judged where they arrive.
    func recheck(_ snapshot: MeshSnapshot) {}

    func terminate(_ failure: ConnectionFailure) { self.fail(failure) }
}
