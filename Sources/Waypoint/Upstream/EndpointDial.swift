import BoringTLS
import MeshIdentity
import MeshModel
import TunnelEngine

/// Opens a way for bytes to one endpoint's application: through its tunnel where it has one, else directly; with TLS where
/// the application is to be spoken to by TLS, and then with nothing less.
///
/// Confined to its loop. Whoever starts it keeps it until the completion, which is called once, possibly before `start`
/// returns, unless it is cancelled. What it is given is owned by nobody yet, and becomes its to close.
final class EndpointDial: ByteStreamOwner {
    /// Why nothing stands.
    struct Failure: Error, Sendable {
        /// The kinds that are told apart in answers, retries and outlier detection.
        enum Kind: Sendable {
            case refused, timedOut, overloaded, noRoute
            /// The endpoint is known by a name that has no address.
            case unresolved
            /// The connection stands, but this request's head can't be sent on it: no fault of the endpoint.
            case unsendable
        }

        var kind: Kind
        /// For the log.
        var reason: String
        /// What TLS said, in a word that clients may see; nil for nothing.
        var transport: String?
    }

    private let worker: WaypointWorker
    private let timeout: UInt64
    /// `traceparent` of what it is opened for; nil for none.
    private let trace: String?
    private let manner: UpstreamManner
    private var completion: ((Result<ByteStream, Failure>) -> Void)?
    private var race: AddressRace?
    private var tunnel: TunnelDial?
    private var inner: InnerTunnel?
    private var session: TLSSession?
    /// In its handshake.
    private var bytes: ByteStream?
    private lazy var deadline = LoopAlarm(loop: self.worker.loop)
    /// Whom the tunnel's certificate proved.
    private(set) var peerIdentity: String?
    /// Our own address towards the endpoint, as logs show it; nil until something stands.
    private(set) var localText: String?

    /// - Parameters:
    ///   - timeout: for all of it, in milliseconds.
    ///   - manner: how the bytes are wrapped.
    ///   - trace: `traceparent` of the request or connection that it is opened for, which the tunnel's server goes on with.
    init(worker: WaypointWorker, timeout: UInt64, manner: UpstreamManner = .bare, trace: String? = nil) {
        self.worker = worker
        self.manner = manner
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
        self.race?.cancel()
        self.tunnel?.cancel()
        self.inner?.cancel()
        self.race = nil
        self.tunnel = nil
        self.inner = nil
        let bytes = self.bytes
        self.bytes = nil
        bytes?.close(isAbortive: true)
    }

    private func finish(_ result: Result<ByteStream, Failure>) {
        self.race = nil
        self.tunnel = nil
        self.inner = nil
        self.bytes = nil
        self.deadline.cancel()
        let completion = self.completion
        self.completion = nil
        guard let completion else {
            if case .success(let bytes) = result { bytes.close(isAbortive: true) }
            return
        }
        completion(result)
    }

    private func fail(_ kind: Failure.Kind, _ reason: String, transport: String? = nil) {
        self.finish(.failure(Failure(kind: kind, reason: reason, transport: transport)))
    }

    /// Makes the TLS session, so that nothing is dialled where none can be; false when it failed.
    private func prepare() -> Bool {
        do throws(TLSError) {
            self.session = try self.manner.session(on: self.worker.loop)
            return true
        } catch {
            self.fail(.noRoute, "TLS: \(error)", transport: "TLS_error: \(error.code.rawValue)")
            return false
        }
    }

    // MARK: What stands

    private func stand(on stream: StreamEnd) {
        self.peerIdentity = stream.peerIdentity
        self.localText = stream.localAddress.map { "\($0)" }
        guard self.completion != nil else { return stream.close(isAbortive: true) }
        self.stand(
            ByteStream.over(
                tunnel: stream,
                loop: self.worker.loop,
                preface: self.manner.preface,
                tls: self.session,
                isDownstream: false,
                owner: self
            )
        )
    }

    private func stand(on descriptor: Int32, to address: SocketAddress) {
        self.localText = Socket.localAddress(descriptor).map { "\($0)" }
        Socket.tune(descriptor, keepAlive: self.worker.context.keepAlive)
        do throws(SocketError) {
            self.stand(
                try ByteStream.over(
                    socket: descriptor,
                    loop: self.worker.loop,
                    preface: self.manner.preface,
                    tls: self.session,
                    isDownstream: false,
                    owner: self
                )
            )
        } catch {
            self.fail(.refused, "\(address): \(error)")
        }
    }

    private func stand(_ bytes: ByteStream) {
        guard bytes.tls != nil else { return self.finish(.success(bytes)) }
        self.race = nil
        self.tunnel = nil
        self.inner = nil
        self.bytes = bytes
    }

    func byteStreamOpened(_ stream: ByteStream) { self.finish(.success(stream)) }
    func byteStream(_ stream: ByteStream, received bytes: UnsafeRawBufferPointer) {}
    func byteStreamReceivedEnd(_ stream: ByteStream) {}
    func byteStreamCanSend(_ stream: ByteStream) {}

    func byteStreamEnded(_ stream: ByteStream, _ outcome: RelayOutcome) {
        guard self.bytes === stream else { return }
        let reason =
            switch outcome {
            case .upstreamFailed(let reason), .downstreamFailed(let reason), .closed(let reason),
                .halfClosedTooLong(let reason):
                reason
            case .complete: "the connection ended before TLS stood"
            case .peerDisowned(let error): "\(error)"
            }
        self.fail(.refused, reason, transport: stream.tls?.failure.map { "TLS_error: \($0.code.rawValue)" })
    }

    // MARK: The way

    /// Opens the way to an endpoint.
    /// - Parameter service: whose endpoint it is; nil for a workload that was asked for by its own address.
    func start(
        _ way: EndpointWay,
        of service: Service?,
        port: UInt16,
        completion: @escaping (Result<ByteStream, Failure>) -> Void
    ) {
        self.completion = completion
        guard self.prepare() else { return }
        self.deadline.set(after: self.timeout) { [weak self] in
            guard let self, self.completion != nil else { return }
            let completion = self.completion
            self.completion = nil
            self.release()
            completion?(.failure(Failure(kind: .timedOut, reason: "no connection within \(self.timeout) ms")))
        }
        switch way {
        case .workload(let target): self.follow(target, of: service, port: port)
        case .address(let address): self.connect(to: [address])
        case .name(let name, let port): self.look(up: name, port: port)
        }
    }

    private func follow(_ target: EndpointTarget, of service: Service?, port: UInt16) {
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

    private func follow(_ route: OutboundRoute) {
        switch route.address.host {
        case .ip(let ip):
            self.follow(route, at: [SocketAddress(ip: ip, port: route.address.port)])
        case .name(let name, let prefersV4):
            self.look(up: name, prefersV4: prefersV4, obstacle: { $0.obstacle(at: $1) }) { dial, addresses in
                dial.follow(route, at: addresses.map { SocketAddress(ip: $0, port: route.address.port) })
            }
        }
    }

    /// A name that a client gave: full as it is, and never one that the search list would make of it.
    private func look(up name: String, port: UInt16) {
        self.look(up: "\(name).", prefersV4: nil, obstacle: { $0.obstacle(outsideAt: $1) }) { dial, addresses in
            dial.connect(to: addresses.map { SocketAddress(ip: $0, port: port) })
        }
    }

    private func look(
        up name: String,
        prefersV4: Bool?,
        obstacle: @escaping (WaypointPlan, IPAddress) -> String?,
        then proceed: @escaping (EndpointDial, [IPAddress]) -> Void
    ) {
        self.worker.resolve(name) { [weak self] addresses in
            guard let self, self.completion != nil else { return }
            guard !addresses.isEmpty else { return self.fail(.unresolved, "\(name) has no address") }
            let obstacles = addresses.map { obstacle(self.worker.plan, $0) }
            var open = zip(addresses, obstacles).filter { $0.1 == nil }.map(\.0)
            guard !open.isEmpty else {
                let reason = obstacles.lazy.compactMap(\.self).first ?? ""
                return self.fail(.noRoute, "\(name) must not be connected to: \(reason)")
            }
            open.shuffle(using: &self.worker.random)
            proceed(self, AddressRace.order(open, prefersV4: prefersV4 ?? addresses.first?.isV4))
        }
    }

    /// - Parameter addresses: at least one; a tunnel goes to the first.
    private func follow(_ route: OutboundRoute, at addresses: [SocketAddress]) {
        guard let address = addresses.first else { return self.fail(.noRoute, "no address of \(route.peer)") }
        switch route.passage {
        case .plain: self.connect(to: addresses)
        case .tunnel(let hop): self.open(hop, peer: route.peer, at: address, inside: nil)
        case .nested(let outer, let inner): self.open(outer, peer: route.peer, at: address, inside: inner)
        }
    }

    private func connect(to addresses: [SocketAddress]) {
        let race = AddressRace(worker: self.worker, addresses: addresses, milliseconds: self.timeout)
        self.race = race
        race.start { [weak self] result in
            guard let self, self.completion != nil else {
                if case .success(let made) = result { Socket.close(made.descriptor) }
                return
            }
            switch result {
            case .success(let made): self.stand(on: made.descriptor, to: made.address)
            case .failure(let failure): self.finish(.failure(failure))
            }
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
        let context = identity.context
        let tunnel = self.worker.tunnels.open(key, context: context, headers: { headers }) { [weak self] result in
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
                self.stand(on: stream)
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
                case .success(let stream): self.stand(on: stream)
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
