import BoringTLS
import DataPlane
import MeshModel
import MeshTelemetry
import MeshXDS
import TunnelEngine

/// What runs on the control loop: certificates, discovery, admin, metrics.
///
/// `@unchecked Sendable`: apart from `init`, everything runs on the loop's own thread.
final class ControlPart: @unchecked Sendable {
    let loop: EventLoop
    /// Whom the control plane knows this process as.
    let own: ServedWorkload
    let roster: WorkloadRoster
    let plan: StartPlan
    private let resolver: NameResolver
    private var servers: [EndpointServer] = []
    /// Keeps the certificates of all workloads.
    private(set) lazy var certificates = self.makeKeeper()
    private var inquiry: TaskInquiry?
    private var revocations: RevocationWatch?
    private var localState: LocalStateSync?
    private var discovery: DiscoveryClient?
    private var exporters: [OTLPExporter] = []
    /// Memory of code that is not run any more.
    private(set) lazy var idleMemory = IdleMemory(loop: self.loop, workers: self.roster.loops)
    private var synced: (() -> Void)?
    /// Whoever finds the workloads to serve, in the modes for many.
    var finder: (any WorkloadFinder)?
    private var hasState = false
    private var hasIdentity = false

    private var context: MeshContext { self.own.mesh }

    init(loop: EventLoop, own: ServedWorkload, roster: WorkloadRoster, plan: StartPlan) {
        self.loop = loop
        self.own = own
        self.roster = roster
        self.plan = plan
        self.resolver = NameResolver(loop: loop, configuration: plan.resolver)
    }

    /// Takes over local state, and begins to ask for a certificate and the mesh's state.
    /// - Parameter synced: called once, when there is enough to listen: the first state of the mesh, and where one
    ///   workload is served its certificate.
    func begin(synced: @escaping () -> Void) {
        self.synced = synced
        RevocationMetrics.add(to: self.context.registry, self.context.revocations)
        self.watchRevocations()
        self.startExports()
        if let first = self.plan.localState, let source = self.context.configuration.localState {
            let localState = LocalStateSync(loop: self.loop, mesh: self.context, source: source)
            self.localState = localState
            localState.start(first)
        }
        self.beginIdentity()
        if !self.needsIdentityFirst { self.beginDiscovery() }
    }

    /// Makes sure that the stream of the mesh's state lives.
    func probe(milliseconds: UInt64) { self.discovery?.probe(milliseconds: milliseconds) }

    /// Whether the discovery server must be shown our certificate.
    private var needsIdentityFirst: Bool {
        guard self.plan.discovery != nil, case .certificate = self.plan.discoveryProof else { return false }
        return true
    }

    /// Begins to send telemetry where it is wanted; without it the mesh runs all the same.
    private func startExports() {
        let configuration = self.context.configuration
        if let tracer = self.context.tracer { self.export(ConnectionSpanSource(tracer), to: configuration.tracing) }
        if let queue = self.context.accessExport { self.export(AccessLogSource(queue), to: configuration.accessExport) }
        if let settings = configuration.metricExport {
            self.export(MetricSource(self.context.registry, isDelta: settings.isDelta), to: settings)
        }
    }

    private func export(_ source: any OTLPSource, to settings: OTLPSettings?) {
        guard let settings else { return }
        do throws(TLSError) {
            let exporter = try OTLPExporter(
                loop: self.loop,
                context: self.context.control,
                source: source,
                settings: settings,
                resolver: self.resolver,
                limits: self.context.configuration.limits.export
            )
            self.exporters.append(exporter)
            exporter.start()
        } catch {
            self.context.log.error(
                "telemetry can't be exported",
                [LogField("endpoint", settings.endpoint), LogField("error", "\(error)")]
            )
        }
    }

    /// Sends the telemetry that waits; for the end of the process.
    func flushExports(completion: @escaping () -> Void) {
        var left = self.exporters.count
        guard left > 0 else { return completion() }
        for exporter in self.exporters {
            exporter.flush {
                left -= 1
                if left == 0 { completion() }
            }
        }
    }

    /// Opens the endpoints.
    /// - Parameter quit: what `/quitquitquit` does.
    func openEndpoints(quit: @escaping () -> Void) throws(ListenFailure) {
        let admin = AdminEndpoint(own: self.own, roster: self.roster, quit: quit)
        try self.serve(self.context.configuration.adminPort, isPrivate: true) { [loop = self.loop] in
            admin.answer($0, on: loop, respond: $1)
        }
        let registry = self.context.registry
        try self.serve(self.context.configuration.metricsPort) { request, respond in
            respond(MetricsEndpoint.answer(request, registry: registry))
        }
    }

    /// Leaves the endpoints to the process that took over.
    func closeEndpoints() {
        for server in self.servers { server.stopListening() }
    }

    private func serve(
        _ port: UInt16,
        isPrivate: Bool = false,
        _ answer: @escaping EndpointExchange.Handler
    ) throws(ListenFailure) {
        let server = EndpointServer(
            loop: self.loop,
            limits: self.context.configuration.limits.endpoint,
            answer: answer
        )
        try server.listen(on: try self.context.sockets(port, isPrivate: isPrivate))
        self.servers.append(server)
    }

    private func beginIdentity() {
        switch self.plan.identity {
        case .attested(let plan):
            self.attest(plan)
        case .credentials(let source):
            self.certificates.keep(self.own, by: source)
        case .none:
            self.context.log.warning("no certificate will come: nothing is carried over tunnels")
            self.context.readiness.done(.identity)
            if self.needsIdentityFirst { self.beginDiscovery() }
        }
    }

    private func attest(_ plan: AttestationPlan) {
        let inquiry = TaskInquiry(
            loop: self.loop,
            context: self.context.control,
            plan: plan,
            local: self.own.local,
            scope: self.own.scope
        )
        self.inquiry = inquiry
        inquiry.start { [weak self] role in
            guard let self else { return }
            self.certificates.keep(self.own, by: .task(role))
        }
    }

    private func makeKeeper() -> CertificateKeeper {
        let configuration = self.context.configuration
        return CertificateKeeper(
            loop: self.loop,
            context: self.context.control,
            server: self.plan.authority.map(self.server),
            settings: CertificateKeeper.Settings(
                lifetime: Int64(clamping: configuration.certificateLifetime / 1_000),
                // A dedicated ztunnel shares its workload's address.
                sharesAddress: configuration.mode == .dedicated
            )
        ) { [weak self] subject, hasNewRoots in
            guard let self else { return }
            if hasNewRoots { self.roster.judgePeers(of: subject.key) }
            if subject === self.own { self.identityCame() }
        }
    }

    private func server(_ plan: StartPlan.ServerPlan) -> ControlServer {
        ControlServer(
            address: ControlPlaneAddress(plan.url, resolver: self.resolver),
            roots: ServerRoots(plan.roots, policy: self.context.tlsPolicy, log: self.context.log),
            alternatives: [plan.alternative].compactMap { $0 },
            headers: plan.headers
        )
    }

    private func watchRevocations() {
        guard let path = self.context.configuration.revocationListPath else { return }
        let watch = RevocationWatch(
            loop: self.loop,
            path: path,
            register: self.context.revocations,
            registry: self.context.registry,
            log: self.context.log
        ) { [roster = self.roster] in
            roster.judgePeers()
        }
        self.revocations = watch
        watch.start()
    }

    private func identityCame() {
        self.hasIdentity = true
        self.context.readiness.done(.identity)
        if self.needsIdentityFirst { self.beginDiscovery() }
        self.tellSynced()
    }

    private func beginDiscovery() {
        guard let server = self.plan.discovery else { return self.finishSync() }
        guard self.discovery == nil else { return }
        let (state, onDemand, localState) = (self.context.state, self.context.onDemand, self.localState)
        let discovery = DiscoveryClient(
            loop: self.loop,
            context: self.context.control,
            own: self.own,
            node: self.context.configuration.node,
            server: self.server(server),
            proof: self.plan.discoveryProof,
            // What a file says of the same mesh comes back where the control plane's word is gone.
            subscriptions: state.subscriptions(isOnDemand: onDemand != nil) { [weak localState] update in
                localState?.restore(update.removed, of: update.typeURL)
            },
            onDemand: onDemand.map { DiscoveryClient.OnDemand($0, state: state) }
        ) { [weak self] in self?.finishSync() }
        self.localState?.isHeldByControlPlane = { [weak discovery] in discovery?.holds($1, of: $0) ?? false }
        self.discovery = discovery
        discovery.start()
    }

    /// The first state of the mesh is here.
    private func finishSync() {
        self.hasState = true
        self.tellSynced()
    }

    /// A dedicated ztunnel listens only once it has a certificate as well: whoever came before would be refused, and a
    /// process that it takes over from can still serve them.
    private func tellSynced() {
        let mode = self.context.configuration.mode
        guard self.hasState, mode != .dedicated || self.hasIdentity else { return }
        let synced = self.synced
        self.synced = nil
        synced?()
    }
}
