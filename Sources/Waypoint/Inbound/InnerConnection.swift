import DataPlane
import HTTPRouting
import MeshModel
import MeshTelemetry
import TunnelEngine

/// One connection inside a client's tunnel, from its CONNECT request to its end.
///
/// It finds out what is spoken and hands the bytes to HTTP or, untouched, to a destination. Confined to its loop.
final class InnerConnection: ActiveSession {
    let worker: WaypointWorker
    let target: InnerTarget
    /// The client, for telemetry.
    let source: PeerLabels
    /// The service that was asked for, for telemetry.
    let serviceLabels: ServiceLabels
    /// Our own identity, and the addresses of the connection, as logs show them.
    let localPrincipal: String
    let sourceText: String
    let destinationText: String
    /// What is known of the connection; the server name comes with a TLS handshake that is passed through.
    private(set) var facts: ConnectionFacts
    /// What decides for the connection; the last one when the service is not bound to us any more.
    private(set) var served: ServicePlan
    /// The connection's number, unique within the process.
    let number: UInt64
    /// What the client's identity has of this loop.
    let share: IdentityShare
    /// The trace of the client's connection, with its span as the parent; nil where its ztunnel tells none.
    let trace: TraceContext?
    /// Calls whose messages are counted while they go on.
    private var watched: [ObjectIdentifier: Exchange] = [:]
    private var reportingClock: ReportingClock
    private var standing: AuthorizationStanding?
    private var stream: ByteStream?
    private var http: HTTPServerConnection?
    private var opaque: OpaqueConnection?
    private var early: [UInt8] = []
    private var isEarlyEnded = false
    private var isDraining = false
    private lazy var detection = LoopAlarm(loop: self.worker.loop)

    init(
        worker: WaypointWorker,
        target: InnerTarget,
        served: ServicePlan,
        facts: ConnectionFacts,
        trace: TraceContext?
    ) {
        self.trace = trace
        self.worker = worker
        self.share = worker.share(of: facts.peer?.uri ?? "")
        self.number = worker.nextStream()
        self.reportingClock = ReportingClock(now: worker.loop.now)
        self.target = target
        self.served = served
        self.facts = facts
        self.source = worker.plan.source(of: facts)
        self.localPrincipal = worker.context.local.identity.uri
        self.sourceText = "\(facts.source)"
        self.destinationText = "\(facts.destination)"
        switch target {
        case .service(let service, _):
            self.serviceLabels = ServiceLabels(host: service.hostname, name: service.name, namespace: service.namespace)
        case .workload: self.serviceLabels = .unknown
        }
    }

    /// Takes the tunnel over and finds out what is spoken.
    func start(_ end: StreamEnd) {
        let stream = ByteStream.over(tunnel: end, loop: self.worker.loop, isDownstream: true, owner: self)
        self.stream = stream
        guard case .service(_, let port) = self.target else { return self.detect() }
        switch port.appProtocol {
        case .http11, .http2, .grpc: self.becomeHTTP(.detect)
        case .tcp:
            // A server that speaks first must not wait for its client.
            if self.served.table(port.port)?.connections.asksServerName == true {
                self.detect()
            } else {
                self.becomeOpaque()
            }
        case .tls: self.detect()
        case .unknown:
            if self.target.isGuessed { self.detect() } else { self.becomeOpaque() }
        }
    }

    /// Waits for the first bytes; a server that speaks first on a port that nobody named gets its turn after a while.
    private func detect() {
        let wait = self.worker.plan.settings.detectionMilliseconds
        guard wait > 0 else { return }
        self.detection.set(after: wait) { [weak self] in
            guard let self else { return }
            // A client that is only slow to speak may still speak HTTP.
            self.becomeOpaque(isUndecided: self.target.isGuessed && self.early.isEmpty)
        }
    }

    private func look() {
        switch ProtocolSniffer.judge(self.early, isEnd: self.isEarlyEnded) {
        case .needsMore: return
        case .http1: self.isOpaqueByName ? self.becomeOpaque() : self.becomeHTTP(.http1)
        case .http2: self.isOpaqueByName ? self.becomeOpaque() : self.becomeHTTP(.http2)
        case .tls: self.lookForServerName()
        case .tcp: self.becomeOpaque()
        }
    }

    private func lookForServerName() {
        switch ClientHello.read(self.early) {
        case .needsMore where !self.isEarlyEnded: return
        case .hello(let hello): self.becomeOpaque(serverName: hello.serverName)
        case .needsMore, .invalid: self.becomeOpaque()
        }
    }

    /// Whether the port is declared as something that is not HTTP, so that only the server name is of interest.
    private var isOpaqueByName: Bool {
        guard case .service(_, let port) = self.target else { return false }
        return port.appProtocol == .tcp || port.appProtocol == .tls
    }

    private func becomeHTTP(_ kind: HTTPServerConnection.Kind) {
        guard let stream = self.stream else { return }
        self.detection.cancel()
        let early = self.early
        self.early = []
        self.http = HTTPServerConnection(
            over: stream,
            early: early,
            kind: kind,
            limits: self.served.downstreamLimits,
            owner: self
        )
        if self.isDraining { self.http?.drain() }
    }

    private func becomeOpaque(serverName: String? = nil, isUndecided: Bool = false) {
        guard let stream = self.stream, self.opaque == nil, self.http == nil else { return }
        self.detection.cancel()
        if let serverName {
            self.facts = ConnectionFacts(
                peer: self.facts.peer,
                local: self.facts.local,
                source: self.facts.source,
                destination: self.facts.destination,
                serverName: serverName
            )
        }
        let opaque = OpaqueConnection(
            inner: self,
            downstream: stream,
            early: self.early,
            isUndecided: isUndecided
        )
        self.early = []
        self.opaque = opaque
        opaque.start()
    }

    /// What was taken for bytes turned out to be HTTP.
    func turnedOut(_ kind: HTTPServerConnection.Kind, early: [UInt8]) {
        self.opaque = nil
        self.early = early
        self.becomeHTTP(kind)
    }

    // MARK: For exchanges

    /// How policies look at the connection.
    func authorization() -> AuthorizationStanding {
        if let standing { return standing }
        let made = self.served.requests.standing(for: self.facts)
        self.standing = made
        return made
    }

    /// The routes of the port that was asked for; nil for workloads, and for ports without destination.
    func table(of served: ServicePlan) -> RouteTable? {
        guard case .service(_, let port) = self.target else { return nil }
        return served.table(port.port)
    }

    /// The port that was asked for.
    var port: UInt16 {
        switch self.target {
        case .service(_, let port): port.port
        case .workload: self.facts.destination.port
        }
    }

    /// The client's identity for `x-forwarded-client-cert`.
    var forwardedIdentity: String? { self.facts.peer.map { "By=\(self.localPrincipal);URI=\($0.uri)" } }

    // MARK: ActiveSession

    func sample() {
        let interval = self.served.reportingMilliseconds
        let isReported = self.reportingClock.isDue(now: self.worker.loop.now, interval: interval)
        self.opaque?.sample(isReported: isReported)
        if isReported { for exchange in self.watched.values { exchange.sample() } }
    }

    /// Has a call's messages counted while it goes on.
    func watch(_ exchange: Exchange) { self.watched[ObjectIdentifier(exchange)] = exchange }

    /// The call is over.
    func unwatch(_ exchange: Exchange) {
        if !self.watched.isEmpty { self.watched[ObjectIdentifier(exchange)] = nil }
    }

    func planChanged(_ plan: WaypointPlan) {
        let next: ServicePlan?
        switch self.target {
        case .service(let service, _): next = plan.services[service.key]
        case .workload(let workload):
            let isBound = plan.mesh.workload(uid: workload.uid)?.waypoint.map { plan.isOwn($0) } ?? false
            next = isBound ? plan.workloads : nil
        }
        guard let next else {
            // Somebody else serves it now: what is open is carried to its end, and no more begins here.
            return self.drain()
        }
        guard next !== self.served else { return }
        self.served = next
        self.standing = nil
        self.opaque?.planChanged()
    }

    /// Lets go of the client as soon as what is under way has ended.
    func drain() {
        self.isDraining = true
        if let http { return http.drain() }
        // Nobody has asked for anything yet.
        if self.opaque == nil, self.early.isEmpty { self.stream?.close(isAbortive: false) }
    }

    func terminate() {
        self.detection.cancel()
        self.opaque?.terminate()
        if let http = self.http { http.close() } else { self.stream?.close(isAbortive: true) }
    }

    fileprivate func ended() {
        self.detection.cancel()
        self.stream = nil
        self.http = nil
        self.opaque = nil
        self.worker.upstreams.sourceEnded(self.facts.source)
        self.worker.remove(self)
    }

    /// An opaque connection is over.
    func opaqueEnded() { self.ended() }
}

// MARK: - Before anybody knows what is spoken

extension InnerConnection: ByteStreamOwner {
    func byteStream(_ stream: ByteStream, received bytes: UnsafeRawBufferPointer) {
        self.early.append(contentsOf: bytes)
        self.look()
    }

    func byteStreamReceivedEnd(_ stream: ByteStream) {
        self.isEarlyEnded = true
        self.look()
    }

    func byteStreamCanSend(_ stream: ByteStream) {}

    func byteStreamEnded(_ stream: ByteStream, _ outcome: RelayOutcome) { self.ended() }
}

// MARK: - HTTP

extension InnerConnection: HTTPServerConnectionOwner {
    func connection(
        _ connection: HTTPServerConnection,
        opened stream: HTTPStream,
        request: HTTPRequestHead,
        endStream: Bool
    ) {
        Exchange(inner: self, downstream: stream, request: request, endStream: endStream).begin()
    }

    func connection(_ connection: HTTPServerConnection, refused refusal: HTTPRefusal) {
        self.worker.reporting.refused(refusal, on: self)
    }

    func connectionEnded(_ connection: HTTPServerConnection, _ outcome: RelayOutcome) { self.ended() }
}
