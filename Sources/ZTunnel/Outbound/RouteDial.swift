import DataPlane
import MeshIdentity
import MeshModel
import MeshTelemetry
import TunnelEngine

/// One attempt to open one route; fills in the report as it goes.
///
/// Confined to its loop. Whoever starts it keeps it until the completion, which is called once unless it is cancelled.
final class RouteDial {
    /// Whom it connects for.
    struct Client {
        /// The local workload.
        var workload: Workload
        /// The application's address.
        var address: SocketAddress
        /// Joins the log lines of both ends.
        var trace: TraceContext
    }

    /// What stands now; whoever gets it closes it.
    enum Upstream {
        case socket(Int32)
        case stream(StreamEnd)

        /// Ends it before anything was sent.
        func close() {
            switch self {
            case .socket(let descriptor): Socket.close(descriptor)
            case .stream(let stream): stream.close(isAbortive: true)
            }
        }
    }

    /// Why nothing stands.
    struct Failure: Error {
        var reason: ConnectionFailure
        /// Whether another endpoint may do better. Not so when a peer decided against the connection.
        var mayTryAnother: Bool
    }

    private let proxy: WorkloadProxy
    private let report: ConnectionReport
    private let client: Client
    /// What is dialled; nil for an address that the mesh doesn't know.
    private var route: OutboundRoute?
    private var completion: ((Result<Upstream, Failure>) -> Void)?
    private var dial: TCPDial?
    private var tunnel: TunnelDial?
    private var inner: InnerTunnel?

    init(proxy: WorkloadProxy, report: ConnectionReport, client: Client) {
        self.proxy = proxy
        self.report = report
        self.client = client
    }

    /// Gives up; the completion is not called.
    func cancel() {
        self.completion = nil
        self.dial?.cancel()
        self.tunnel?.cancel()
        self.inner?.cancel()
        self.dial = nil
        self.tunnel = nil
        self.inner = nil
    }

    private func finish(_ result: Result<Upstream, Failure>) {
        self.dial = nil
        self.tunnel = nil
        self.inner = nil
        let completion = self.completion
        self.completion = nil
        guard let completion else {
            if case .success(let upstream) = result { upstream.close() }
            return
        }
        completion(result)
    }

    private func fail(_ reason: ConnectionFailure, mayTryAnother: Bool) {
        self.finish(.failure(Failure(reason: reason, mayTryAnother: mayTryAnother)))
    }

    // MARK: Start

    /// Connects to an address that the mesh doesn't know.
    func start(_ address: SocketAddress, completion: @escaping (Result<Upstream, Failure>) -> Void) {
        self.completion = completion
        self.report.setSource(self.client.workload, proven: nil)
        self.connect(to: address)
    }

    /// Opens a route of the mesh.
    func start(_ route: OutboundRoute, completion: @escaping (Result<Upstream, Failure>) -> Void) {
        self.completion = completion
        self.route = route
        self.report.setSource(self.client.workload, proven: nil)
        self.report.setDestination(route.workload, proven: nil)
        self.report.setService(route.service)
        self.report.destination = route.address
        switch route.address.host {
        case .ip(let ip):
            self.follow(route, at: SocketAddress(ip: ip, port: route.address.port))
        case .name(let name, let prefersV4):
            self.proxy.onDemandNames(name, for: self.client.workload) { [weak self] result in
                guard let self, self.completion != nil else { return }
                switch result {
                case .failure(let failure):
                    self.fail(ConnectionFailure(name: name, failure), mayTryAnother: true)
                case .success(let addresses):
                    let preferred = addresses.filter { $0.isV4 == prefersV4 ?? self.hasV4 }
                    guard let ip = preferred.randomElement() ?? addresses.randomElement() else {
                        return self.fail(ConnectionFailure(name: name, .nameNotFound), mayTryAnother: true)
                    }
                    self.follow(route, at: SocketAddress(ip: ip, port: route.address.port))
                }
            }
        }
    }

    /// Whether the client has an IPv4 address itself, as far as is known: its family is the one that surely works.
    private var hasV4: Bool {
        let own = self.client.workload.addresses
        return own.isEmpty || own.contains { $0.isV4 }
    }

    private func follow(_ route: OutboundRoute, at address: SocketAddress) {
        switch route.passage {
        case .plain: self.connect(to: address)
        case .tunnel(let hop), .nested(let hop, _): self.open(hop, route, at: address)
        }
    }

    // MARK: Plain

    private func connect(to address: SocketAddress) {
        self.report.destination = HopAddress(address)
        guard !self.proxy.isRecursive(address) else {
            return self.fail(ConnectionFailure(recursive: address), mayTryAnother: false)
        }
        do throws(TCPDial.Failure) {
            self.dial = try TCPDial(
                loop: self.proxy.loop,
                to: address,
                from: self.proxy.context.bindAddress(toReach: address.ip),
                scope: self.proxy.workload.scope
            ) { [weak self] result in
                guard let self else { return }
                switch result {
                case .success(let descriptor):
                    Socket.tune(descriptor, keepAlive: self.proxy.context.keepAlive)
                    self.finish(.success(.socket(descriptor)))
                case .failure(let failure):
                    self.fail(ConnectionFailure(failure, to: address), mayTryAnother: true)
                }
            }
        } catch {
            self.fail(ConnectionFailure(error, to: address), mayTryAnother: true)
        }
    }

    // MARK: Tunnel

    private func open(_ hop: TunnelHop, _ route: OutboundRoute, at address: SocketAddress, hasWaited: Bool = false) {
        let identity: IdentitySnapshot
        do throws(IdentityError) {
            identity = try self.proxy.workload.identities.snapshot(now: self.proxy.context.now)
        } catch {
            let again = { [weak self] in
                guard let self, self.completion != nil else { return }
                self.open(hop, route, at: address, hasWaited: true)
            }
            if error.code == .missing, !hasWaited, self.proxy.identityQueue.wait(again) { return }
            return self.fail(ConnectionFailure(error), mayTryAnother: false)
        }
        self.report.setSource(self.client.workload, proven: identity.uri)
        self.report.isMutualTLS = true
        self.report.destination = HopAddress(address)
        self.report.authority = hop.authority(at: address.ip)
        let key = TunnelKey(
            source: identity.uri,
            generation: identity.generation,
            expected: hop.expectedIdentities.map(\.uri),
            address: address,
            from: self.proxy.context.bindAddress(toReach: address.ip)?.ip,
            peer: route.peer
        )
        // What the closures need is kept here: many may wait for one tunnel.
        self.tunnel = self.proxy.pool.open(
            key,
            context: identity.context,
            headers: { [weak self] in self.map { $0.headers($0.report.authority ?? "") } ?? [] },
            completion: { [weak self] result in self?.opened(result, at: address, identity) }
        )
        // It may have ended, or been given up, before it was here.
        if self.completion == nil { self.tunnel = nil }
    }

    private func opened(
        _ result: Result<StreamEnd, TunnelError>,
        at address: SocketAddress,
        _ identity: IdentitySnapshot
    ) {
        self.tunnel = nil
        switch result {
        case .failure(let error):
            self.fail(ConnectionFailure(error, to: address), mayTryAnother: Self.isCurable(error))
        case .success(let stream):
            guard case .nested(_, let inner)? = self.route?.passage else {
                self.report.proveDestination(stream.peerIdentity)
                return self.finish(.success(.stream(stream)))
            }
            self.open(inner, through: stream, at: address, identity)
        }
    }

    private func headers(_ authority: String) -> [HTTP2Header] {
        TunnelHeaders.request(
            authority: authority,
            client: self.client.workload,
            source: self.client.address,
            service: self.route?.service,
            trace: self.client.trace
        )
    }

    private func open(
        _ hop: TunnelHop,
        through outer: StreamEnd,
        at address: SocketAddress,
        _ identity: IdentitySnapshot
    ) {
        guard self.completion != nil else { return outer.close(isAbortive: true) }
        self.report.isNested = true
        // The gateway's network tells the peer not to look our address up in its own.
        let network = self.client.workload.network
        let forwarded = network.isEmpty ? [] : [HTTP2Header("x-forwarded-network", network)]
        do throws(TunnelError) {
            self.inner = try self.proxy.pool.open(
                through: outer,
                peer: address,
                context: identity.context,
                expecting: hop.expectedIdentities.map(\.uri),
                headers: self.headers(hop.authority(at: address.ip)) + forwarded
            ) { [weak self] result in
                self?.openedInner(result, at: address)
            }
        } catch {
            self.fail(ConnectionFailure(inner: error, to: address), mayTryAnother: Self.isCurable(error))
        }
    }

    private func openedInner(_ result: Result<StreamEnd, TunnelError>, at address: SocketAddress) {
        switch result {
        case .failure(let error):
            self.fail(ConnectionFailure(inner: error, to: address), mayTryAnother: Self.isCurable(error))
        case .success(let stream):
            // The other network chose the workload: it knows better than we do which one it is.
            var workload = self.route?.workload
            if let identity = stream.peerIdentity.flatMap({ try? SPIFFEID(parsing: $0) }) {
                workload?.identity = identity
            }
            if let baggage = self.inner?.responseHeaders.first(named: "baggage"), var described = workload {
                WorkloadBaggage(parsing: [baggage]).describe(&described)
                workload = described
            }
            self.report.setDestination(workload, proven: stream.peerIdentity)
            self.finish(.success(.stream(stream)))
        }
    }

    /// Whether another endpoint may do better. 503 says that the peer could not reach its application; any other status
    /// is a decision, and the pool is closed only at the end of the process.
    private static func isCurable(_ error: TunnelError) -> Bool {
        switch error {
        case .refused(let status): status == 503
        case .closed: false
        case .link, .malformedResponse, .responseTimedOut, .reset, .overloaded: true
        }
    }
}
