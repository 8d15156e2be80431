import DataPlane
import MeshIdentity
import MeshModel
import MeshTelemetry
import TunnelEngine

/// One connection to the local application: find the workload, authorize, dial, relay, report.
///
/// Confined to its proxy's loop.
final class InboundConnection: RelayObserver, ActiveConnection {
    /// How the connection came.
    enum Origin {
        /// As a stream of a peer's tunnel.
        case tunnel(TunnelRequest)
        /// In plain TCP, redirected by the platform; with the descriptor and where it wanted to go.
        case plain(Int32, destination: SocketAddress)
    }

    private let proxy: WorkloadProxy
    private let peer: SocketAddress
    private let identity: SPIFFEID?
    /// The service that the peer named.
    private let asked: String?
    private let report: ConnectionReport
    private var origin: Origin?
    /// What policies judged it by; nil until they did.
    private var destination: SocketAddress?
    private var dial: TCPDial?
    private var relay: Relay?
    /// Why it was ended from here.
    private var ending: Shared<ConnectionFailure>?
    private var isOver = false
    private var watch: DepartureWatch?

    /// When the wait ends, in the loop's time.
    private let workloadDeadline: UInt64

    /// Takes over the request or descriptor.
    init(proxy: WorkloadProxy, peer: SocketAddress, origin: Origin) {
        self.proxy = proxy
        self.peer = peer
        self.origin = origin
        self.workloadDeadline = proxy.loop.now + proxy.limits.workloadMilliseconds
        self.report = ConnectionReport(proxy.context, proxy.loop, direction: .inbound, source: peer)
        switch origin {
        case .tunnel(let request):
            self.identity = request.peerIdentity.flatMap { try? SPIFFEID(parsing: $0) }
            self.report.isMutualTLS = true
            self.report.authority = request.authority
            self.asked = InboundTarget.serviceHost(forwarded: request.header("forwarded"))
            self.report.continueTrace(request.header("traceparent"))
            self.report.destination = request.local.map { HopAddress($0) }
        case .plain(_, let destination):
            self.identity = nil
            self.asked = nil
            self.report.destination = HopAddress(destination)
        }
    }

    /// Begins to serve it.
    func start() {
        guard self.proxy.add(self) else {
            return self.fail(
                ConnectionFailure(.overloaded, "more than \(self.proxy.limits.connections) connections")
            )
        }
        switch self.origin {
        case .tunnel(let request):
            request.onReset { [weak self] in
                self?.terminate(ConnectionFailure(.clientGone, "the peer gave up before the answer"))
            }
            // A link may outlive the certificate that it was made with; without a valid one nobody is served.
            let context = self.proxy.context
            do throws(IdentityError) {
                _ = try self.proxy.workload.identities.snapshot(now: context.now)
            } catch {
                return self.fail(ConnectionFailure(error))
            }
        case .plain(let descriptor, _):
            // Without a watch the dial's own deadline still bounds it.
            self.watch = try? DepartureWatch(
                loop: self.proxy.loop,
                descriptor: descriptor,
                endMeansLeft: false
            ) { [weak self] in
                self?.terminate(ConnectionFailure(.clientGone, "the client left before the connection stood"))
            }
        case nil:
            break
        }
        self.advance()
    }

    /// Goes on if our own workload is known by now; fails when that takes too long.
    func advance() {
        guard !self.isOver else { return }
        let context = self.proxy.context
        let snapshot = context.state.snapshot
        guard let workload = self.proxy.workload.local.workload(in: snapshot) else {
            if self.proxy.loop.now >= self.workloadDeadline {
                let text =
                    "failed to fetch information about local workload; has the control plane discovered this task?"
                self.fail(ConnectionFailure(.workloadUnknown, text))
            } else if !self.proxy.awaitWorkload(self) {
                self.fail(ConnectionFailure(.overloaded, "too many connections wait for the local workload"))
            }
            return
        }
        self.describe(workload, in: snapshot)
        switch self.target(workload, snapshot) {
        case .failure(let failure): self.fail(failure)
        case .success(let target): self.authorize(target, workload, snapshot)
        }
    }

    private func describe(_ workload: Workload, in snapshot: MeshSnapshot) {
        let source = PeerAttribution.of(
            self.peer.ip,
            identity: self.identity,
            request: self.request,
            readsBaggage: self.proxy.context.configuration.isBaggageEnabled,
            local: workload,
            in: snapshot
        )
        // The text that the link has, which all of its connections share.
        let peer = self.identity == nil ? nil : self.request?.peerIdentity
        self.report.setSource(source.workload, baggage: source.baggage, proven: peer)
        let own = self.identity == nil ? nil : self.proxy.workload.local.uri
        self.report.setDestination(workload, proven: own)
    }

    /// The peer's request, while it waits for an answer.
    private var request: TunnelRequest? {
        guard case .tunnel(let request) = self.origin else { return nil }
        return request
    }

    private func target(
        _ workload: Workload,
        _ snapshot: MeshSnapshot
    ) -> Result<InboundTarget, ConnectionFailure> {
        switch self.origin {
        case nil:
            return .failure(ConnectionFailure(.clientGone, "the client left"))
        case .tunnel(let request):
            guard let local = request.local else {
                return .failure(ConnectionFailure(.destinationUnknown, "the peer's connection has no local address"))
            }
            return InboundTarget.decide(
                authority: request.authority,
                local: local,
                serviceHost: self.asked,
                workload: workload,
                snapshot: snapshot
            )
        case .plain(_, let destination):
            guard !MeshPorts.isOurs(destination.port) else {
                let text = "attempted recursive call to ourselves: \(destination)"
                return .failure(ConnectionFailure(.recursiveCall, text))
            }
            var target = InboundTarget(destination: destination)
            target.service = InboundTarget.service(
                named: nil,
                port: destination.port,
                workload: workload,
                snapshot: snapshot
            )
            return .success(target)
        }
    }

    private func authorize(_ target: InboundTarget, _ workload: Workload, _ snapshot: MeshSnapshot) {
        self.destination = target.destination
        let facts = self.facts(target.destination)
        self.report.setService(target.service)
        self.report.open()
        let verdict = MeshModel.authorize(facts, workload: workload, snapshot: snapshot)
        if let failure = ConnectionFailure(verdict) { return self.fail(failure) }
        self.logDryRun(facts, workload, snapshot)
        let configuration = self.proxy.context.configuration
        let dial = ApplicationDial(
            target,
            peer: self.peer,
            usesLoopback: configuration.usesLoopbackForApplicationTunnel,
            preservesSource: self.proxy.workload.preservesSource
        )
        do throws(TCPDial.Failure) {
            do throws(TCPDial.Failure) {
                try self.connect(dial, target, workload)
            } catch {
                // Only where it was asked for is the client's address worth a refusal.
                guard dial.spoofed != nil, configuration.originalSource != .always else { throw error }
                var plain = dial
                plain.spoofed = nil
                try self.connect(plain, target, workload)
            }
        } catch {
            self.fail(ConnectionFailure(error, to: dial.address))
        }
    }

    private func facts(_ destination: SocketAddress) -> ConnectionFacts {
        ConnectionFacts(peer: self.identity, sourceIP: self.peer.ip, destination: destination)
    }

    private func connect(
        _ dial: ApplicationDial,
        _ target: InboundTarget,
        _ workload: Workload
    ) throws(TCPDial.Failure) {
        self.dial = try TCPDial(
            loop: self.proxy.loop,
            to: dial.address,
            from: self.proxy.context.bindAddress(toReach: dial.address.ip),
            spoofing: dial.spoofed,
            scope: self.proxy.workload.scope,
            keepsWatch: true
        ) { [weak self] result in
            self?.dialed(result, dial, target, workload)
        }
    }

    /// Tells the operator what policies in dry run would have done.
    private func logDryRun(_ facts: ConnectionFacts, _ workload: Workload, _ snapshot: MeshSnapshot) {
        let log = self.proxy.context.log
        let level = self.proxy.context.configuration.isPolicyLoggedAtInfo ? LogLevel.info : .debug
        guard log.isWritten(level), let run = DryRun(facts, workload: workload, snapshot: snapshot) else { return }
        log.write(
            level,
            run.wouldRefuse ? "dry run would refuse the connection" : "dry run would allow the connection",
            [
                LogField("src.addr", .bare("\(self.peer)")), LogField("dst.addr", .bare("\(facts.destination)")),
                LogField("denied_by", run.denying.joined(separator: ",")),
                LogField("allowed_by", run.allowing.joined(separator: ",")),
            ]
        )
    }

    /// Tells the application where the connection comes from and was meant to go; false when it is gone.
    private func announce(_ target: InboundTarget, to upstream: Int32) -> Bool {
        guard let announced = target.announced else { return true }
        let header = ProxyHeader(
            source: self.peer,
            destination: announced.destination,
            identity: self.identity?.uri,
            host: announced.host
        )
        // A few bytes into an empty buffer: less than all means that the application is gone.
        let bytes = header.bytes
        return bytes.withUnsafeBytes { Socket.send(upstream, $0) } == bytes.count
    }

    private func dialed(
        _ result: Result<Int32, TCPDial.Failure>,
        _ dial: ApplicationDial,
        _ target: InboundTarget,
        _ workload: Workload
    ) {
        let application = self.dial
        self.dial = nil
        switch result {
        case .failure(let failure):
            self.fail(ConnectionFailure(failure, to: dial.address))
        case .success(let upstream):
            guard let application else { return }
            // No keep-alive: an application on the same host can't vanish without a word.
            Socket.tune(upstream, keepAlive: nil)
            self.stopWatching()
            guard self.announce(target, to: upstream) else {
                application.cancel()
                let text = "application \(dial.address) closed before it was told the destination"
                return self.fail(ConnectionFailure(.upstreamReset, text))
            }
            let origin = self.origin
            self.origin = nil
            do throws(SocketError) {
                switch origin {
                case .plain(let descriptor, _):
                    self.relay = try Relay.join(
                        loop: self.proxy.loop,
                        downstream: descriptor,
                        upstream: application.releaseDescriptor(),
                        observer: self
                    )
                case .tunnel(let request):
                    let headers = TunnelHeaders.answer(
                        workload,
                        withBaggage: self.proxy.context.configuration.isBaggageEnabled
                    )
                    guard let stream = request.accept(headers: headers) else {
                        application.cancel()
                        return self.fail(ConnectionFailure(.clientGone, "the peer gave up before the answer"))
                    }
                    self.relay = Relay.join(
                        loop: self.proxy.loop,
                        watchedBy: application,
                        stream: stream,
                        socketIsDownstream: false,
                        observer: self
                    )
                case nil:
                    application.cancel()
                }
            } catch {
                self.fail(ConnectionFailure(.upstreamReset, "relay could not begin: \(error)"))
            }
        }
    }

    // MARK: End

    private func stopWatching() {
        self.watch?.stop()
        self.watch = nil
    }

    private func fail(_ failure: ConnectionFailure) {
        guard !self.isOver else { return }
        self.stopWatching()
        switch self.origin {
        case .tunnel(let request):
            request.refuse(status: failure.status)
        case .plain(let descriptor, _):
            Socket.makeCloseAbortive(descriptor)
            Socket.close(descriptor)
        case nil:
            break
        }
        self.origin = nil
        self.over(failure, relay: nil)
    }

    private func over(_ failure: ConnectionFailure?, relay: Relay?) {
        self.isOver = true
        self.proxy.remove(self)
        self.report.finish(failure, relay: relay)
    }

    func relayEnded(_ relay: Relay, outcome: RelayOutcome) {
        self.relay = nil
        self.over(self.ending?.value ?? ConnectionFailure(outcome), relay: relay)
    }

    // MARK: ActiveConnection

    var entry: ConnectionEntry { self.report.entry(asked: self.asked, isEstablished: self.relay != nil) }

    func sample() { if let relay = self.relay { self.report.sample(relay) } }

    func recheck(_ snapshot: MeshSnapshot) {
        guard let destination = self.destination, let workload = self.proxy.workload.local.workload(in: snapshot)
        else { return }
        let verdict = MeshModel.authorize(self.facts(destination), workload: workload, snapshot: snapshot)
        guard ConnectionFailure(verdict) != nil else { return }
        self.terminate(
            ConnectionFailure(
                .policyChanged,
                "connection closed due to policy change",
                flag: .denied,
                dial: .denied,
                status: 401
            )
        )
    }

    func terminate(_ failure: ConnectionFailure) {
        guard !self.isOver else { return }
        self.ending = Shared(failure)
        if let relay = self.relay { return relay.close(failure.message) }
        self.dial?.cancel()
        self.dial = nil
        self.fail(failure)
    }
}
