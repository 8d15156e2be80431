import MeshModel
import MeshTelemetry
import TunnelEngine

/// What runs on the control loop: certificates, discovery, admin, metrics.
///
/// `@unchecked Sendable`: apart from `init`, everything runs on the loop's own thread.
final class ControlPart: @unchecked Sendable {
    private let loop: EventLoop
    /// Whom the control plane knows this process as.
    private let own: ServedWorkload
    private let roster: WorkloadRoster
    private let plan: StartPlan
    private let resolver: NameResolver
    private var servers: [EndpointServer] = []
    /// Keeps the certificates of all workloads.
    private(set) lazy var certificates = self.makeKeeper()
    private var revocations: RevocationWatch?
    private var discovery: DiscoveryClient?
    private var synced: (() -> Void)?
    private lazy var alarm = LoopAlarm(loop: self.loop)

    private var context: MeshContext { self.own.mesh }

    init(loop: EventLoop, own: ServedWorkload, roster: WorkloadRoster, plan: StartPlan) {
        self.loop = loop
        self.own = own
        self.roster = roster
        self.plan = plan
        self.resolver = NameResolver(loop: loop, configuration: plan.resolver)
    }

    /// Opens the endpoints and begins to ask for a certificate.
    /// - Parameters:
    ///   - quit: what `/quitquitquit` does.
    ///   - synced: called once, when the first state of the mesh is here.
    func begin(quit: @escaping () -> Void, synced: @escaping () -> Void) throws(ListenFailure) {
        self.synced = synced
        let admin = AdminEndpoint(own: self.own, roster: self.roster, quit: quit)
        try self.serve(MeshPorts.admin, isPrivate: true) { admin.answer($0) }
        let registry = self.context.registry
        RevocationMetrics.add(to: registry, self.context.revocations)
        self.watchRevocations()
        try self.serve(MeshPorts.metrics) { MetricsEndpoint.answer($0, registry: registry) }
        self.askMetadata()
    }

    private func serve(
        _ port: UInt16,
        isPrivate: Bool = false,
        _ handler: @escaping (HTTPRequest) -> HTTPResponse
    ) throws(ListenFailure) {
        let server = EndpointServer(loop: self.loop, handler: handler)
        try self.context.binding(port, isPrivate: isPrivate) { address throws(SocketError) in
            try server.listen(on: address)
        }
        self.servers.append(server)
    }

    private func askMetadata() {
        guard let (address, request) = self.plan.metadata else { return self.askCertificate(taskARN: nil) }
        HTTPFetch.get(loop: self.loop, address: address, request: request, bodyLimit: 256 * 1024) {
            [weak self] result in
            guard let self else { return }
            switch result {
            case .success(let body):
                let metadata = TaskMetadata(body: body)
                if let metadata {
                    self.own.local.learn(name: metadata.taskID)
                    for address in metadata.addresses { self.own.local.add(address) }
                } else {
                    self.context.log.warning("task metadata are unusable")
                }
                self.askCertificate(taskARN: metadata?.taskARN)
            case .failure(let failure):
                self.context.log.warning("task metadata not available", [LogField("error", "\(failure)")])
                self.askCertificate(taskARN: nil)
            }
        }
    }

    private func askCertificate(taskARN: String?) {
        guard let region = self.plan.region ?? (try? AWSRegion.resolve(environment: { _ in nil }, taskARN: taskARN))
        else {
            self.context.log.warning("region unknown", [LogField("error", "\(AttestationError.regionUnknown)")])
            return self.alarm.set(after: 2_000) { [weak self] in self?.askMetadata() }
        }
        let role = TaskRole(
            endpoint: self.plan.credentials,
            scope: self.own.scope,
            region: region,
            audience: self.plan.token.audience
        )
        self.certificates.keep(self.own, by: .task(role))
    }

    private func makeKeeper() -> CertificateKeeper {
        let configuration = self.context.configuration
        let roots = ServerRoots(
            configuration.authorityRoots.map { .configured($0) } ?? .known(self.plan.token.trust),
            policy: self.context.tlsPolicy,
            log: self.context.log
        )
        let server = ControlServer(
            address: ControlPlaneAddress(
                configuration.authority.url ?? self.plan.token.controlPlane,
                resolver: self.resolver
            ),
            roots: roots,
            alternatives: [configuration.authorityHostname].compactMap { $0 },
            headers: configuration.authorityHeaders
        )
        return CertificateKeeper(loop: self.loop, mesh: self.context, server: server) {
            [weak self] workload, hasNewRoots in
            guard let self else { return }
            if hasNewRoots { self.roster.judgePeers(of: workload.key) }
            if workload === self.own { self.identityCame() }
        }
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
        self.context.readiness.done(.identity)
        guard self.discovery == nil else { return }
        let url = self.context.configuration.discovery.url
        let discovery = DiscoveryClient(
            loop: self.loop,
            workload: self.own,
            address: ControlPlaneAddress(url ?? self.plan.token.controlPlane, resolver: self.resolver)
        ) { [weak self] in
            let synced = self?.synced
            self?.synced = nil
            synced?()
        }
        self.discovery = discovery
        discovery.start()
    }
}
