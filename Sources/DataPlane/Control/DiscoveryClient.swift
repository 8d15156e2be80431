import BoringTLS
import MeshIdentity
import MeshModel
import MeshProtos
import MeshTelemetry
import MeshXDS
package import TunnelEngine

/// Follows the control plane's state over one delta xDS stream, and comes back whenever it breaks.
///
/// Confined to the control loop. The last good state stays in use while there is no stream.
package final class DiscoveryClient: ControlCallOwner {
    private let loop: EventLoop
    private let context: ControlContext
    private let own: any CertificateSubject
    private let server: ControlServer
    private let proof: Proof
    private var address: ControlPlaneAddress { self.server.address }
    private let subscriptions: [DiscoverySubscription]
    private let onDemand: OnDemand?
    private let onSynced: () -> Void
    private var machine: DeltaClient
    private var call: ControlCall?
    private var hasBegun = false
    private var wasSynced = false
    private lazy var alarm = LoopAlarm(loop: self.loop)
    private lazy var sweepAlarm = LoopAlarm(loop: self.loop)
    /// Names that were answered, and wait for what their resources lead to.
    private var answeredEarly: [String] = []
    /// What known resources lead to, and has no answer yet.
    private var references: Set<String> = []
    private let terminations: MetricFamily<Counter>
    private let messages: MetricFamily<Counter>
    private let messageBytes: MetricFamily<Counter>

    /// Silence after which a stream has brought all that there is; see ``DeltaClient/sweep()``.
    private static let sweepMilliseconds: UInt64 = 30_000
    /// A whole mesh may come in one response.
    private static let responseBytes = 200 << 20

    /// What the server is shown, so that it knows us.
    package enum Proof: Sendable {
        /// Our certificate, as `tulled` wants it; a token besides where one is set.
        case certificate(BearerSource?)
        /// A token and nothing else, as istiod wants it.
        case bearer(BearerSource?)
    }

    /// Makes a client that doesn't connect yet.
    /// - Parameters:
    ///   - own: whom the control plane knows this process as.
    ///   - node: how it introduces itself.
    ///   - subscriptions: what is followed, in the order in which it is asked for.
    ///   - onDemand: who asks, where the subscription to addresses is on demand.
    ///   - onSynced: called once, when the first state of all types is here.
    package init(
        loop: EventLoop,
        context: ControlContext,
        own: any CertificateSubject,
        node: NodeDescription,
        server: ControlServer,
        proof: Proof,
        subscriptions: [DiscoverySubscription],
        onDemand: OnDemand? = nil,
        onSynced: @escaping () -> Void
    ) {
        self.loop = loop
        self.context = context
        self.own = own
        self.server = server
        self.proof = proof
        self.subscriptions = subscriptions
        self.onDemand = onDemand
        self.onSynced = onSynced
        self.machine = DeltaClient(
            node: node.node(own.local, program: context.program),
            types: subscriptions.map { (typeURL: $0.typeURL, interest: $0.interest) }
        )
        let registry = context.registry
        self.terminations = registry.counters(
            "istio_xds_connection_terminations_total",
            help: "Ended streams to the control plane.",
            labels: ["reason"]
        )
        self.messages = registry.counters(
            "istio_xds_message_total",
            help: "Responses of the control plane.",
            labels: ["url"]
        )
        self.messageBytes = registry.counters(
            "istio_xds_message_bytes_total",
            help: "Bytes of responses of the control plane.",
            labels: ["url"]
        )
    }

    /// Whether the control plane gave a resource of this name, or tried to.
    package func holds(_ name: String, of typeURL: String) -> Bool { self.machine.holds(name, of: typeURL) }

    /// Connects, and goes on for ever.
    package func start() {
        self.hearDemands()
        self.open()
    }

    /// Makes sure that the stream lives: for when this process stood still. One that does not is replaced in time.
    package func probe(milliseconds: UInt64) { self.call?.probe(milliseconds: milliseconds, on: self.loop) }

    private func open() {
        self.hasBegun = false
        self.address.find { [weak self] result in
            guard let self else { return }
            switch result {
            case .success(let address): self.connect(to: address)
            case .failure(let failure): self.retry(.notConnected, "address: \(failure.rawValue)")
            }
        }
    }

    private func connect(to address: SocketAddress) {
        var limits = GRPCCall.Limits()
        limits.messageBytes = Self.responseBytes
        do {
            let head = GRPCRequestHead(
                path: EnvoyDiscovery.deltaAggregatedResourcesPath,
                authority: self.address.authority,
                metadata: try self.metadata()
            )
            let context = try self.tlsContext()
            let call = ControlCall(head: head, limits: limits, owner: self)
            self.call = call
            try call.start(
                loop: self.loop,
                address: address,
                from: self.context.bindAddress(toReach: address.ip),
                host: self.address.host,
                alternatives: self.server.alternatives,
                context: context
            )
        } catch {
            self.retry(.notConnected, "\(error)")
        }
    }

    private func metadata() throws(AttestationError) -> [HTTP2Header] {
        var metadata = [HTTP2Header("clusterid", self.own.local.cluster)] + self.server.headers
        let bearer =
            switch self.proof {
            case .certificate(let bearer), .bearer(let bearer): bearer
            }
        if let token = try bearer?.token() {
            metadata.append(HTTP2Header("authorization", "Bearer \(token)", sensitive: true))
        }
        return metadata
    }

    private func tlsContext() throws -> TLSContext {
        guard case .certificate = self.proof else { return try self.server.roots.context(issued: []) }
        let identity = try self.own.identities.snapshot(now: self.context.now)
        let issued = identity.bundle.anchors.certificates
        return try self.server.roots.context(issued: issued, identity: identity.svid)
    }

    private func retry(_ end: XDSStreamEnd, _ reason: String) {
        self.call = nil
        self.sweepAlarm.cancel()
        var random = SystemRandomNumberGenerator()
        let wait = self.machine.streamEnded(end, random: &random)
        self.terminations.with(Self.label(end)).add()
        self.context.log.write(
            end == .routine || end == .completed ? .debug : .warning,
            "control plane stream ended",
            [
                LogField("server", self.address.authority), LogField("reason", end.rawValue),
                LogField("error", reason), LogField("retry_in_milliseconds", wait.milliseconds),
            ]
        )
        self.alarm.set(after: wait.milliseconds) { [weak self] in self?.open() }
    }

    /// The names of ztunnel's metric.
    private static func label(_ end: XDSStreamEnd) -> String {
        switch end {
        case .notConnected: "ConnectionError"
        case .completed: "Complete"
        case .routine: "Reconnect"
        case .failed: "Error"
        }
    }

    // MARK: ControlCallOwner

    package func callBegan(_ call: ControlCall) {
        self.hasBegun = true
        for request in self.machine.streamOpened() { call.send(request.serialized) }
        self.context.log.info("control plane stream opened", [LogField("server", self.address.authority)])
    }

    package func received(_ message: [UInt8], on call: ControlCall) {
        let response: EnvoyDiscovery.DeltaDiscoveryResponse
        do throws(ProtoError) {
            response = try EnvoyDiscovery.DeltaDiscoveryResponse(decoding: message)
        } catch {
            call.cancel()
            return self.retry(.failed, "response is no protobuf message: \(error)")
        }
        let subscription = self.subscriptions.first { $0.typeURL == response.typeURL }
        let url = subscription?.typeURL ?? "unknown"
        self.messages.with(url).add()
        self.messageBytes.with(url).add(UInt64(message.count))
        let update = self.machine.receive(response)
        let rejections = subscription?.apply(update) ?? []
        call.send(self.machine.acknowledge(update, rejected: rejections).serialized)
        for rejection in (update.malformed + rejections).prefix(16) {
            self.context.log.warning(
                "resource rejected",
                [LogField("type", url), LogField("name", rejection.name), LogField("reason", rejection.reason)]
            )
        }
        self.context.log.debug(
            "state received",
            [
                LogField("type", url), LogField("resources", update.resources.count),
                LogField("removed", update.removed.count),
            ]
        )
        self.answered(update)
        if self.machine.needsSweep {
            self.sweepAlarm.set(after: Self.sweepMilliseconds) { [weak self] in self?.sweep() }
        }
        if !self.wasSynced, self.machine.isSynced {
            self.wasSynced = true
            self.finishSync()
        }
    }

    /// On demand our own workload must be known before anybody can be served.
    private func finishSync() {
        guard let onDemand = self.onDemand?.resources else { return self.onSynced() }
        let local = self.own.local
        let names = local.addresses.map { "\(NetworkAddress(network: local.network, ip: $0))" }
        nonisolated(unsafe) let client = self
        onDemand.demand(names, on: self.loop) { _ in client.onSynced() }
    }

    private func sweep() {
        for update in self.machine.sweep() {
            _ = self.subscriptions.first { $0.typeURL == update.typeURL }?.apply(update)
        }
    }

    // MARK: On demand

    private func hearDemands() {
        guard let onDemand = self.onDemand?.resources else { return }
        nonisolated(unsafe) weak let client = self
        let loop = self.loop
        onDemand.begin { names in loop.submit { client?.demand(names) } }
    }

    private func demand(_ names: [String]) {
        if let request = self.machine.subscribe(names, to: XDSTypes.address) { self.call?.send(request.serialized) }
        self.deliver(names.filter { !self.machine.isPending($0, of: XDSTypes.address) })
    }

    /// Asks for the waypoints and gateways that new resources lead to, and tells those who wait.
    private func answered(_ update: XDSUpdate) {
        guard let onDemand = self.onDemand, update.typeURL == XDSTypes.address else { return }
        self.references.subtract(update.answered)
        let snapshot = onDemand.state.snapshot
        let found = update.resources.flatMap { OnDemandReferences.names(of: $0.name, in: snapshot) }
        if !found.isEmpty, let request = self.machine.subscribe(found, to: XDSTypes.address) {
            self.references.formUnion(request.resourceNamesSubscribe)
            self.call?.send(request.serialized)
        }
        self.deliver(update.answered)
    }

    /// Whoever waits goes on when everything is here that his decision may need.
    private func deliver(_ names: [String]) {
        self.answeredEarly += names
        guard self.references.isEmpty, !self.answeredEarly.isEmpty else { return }
        let names = self.answeredEarly
        self.answeredEarly = []
        self.onDemand?.resources.answered(names)
    }

    package func ended(_ end: ControlCall.End, on call: ControlCall) {
        switch end {
        case .connection(let error):
            self.retry(self.hasBegun ? .failed : .notConnected, "\(error)")
        case .status(let status):
            self.retry(XDSStreamEnd(grpcStatus: status.code.rawValue, message: status.message), "\(status)")
        }
    }
}
