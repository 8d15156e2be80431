import BoringTLS
import MeshIdentity
import MeshModel
import TunnelEngine

/// Opens a way for bytes to one endpoint: through its tunnel where it has one, else in the clear.
///
/// Confined to its loop. Whoever starts it keeps it until the completion, which is called once, possibly before `start`
/// returns, unless it is cancelled.
final class EndpointDial {
    /// What stands now; whoever gets it closes it.
    enum Opened {
        case socket(Int32)
        case stream(StreamEnd)
    }

    /// Why nothing stands.
    struct Failure: Error, Sendable {
        /// The kinds that are told apart in answers, retries and outlier detection.
        enum Kind: Sendable {
            case refused, timedOut, overloaded, noRoute
            /// The connection stands, but this request's head can't be sent on it: no fault of the endpoint.
            case unsendable
        }

        var kind: Kind
        /// For the log.
        var reason: String
    }

    /// Why there is no connection to applications that are to be spoken to by TLS.
    static let noTLS = "waypoints begin no TLS to applications"

    private let worker: WaypointWorker
    private let timeout: UInt64
    /// `traceparent` of what it is opened for; nil for none.
    private let trace: String?
    private var completion: ((Result<Opened, Failure>) -> Void)?
    private var dial: TCPDial?
    private var tunnel: TunnelDial?
    private var inner: InnerTunnel?
    private lazy var deadline = LoopAlarm(loop: self.worker.loop)
    /// Whom the tunnel's certificate proved.
    private(set) var peerIdentity: String?
    /// Our own address towards the endpoint, as logs show it; nil until something stands.
    private(set) var localText: String?

    /// - Parameters:
    ///   - timeout: for all of it, in milliseconds.
    ///   - trace: `traceparent` of the request or connection that it is opened for, which the tunnel's server goes on with.
    init(worker: WaypointWorker, timeout: UInt64, trace: String? = nil) {
        self.worker = worker
        self.trace = trace
        self.timeout = timeout
    }

    /// Gives up; the completion is not called.
    func cancel() {
        self.completion = nil
        self.release()
    }

    private func release() {
        self.deadline.cancel()
        self.dial?.cancel()
        self.tunnel?.cancel()
        self.inner?.cancel()
        self.dial = nil
        self.tunnel = nil
        self.inner = nil
    }

    private func finish(_ result: Result<Opened, Failure>) {
        self.dial = nil
        self.tunnel = nil
        self.inner = nil
        self.deadline.cancel()
        let completion = self.completion
        self.completion = nil
        guard let completion else {
            if case .success(let opened) = result { Self.close(opened) }
            return
        }
        completion(result)
    }

    /// Ends what was opened before anything was sent.
    static func close(_ opened: Opened) {
        switch opened {
        case .socket(let descriptor): Socket.close(descriptor)
        case .stream(let stream): stream.close(isAbortive: true)
        }
    }

    private func fail(_ kind: Failure.Kind, _ reason: String) {
        self.finish(.failure(Failure(kind: kind, reason: reason)))
    }

    /// Opens the way to an endpoint.
    /// - Parameter service: whose endpoint it is; nil for a workload that was asked for by its own address.
    func start(
        _ target: EndpointTarget,
        of service: Service?,
        port: UInt16,
        completion: @escaping (Result<Opened, Failure>) -> Void
    ) {
        self.completion = completion
        self.deadline.set(after: self.timeout) { [weak self] in
            guard let self, self.completion != nil else { return }
            let completion = self.completion
            self.completion = nil
            self.release()
            completion?(.failure(Failure(kind: .timedOut, reason: "no connection within \(self.timeout) ms")))
        }
        let plan = self.worker.plan
        let decision = plan.mesh.routeEndpoint(
            target,
            of: service,
            port: port,
            from: plan.own,
            random: &self.worker.random
        )
        switch decision {
        case .forward(let routes):
            guard let route = routes.first else { return self.fail(.noRoute, "no way to \(target.workload.uid)") }
            self.follow(route)
        case .refuse(_, let detail):
            self.fail(.noRoute, detail)
        case .passthrough, .unknownHost:
            self.fail(.noRoute, "no way to \(target.workload.uid)")
        }
    }

    /// Connects to an address that is no workload's, in the clear.
    func start(_ address: SocketAddress, completion: @escaping (Result<Opened, Failure>) -> Void) {
        self.completion = completion
        self.deadline.set(after: self.timeout) { [weak self] in
            self?.dial?.cancel()
            self?.fail(.timedOut, "no connection to \(address)")
        }
        self.connect(to: address)
    }

    private func follow(_ route: OutboundRoute) {
        switch route.address.host {
        case .ip(let ip):
            self.follow(route, at: SocketAddress(ip: ip, port: route.address.port))
        case .name(let name, let prefersV4):
            self.worker.resolve(name) { [weak self] addresses in
                guard let self, self.completion != nil else { return }
                let preferred = addresses.filter { $0.isV4 == prefersV4 ?? true }
                guard let ip = preferred.randomElement(using: &self.worker.random) ?? addresses.first else {
                    return self.fail(.noRoute, "\(name) has no address")
                }
                self.follow(route, at: SocketAddress(ip: ip, port: route.address.port))
            }
        }
    }

    private func follow(_ route: OutboundRoute, at address: SocketAddress) {
        switch route.passage {
        case .plain: self.connect(to: address)
        case .tunnel(let hop): self.open(hop, peer: route.peer, at: address, inside: nil)
        case .nested(let outer, let inner): self.open(outer, peer: route.peer, at: address, inside: inner)
        }
    }

    private func connect(to address: SocketAddress) {
        do throws(TCPDial.Failure) {
            self.dial = try TCPDial(
                loop: self.worker.loop,
                to: address,
                from: self.worker.context.bindAddress(toReach: address.ip),
                milliseconds: self.timeout
            ) { [weak self] result in
                guard let self else {
                    if case .success(let descriptor) = result { Socket.close(descriptor) }
                    return
                }
                self.dial = nil
                switch result {
                case .success(let descriptor):
                    self.localText = Socket.localAddress(descriptor).map { "\($0)" }
                    Socket.tune(descriptor, keepAlive: self.worker.context.keepAlive)
                    self.finish(.success(.socket(descriptor)))
                case .failure(.timedOut):
                    self.fail(.timedOut, "\(address) did not answer")
                case .failure(.socket(let error)):
                    self.fail(.refused, "\(address): \(error)")
                }
            }
        } catch {
            self.fail(.refused, "\(address): \(error)")
        }
    }

    private func open(_ hop: TunnelHop, peer: String, at address: SocketAddress, inside inner: TunnelHop?) {
        let identity: IdentitySnapshot
        do throws(IdentityError) {
            identity = try self.worker.identity()
        } catch {
            return self.fail(.refused, error.message)
        }
        let key = TunnelKey(
            source: "\(identity.svid.identity)",
            generation: identity.generation,
            expected: hop.expectedIdentities.map(\.uri),
            address: address,
            from: self.worker.context.bindAddress(toReach: address.ip)?.ip,
            peer: peer
        )
        let headers = self.headers(hop.authority(at: address.ip), isNested: inner != nil)
        var isBack = false
        let tunnel = self.worker.tunnels.open(key, context: identity.context, headers: headers) { [weak self] result in
            isBack = true
            guard let self else {
                if case .success(let stream) = result { stream.close(isAbortive: true) }
                return
            }
            self.tunnel = nil
            switch result {
            case .failure(let error):
                self.fail(Self.kind(error), "tunnel to \(address): \(error)")
            case .success(let stream):
                if let inner { return self.open(inner, through: stream, at: address, identity) }
                self.peerIdentity = stream.peerIdentity
                self.localText = stream.localAddress.map { "\($0)" }
                self.finish(.success(.stream(stream)))
            }
        }
        if !isBack { self.tunnel = tunnel }
    }

    private func headers(_ authority: String, isNested: Bool) -> [HeaderField] {
        var headers = [HeaderField(":method", "CONNECT"), HeaderField(":authority", authority)]
        if isNested { headers.append(HeaderField("x-istio-source", "waypoint")) }
        if let trace { headers.append(HeaderField("traceparent", trace)) }
        return headers
    }

    private func open(
        _ hop: TunnelHop,
        through outer: StreamEnd,
        at address: SocketAddress,
        _ identity: IdentitySnapshot
    ) {
        guard self.completion != nil else { return outer.close(isAbortive: true) }
        let network = self.worker.plan.own.network
        var headers = self.headers(hop.authority(at: address.ip), isNested: false)
        if !network.isEmpty { headers.append(HeaderField("x-forwarded-network", network)) }
        do throws(TunnelError) {
            self.inner = try self.worker.tunnels.open(
                through: outer,
                peer: address,
                context: identity.context,
                expecting: hop.expectedIdentities.map(\.uri),
                headers: headers
            ) { [weak self] result in
                guard let self else {
                    if case .success(let stream) = result { stream.close(isAbortive: true) }
                    return
                }
                switch result {
                case .failure(let error):
                    self.fail(Self.kind(error), "tunnel through \(address): \(error)")
                case .success(let stream):
                    self.peerIdentity = stream.peerIdentity
                    self.localText = stream.localAddress.map { "\($0)" }
                    self.finish(.success(.stream(stream)))
                }
            }
        } catch {
            self.fail(Self.kind(error), "tunnel through \(address): \(error)")
        }
    }

    private static func kind(_ error: TunnelError) -> Failure.Kind {
        switch error {
        case .responseTimedOut: .timedOut
        case .overloaded: .overloaded
        default: .refused
        }
    }
}
