import BoringTLS
import DataPlane
import MeshModel
import MeshTelemetry
import TunnelEngine

/// What runs on the control loop: our certificate, discovery, plans, admin, metrics.
///
/// `@unchecked Sendable`: apart from `init`, everything runs on the loop's own thread.
final class ControlPart: @unchecked Sendable {
    let loop: EventLoop
    private let context: WaypointContext
    private let plan: StartPlan
    private let workers: [WaypointWorker]
    private let resolver: NameResolver
    private let state: PlanState
    private let exports: TelemetryExports
    private var servers: [EndpointServer] = []
    private lazy var certificates = self.makeKeeper()
    private var discovery: DiscoveryClient?
    private var synced: (() -> Void)?
    private var isSynced = false
    private lazy var alarm = LoopAlarm(loop: self.loop)
    private lazy var clock = LoopAlarm(loop: self.loop)
    private lazy var probes = HealthProbes(worker: self.workers.first)

    init(loop: EventLoop, context: WaypointContext, plan: StartPlan, workers: [WaypointWorker]) {
        self.loop = loop
        self.context = context
        self.plan = plan
        self.workers = workers
        self.resolver = NameResolver(loop: loop, configuration: plan.resolver)
        let exports = TelemetryExports(
            loop: loop,
            context: context,
            resolver: self.resolver,
            variables: plan.telemetryVariables
        )
        self.exports = exports
        self.state = PlanState(context: context) { plan in
            exports.update(traces: plan.settings.traces, logs: plan.settings.logs)
            for worker in workers { worker.loop.submit { worker.change(plan) } }
        }
    }

    /// Begins to ask for a certificate, and with it for the mesh's state.
    /// - Parameter synced: called once, when there is enough to serve.
    func begin(synced: @escaping () -> Void) {
        self.synced = synced
        self.exports.begin()
        if let secret = self.plan.token.joinToken {
            let proof = JoinProof(
                token: secret,
                file: self.context.configuration.joinedIdentityPath.map { IdentityFile($0) }
            )
            return self.certificates.keep(self.context, by: .join(proof))
        }
        self.askMetadata()
    }

    private func askMetadata() {
        guard let (address, request) = self.plan.metadata else { return self.attest(taskARN: nil) }
        HTTPFetch.get(loop: self.loop, address: address, request: request, bodyLimit: 256 * 1024) {
            [weak self] result in
            guard let self else { return }
            switch result {
            case .success(let body):
                let metadata = TaskMetadata(body: body)
                if let metadata {
                    self.context.local.learn(name: metadata.taskID)
                    for address in metadata.addresses { self.context.local.add(address) }
                } else {
                    self.context.log.warning("task metadata are unusable")
                }
                self.attest(taskARN: metadata?.taskARN)
            case .failure(let failure):
                self.context.log.warning("task metadata not available", [LogField("error", "\(failure)")])
                self.attest(taskARN: nil)
            }
        }
    }

    private func attest(taskARN: String?) {
        guard let endpoint = self.plan.credentials else { return }
        guard let region = self.plan.region ?? (try? AWSRegion.resolve(environment: { _ in nil }, taskARN: taskARN))
        else {
            self.context.log.warning("region unknown", [LogField("error", "\(AttestationError.regionUnknown)")])
            return self.alarm.set(after: 2_000) { [weak self] in self?.askMetadata() }
        }
        let role = TaskRole(
            endpoint: endpoint,
            scope: .process,
            region: region,
            audience: self.plan.token.audience
        )
        self.certificates.keep(self.context, by: .task(role))
    }

    private func makeKeeper() -> CertificateKeeper {
        CertificateKeeper(
            loop: self.loop,
            context: self.context.control,
            server: self.server(),
            settings: CertificateKeeper.Settings(
                lifetime: self.context.configuration.certificateLifetime,
                sharesAddress: true
            )
        ) { [weak self] _, hasNewRoots in
            guard let self else { return }
            if hasNewRoots { for worker in self.workers { worker.loop.submit { worker.judgePeers() } } }
            self.context.readiness.done(.identity)
            self.beginDiscovery()
        }
    }

    private func server() -> ControlServer {
        ControlServer(
            address: ControlPlaneAddress(self.plan.token.controlPlane, resolver: self.resolver),
            roots: ServerRoots(.known(self.plan.token.trust), policy: WaypointContext.tlsPolicy, log: self.context.log),
            alternatives: [],
            headers: []
        )
    }

    private func beginDiscovery() {
        guard self.discovery == nil else { return }
        let discovery = DiscoveryClient(
            loop: self.loop,
            context: self.context.control,
            own: self.context,
            node: NodeDescription(kind: "waypoint"),
            server: self.server(),
            proof: .certificate(nil),
            subscriptions: self.state.subscriptions()
        ) { [weak self] in self?.finishSync() }
        self.discovery = discovery
        discovery.start()
        self.tick()
    }

    /// Ends ejections whose time is over, and has endpoints asked whether they are well.
    private func tick() {
        self.state.tick { [weak self] cluster, probe in self?.probes.start(probe, of: cluster) }
        self.clock.set(after: Self.tickMilliseconds) { [weak self] in self?.tick() }
    }

    /// How often that is looked at.
    private static let tickMilliseconds: UInt64 = 250

    /// The first state of the mesh is here.
    private func finishSync() {
        self.isSynced = true
        self.state.publish()
        let synced = self.synced
        self.synced = nil
        synced?()
    }

    /// Sends the telemetry that waits; for the end of the process.
    func flushExports(completion: @escaping () -> Void) { self.exports.flush(completion: completion) }

    // MARK: Endpoints

    /// Opens the endpoints.
    /// - Parameter quit: what `/quitquitquit` does.
    func openEndpoints(quit: @escaping () -> Void) throws(ListenFailure) {
        let admin = AdminEndpoint(context: self.context, state: self.state, workers: self.workers, quit: quit)
        let configuration = self.context.configuration
        try self.serve(configuration.adminPort, isPrivate: true) { [loop = self.loop] in
            admin.answer($0, on: loop, respond: $1)
        }
        let registry = self.context.registry
        try self.serve(configuration.metricsPort) { request, respond in
            respond(MetricsEndpoint.answer(request, registry: registry))
        }
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
        let address = self.context.listenAddress(port: port, isPrivate: isPrivate)
        do throws(SocketError) {
            try server.listen(on: address)
        } catch {
            throw ListenFailure(address: address, error: error)
        }
        self.servers.append(server)
    }
}
