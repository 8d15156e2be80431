import MeshIdentity
import MeshModel
import MeshTelemetry
import TunnelEngine

/// One connection of the local application on its way out: decide, dial, relay, report.
///
/// Confined to its proxy's loop. The descriptor isn't read before the upstream stands, so an impatient client's bytes
/// wait in the kernel.
final class OutboundConnection: RelayObserver, ActiveConnection {
    private let proxy: WorkloadProxy
    private let source: SocketAddress
    private let target: CaptureTarget
    private let report: ConnectionReport
    private var negotiation: ExplicitProxyNegotiation?
    private var descriptor: Int32
    private var relay: Relay?
    private var dial: TCPDial?
    private var tunnel: TunnelDial?
    private var ending: ConnectionFailure?
    private var watch: DepartureWatch?
    private let isDirect: Bool

    /// Takes over the client's descriptor.
    /// - Parameters:
    ///   - negotiation: the proxy protocol that waits for our answer; nil where the client was redirected.
    ///   - isDirect: whether the client came to the capture port itself, and so wants to go nowhere.
    init(
        proxy: WorkloadProxy,
        descriptor: Int32,
        source: SocketAddress,
        target: CaptureTarget,
        negotiation: ExplicitProxyNegotiation? = nil,
        isDirect: Bool = false
    ) {
        self.proxy = proxy
        self.descriptor = descriptor
        self.source = source
        self.target = target
        self.negotiation = negotiation
        self.isDirect = isDirect
        self.report = ConnectionReport(proxy.context, proxy.loop, direction: .outbound, source: source)
    }

    /// Decides where it goes and begins to dial.
    func start() {
        guard self.proxy.add(self) else {
            return self.fail(ConnectionFailure(.overloaded, "more than \(WorkloadProxy.maximumConnections) connections"))
        }
        self.watchClient()
        let snapshot = self.proxy.context.state.snapshot
        let client = self.proxy.workload.local.client(in: snapshot)
        var random = SystemRandomNumberGenerator()
        switch self.target {
        case .address(let address):
            guard !self.isOurselves(address) else { return }
            self.follow(snapshot.routeOutbound(to: address, from: client, random: &random), client: client)
        case .name(let name, let port):
            let decision = snapshot.routeOutbound(host: name, port: port, from: client, random: &random)
            guard case .unknownHost = decision else { return self.follow(decision, client: client) }
            self.resolve(name, port: port)
        }
    }

    /// Gives up as soon as the client does. One that waits for a proxy's answer leaves by ending its side as well.
    private func watchClient() {
        let waitsForAnswer = self.negotiation.map { $0.isTunnel } ?? false
        // Without a watch the dial's own deadline still bounds it.
        self.watch = try? DepartureWatch(
            loop: self.proxy.loop,
            descriptor: self.descriptor,
            endMeansLeft: waitsForAnswer
        ) { [weak self] in
            self?.terminate(ConnectionFailure(.clientGone, "the client left before the connection stood"))
        }
    }

    private func stopWatching() {
        self.watch?.stop()
        self.watch = nil
    }

    /// Asks DNS for a name that the mesh doesn't know, and routes to the address.
    private func resolve(_ name: String, port: UInt16) {
        self.proxy.resolver.resolve(name) { [weak self] result in
            guard let self, self.descriptor >= 0 else { return }
            switch result {
            case .failure(let failure):
                self.fail(ConnectionFailure(name: name, failure))
            case .success(let ip):
                let snapshot = self.proxy.context.state.snapshot
                let client = self.proxy.workload.local.client(in: snapshot)
                var random = SystemRandomNumberGenerator()
                let address = SocketAddress(ip: ip, port: port)
                // The name may stand for a virtual address of the mesh.
                self.follow(snapshot.routeOutbound(to: address, from: client, random: &random), client: client)
            }
        }
    }

    /// Fails a connection that would come back to us: one that was made straight to a port of ours, or asked for it.
    private func isOurselves(_ address: SocketAddress) -> Bool {
        let isLocal = address.ip.isLoopback || self.proxy.workload.local.addresses.contains(address.ip)
        guard self.isDirect || MeshPorts.isOurs(address.port) && isLocal else { return false }
        self.report.record.destination.address = "\(address)"
        self.fail(ConnectionFailure(.recursiveCall, "attempted recursive call to ourselves: \(address)"))
        return true
    }

    private func follow(_ decision: OutboundDecision, client: Workload) {
        switch decision {
        case .passthrough(let address):
            self.report.setSource(client, proven: nil)
            self.connect(to: address)
        case .direct(let route):
            self.report.setSource(client, proven: nil)
            self.report.setDestination(route.workload, proven: nil)
            self.report.setService(route.service)
            self.connect(to: route.destination)
        case .tunnel(let route):
            self.open(route, client: client)
        case .unknownHost:
            self.report.setSource(client, proven: nil)
            self.fail(ConnectionFailure(name: "\(self.target)", .nameNotFound))
        case .refuse(let code, let detail):
            self.report.setSource(client, proven: nil)
            self.fail(ConnectionFailure(code, detail: detail))
        }
    }

    // MARK: Plain

    private func connect(to address: SocketAddress) {
        self.report.record.destination.address = "\(address)"
        guard !self.isOurselves(address) else { return }
        self.report.open()
        do throws(TCPDial.Failure) {
            self.dial = try TCPDial(
                loop: self.proxy.loop,
                to: address,
                from: self.proxy.context.bindAddress(toReach: address.ip),
                scope: self.proxy.workload.scope
            ) { [weak self] result in
                self?.dialed(result, address)
            }
        } catch {
            self.fail(ConnectionFailure(error, to: address))
        }
    }

    private func dialed(_ result: Result<Int32, TCPDial.Failure>, _ address: SocketAddress) {
        self.dial = nil
        switch result {
        case .failure(let failure):
            self.fail(ConnectionFailure(failure, to: address))
        case .success(let upstream):
            Socket.tune(upstream, keepAlive: self.proxy.context.keepAlive)
            guard let (client, early, sieve) = self.answerClient() else { return Socket.close(upstream) }
            self.relay { () throws(SocketError) in
                try Relay.join(
                    loop: self.proxy.loop,
                    downstream: client,
                    early: early,
                    sieve: sieve,
                    upstream: upstream,
                    observer: self
                )
            }
        }
    }

    // MARK: Tunnel

    private func open(_ route: TunnelRoute, client: Workload) {
        let context = self.proxy.context
        let identity: IdentitySnapshot
        do throws(IdentityError) {
            identity = try self.proxy.workload.identities.snapshot(now: context.now)
        } catch {
            return self.fail(ConnectionFailure(error))
        }
        let own = "\(identity.svid.identity)"
        self.report.setSource(client, proven: own)
        self.report.setDestination(route.workload, proven: nil)
        self.report.setService(route.service)
        self.report.labels.isMutualTLS = true
        self.report.record.destination.address = "\(route.destination)"
        self.report.record.hboneAddress = route.authority
        self.report.open()
        var random = SystemRandomNumberGenerator()
        let headers = TunnelHeaders.request(
            authority: route.authority,
            client: client,
            source: self.source,
            service: route.service,
            trace: TraceContext(using: &random)
        )
        let key = TunnelKey(
            source: own,
            generation: identity.generation,
            expected: route.expectedIdentities.map(\.uri),
            address: route.destination,
            from: context.bindAddress(toReach: route.destination.ip)?.ip
        )
        self.tunnel = self.proxy.pool.open(key, context: identity.context, headers: headers) { [weak self] result in
            self?.opened(result, route)
        }
    }

    private func opened(_ result: Result<StreamEnd, TunnelError>, _ route: TunnelRoute) {
        self.tunnel = nil
        switch result {
        case .failure(let error):
            self.fail(ConnectionFailure(error, to: route.destination))
        case .success(let stream):
            self.report.record.destination.identity = stream.peerIdentity
            guard let (client, early, sieve) = self.answerClient() else { return stream.close(isAbortive: true) }
            self.relay { () throws(SocketError) in
                try Relay.join(
                    loop: self.proxy.loop,
                    socket: client,
                    early: early,
                    sieve: sieve,
                    stream: stream,
                    socketIsDownstream: true,
                    observer: self
                )
            }
        }
    }

    // MARK: End

    /// Tells a proxy client that the connection stands.
    /// - Returns: the descriptor, now the caller's, what the upstream gets first, and how much of the rest it gets; nil
    ///   when the client is gone.
    private func answerClient() -> (Int32, [UInt8], ((UnsafeRawBufferPointer) -> Int)?)? {
        self.stopWatching()
        let client = self.descriptor
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
            let sent = toClient.isEmpty ? 0 : toClient.withUnsafeBytes { Socket.send(client, $0) }
            guard sent == toClient.count else {
                self.fail(ConnectionFailure(.clientGone, "the client left before the connection stood"))
                return nil
            }
        }
        self.descriptor = -1
        return (client, early, sieve)
    }

    private func relay(_ join: () throws(SocketError) -> Relay) {
        do throws(SocketError) {
            self.relay = try join()
        } catch {
            self.fail(ConnectionFailure(.upstreamReset, "relay could not begin: \(error)"))
        }
    }

    private func fail(_ failure: ConnectionFailure) {
        self.stopWatching()
        if self.descriptor >= 0 {
            if var negotiation = self.negotiation {
                let answer = negotiation.failed(failure.dial)
                _ = answer.withUnsafeBytes { Socket.send(self.descriptor, $0) }
                Socket.shutdownWrite(self.descriptor)
            } else {
                // A redirected client must not take the failure for an orderly end of an empty answer.
                Socket.makeCloseAbortive(self.descriptor)
            }
            Socket.close(self.descriptor)
            self.descriptor = -1
        }
        self.negotiation = nil
        self.proxy.remove(self)
        self.report.finish(failure)
    }

    func relayEnded(_ relay: Relay, outcome: RelayOutcome) {
        self.relay = nil
        self.proxy.remove(self)
        self.report.finish(self.ending ?? ConnectionFailure(outcome), relay: relay)
    }

    // MARK: ActiveConnection

    func sample() { if let relay = self.relay { self.report.sample(relay) } }

    /// Outbound connections are judged where they arrive.
    func recheck(_ snapshot: MeshSnapshot) {}

    func terminate(_ failure: ConnectionFailure) {
        self.ending = failure
        if let relay = self.relay { return relay.close(failure.message) }
        self.dial?.cancel()
        self.dial = nil
        self.tunnel?.cancel()
        self.tunnel = nil
        self.fail(failure)
    }
}
