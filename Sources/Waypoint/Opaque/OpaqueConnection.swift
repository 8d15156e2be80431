import HTTPRouting
import MeshModel
import MeshTelemetry
import TunnelEngine

/// A connection whose bytes are passed on unread: TCP, or TLS by its server name.
///
/// Who may connect is judged by what the tunnel proved; a destination is chosen once. Half-close and resets travel end to
/// end.
final class OpaqueConnection: ByteStreamOwner {
    let inner: InnerConnection
    let downstream: ByteStream
    var upstream: ByteStream?
    var early: [UInt8]
    /// Nobody has said anything yet, on a port that nobody named.
    var isUndecided: Bool
    var isRelaying = false
    private var dial: EndpointDial?
    var cluster: ClusterPlan?
    private var endpoint: EndpointHandle?
    private var use: EndpointUse?
    private var place: Admission?
    private var lifetime: LoopAlarm?
    var lastMoved: UInt64 = 0
    private var tried: [EndpointHandle] = []
    var record: RequestRecord
    var isOver = false

    var worker: WaypointWorker { self.inner.worker }

    /// - Parameter isUndecided: the client has said nothing yet, and what it says first may still be HTTP.
    init(inner: InnerConnection, downstream: ByteStream, early: [UInt8], isUndecided: Bool) {
        self.isUndecided = isUndecided
        self.inner = inner
        self.downstream = downstream
        self.early = early
        self.record = RequestRecord(.tcp, start: inner.worker.wallClock)
        downstream.owner = self
    }

    // MARK: Begin

    func start() {
        self.record.connection = self.inner.number
        self.record.trace = self.inner.trace
        self.record.stream = self.inner.number
        self.record.source = self.inner.source
        self.record.security = self.inner.facts.peer == nil ? .plain : .mutualTLS
        self.record.downstreamRemoteAddress = "\(self.inner.facts.source)"
        self.record.downstreamLocalAddress = "\(self.inner.facts.destination)"
        self.record.serverName = self.inner.facts.serverName
        self.record.localPrincipal = self.inner.facts.local?.uri ?? ""
        guard self.isAllowed() else { return self.fail([], self.record.terminationDetails ?? "denied") }
        switch self.inner.target {
        case .workload(let workload):
            self.record.routeName = "direct"
            let port = self.inner.facts.destination.port
            self.connect(by: .workload(EndpointTarget(workload: workload, port: port)), port: port)
        case .service(let service, let port):
            self.record.service = self.inner.serviceLabels
            self.route(service, port.port)
        }
    }

    private func route(_ service: Service, _ port: UInt16) {
        let served = self.inner.served
        let outcome =
            served.table(port)?.connections.choose(
                serverName: self.inner.facts.serverName,
                using: &self.worker.random
            ) ?? .none
        let cluster: ClusterPlan?
        switch outcome {
        case .refused(let reason, let name):
            self.record.routeName = name
            return self.fail(.noRouteFound, reason)
        case .cluster(let place, let name):
            self.record.routeName = name
            cluster = served.cluster(place)
        case .none:
            let key = service.key
            cluster = served.clusters.first { $0.key == key && $0.port == port && $0.isWholeService }
        }
        guard let cluster else { return self.fail(.noClusterFound, "cluster_not_found") }
        self.cluster = cluster
        self.record.cluster = cluster.name
        self.record.service = cluster.labels
        self.pick(cluster)
    }

    func isAllowed() -> Bool {
        // A client that waits, or writes what only its destination takes for HTTP, must not get around what reads requests.
        if self.inner.target.isGuessed, self.inner.served.judgesContent(self.inner.port) {
            self.record.terminationDetails = "requests of this port must be read, and these bytes are no HTTP"
            return false
        }
        let standing = self.inner.served.streams.standing(for: self.inner.facts)
        switch standing.gate() {
        case .open: break
        case .ask(let names):
            self.record.terminationDetails = "authorizer \(names.joined(separator: ", ")) can't judge bytes"
            return false
        case .deny(let denial):
            self.record.terminationDetails = denial.detail
            return false
        }
        guard case .deny(let denial) = standing.decision().verdict else { return true }
        self.record.terminationDetails = denial.detail
        return false
    }

    private func pick(_ cluster: ClusterPlan) {
        guard !cluster.isMissing else { return self.fail(.noClusterFound, "cluster_not_found") }
        let demand = PickDemand(hash: cluster.hashPolicy?.key(of: self.inner.facts), tried: self.tried)
        let now = self.worker.loop.now
        let plan = self.worker.plan
        let facts = self.inner.facts
        let wish = EgressWish(asked: facts.destination, serverName: facts.serverName)
        switch cluster.choose(demand, for: wish, in: plan, now: now, random: self.worker.random.next()) {
        case .endpoint(let endpoint):
            guard let place = cluster.state.admitConnection() else {
                return self.fail(.upstreamOverflow, "overflow")
            }
            self.place = consume place
            self.endpoint = endpoint
            self.use = endpoint.beginUse()
            self.record.destination = self.worker.labels(of: endpoint, in: cluster)
            self.record.upstreamHost = cluster.hostText(of: endpoint, in: plan)
            guard let way = cluster.way(to: endpoint, in: plan) else {
                return self.fail(.noHealthyUpstream, "endpoint is gone")
            }
            self.connect(by: way, port: cluster.port)
        case .none(let reply):
            self.fail(reply.flags, reply.details)
        }
    }

    private func connect(by way: EndpointWay, port: UInt16) {
        let service: Service?
        if case .service = self.inner.target {
            service = self.cluster?.service(in: self.worker.plan)
        } else {
            service = nil
        }
        self.record.attempts += 1
        let manner: UpstreamManner
        do throws(UpstreamMaterial.Failure) {
            manner = try self.manner()
        } catch {
            return self.failed(EndpointDial.Failure(noTLS: error))
        }
        let dial = EndpointDial(
            worker: self.worker,
            timeout: self.cluster?.connectMilliseconds ?? 10_000,
            manner: manner,
            // The waypoint makes no span of bytes that it does not read: both ends' spans follow each other.
            trace: self.inner.trace?.header
        )
        self.dial = dial
        self.mark(.forwardBegin)
        dial.start(way, of: service, port: port) { [weak self] result in
            guard let self, !self.isOver else {
                if case .success(let bytes) = result { bytes.close(isAbortive: true) }
                return
            }
            self.record.upstreamLocalAddress = self.dial?.localText
            self.dial = nil
            switch result {
            case .success(let bytes): self.opened(bytes)
            case .failure(let failure): self.failed(failure)
            }
        }
    }

    /// Nothing of the client was sent yet, so another endpoint may be tried once.
    private func failed(_ failure: EndpointDial.Failure) {
        self.record.upstreamFailure = failure.reason
        guard let cluster = self.cluster, let endpoint = self.endpoint else {
            return self.fail(failure.flags, failure.reason)
        }
        if let outcome = failure.outcome { cluster.state.report(endpoint, outcome, now: self.worker.loop.now) }
        self.release()
        self.tried.append(endpoint)
        // Where discovery knows no endpoints another choice would be the same.
        guard self.tried.count < 2, cluster.source == .discovery else {
            return self.fail(failure.flags, failure.reason)
        }
        self.pick(cluster)
    }

    private func manner() throws(UpstreamMaterial.Failure) -> UpstreamManner {
        guard let cluster = self.cluster else { return .bare }
        return UpstreamManner(
            preface: cluster.preface(naming: cluster.proxied(self.inner.facts)),
            security: try cluster.security?.moment(
                now: self.worker.loop.now,
                host: self.endpoint.flatMap { cluster.host(of: $0) }
            )
        )
    }

    private func opened(_ upstream: ByteStream) {
        let loop = self.worker.loop
        upstream.owner = self
        self.upstream = upstream
        if let cluster, let endpoint { cluster.state.report(endpoint, .success, now: loop.now) }
        self.lastMoved = loop.now
        if let most = self.cluster?.maximumMilliseconds, most > 0 {
            let alarm = LoopAlarm(loop: loop)
            self.lifetime = alarm
            alarm.set(after: most) { [weak self] in self?.terminate() }
        }
        if !self.isUndecided { self.join(upstream) }
    }

    /// From here on bytes flow by themselves.
    func join(_ upstream: ByteStream, upstreamEarly: [UInt8] = []) {
        self.isRelaying = true
        let early = self.early
        self.early = []
        self.downstream.becomeRelay(with: upstream, early: early, otherEarly: upstreamEarly)
        self.worker.reporting.tick(&self.record, rules: self.inner.served.telemetry.metrics)
    }

    // MARK: ByteStreamOwner, until bytes flow by themselves

    func byteStream(_ stream: ByteStream, received bytes: UnsafeRawBufferPointer) {
        // The stream's window bounds it: nothing is given back.
        if stream === self.downstream { self.early.append(contentsOf: bytes) }
        if self.isUndecided { self.decide(stream, bytes) }
    }

    func byteStreamReceivedEnd(_ stream: ByteStream) {
        if self.isUndecided { self.decide(stream, UnsafeRawBufferPointer(start: nil, count: 0), isEnd: true) }
    }

    func byteStreamCanSend(_ stream: ByteStream) {}

    func byteStreamEnded(_ stream: ByteStream, _ outcome: RelayOutcome) {
        guard !self.isOver else { return }
        if outcome != .complete {
            let flag: OutcomeFlags =
                stream === self.downstream ? .downstreamConnectionTermination : .upstreamConnectionTermination
            self.record.flags.insert(flag)
            self.record.terminationDetails = "\(outcome)"
        }
        if !self.isRelaying || outcome != .complete || stream === self.downstream || self.downstream.isEnded {
            self.end()
        }
    }

    // MARK: End

    func fail(_ flags: OutcomeFlags, _ reason: String) {
        self.record.flags.formUnion(flags)
        if self.record.terminationDetails == nil { self.record.terminationDetails = reason }
        self.end(isAbortive: true)
    }

    /// Ends it at once.
    func terminate() { self.fail(.localReset, "the waypoint ends it") }

    private func release() {
        self.use = nil
        self.place = nil
    }

    private func end(isAbortive: Bool = false) {
        guard !self.isOver else { return }
        self.count()
        self.mark(.responseEnd)
        self.leave(isAbortive: isAbortive)
        self.downstream.close(isAbortive: isAbortive)
        self.worker.reporting.ended(&self.record, self.inner.served.telemetry)
        self.inner.opaqueEnded()
    }

    /// Lets go of the endpoint.
    func leave(isAbortive: Bool) {
        self.isOver = true
        self.dial?.cancel()
        self.lifetime?.cancel()
        self.release()
        self.upstream?.close(isAbortive: isAbortive)
    }
}
