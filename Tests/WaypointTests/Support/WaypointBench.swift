import DataPlane
import DataPlaneTestSupport
import Foundation
import HTTPRouting
import MeshDNS
import MeshIdentity
import MeshModel
import MeshProtos
import MeshTelemetry
import Synchronization
import Testing
import TunnelEngine

@testable import Waypoint

/// A waypoint on one loop, with a client in front of it and applications behind it, all at loopback addresses of its own.
final class WaypointBench: @unchecked Sendable {
    /// The virtual address of the service, and its authority.
    static let vip = "240.240.0.9"
    static let authority = "240.240.0.9:80"

    let log = TestLog()
    /// Lines of the access log.
    let lines = AccessLines()
    let client: TestClient
    let authority: TestAuthority
    private let thread: TestLoop
    let worker: WaypointWorker
    let context: WaypointContext
    private var builder: PlanBuilder
    /// The latest plan.
    private(set) var plan: WaypointPlan
    private lazy var probes = HealthProbes(worker: self.worker)
    private var clients: [TestClient] = []
    private var mesh: MeshSnapshot
    private let own: Workload
    private let address: SocketAddress
    private let number: UInt16

    /// Each bench has loopback addresses that no other has, those of a run beside this one included.
    private static let numbers = Atomic<UInt16>(UInt16(64 + getpid() % 128) << 8)

    private static func ip(_ number: UInt16, _ last: UInt8) -> IPAddress {
        IPAddress(v4: 0x7f00_0000 | UInt32(number) << 8 | UInt32(last))
    }

    /// An address of the `index`th endpoint that is none of loopback's; nobody answers there.
    static func outside(_ number: UInt16, _ index: Int) -> IPAddress {
        IPAddress(v4: 0x0a00_0000 | UInt32(number) << 8 | UInt32(truncatingIfNeeded: index))
    }

    /// Addresses for backends.
    struct Place {
        var number: UInt16
        /// Of service `echo`, in its order.
        var endpoints: [SocketAddress]
        /// Of other services, one each.
        var others: [(name: String, address: SocketAddress)] = []
    }

    /// Takes addresses that nobody else has.
    static func reserve(_ count: Int, others: [String] = []) -> Place {
        let number = Self.numbers.wrappingAdd(1, ordering: .relaxed).newValue
        var place = Place(
            number: number,
            endpoints: (0..<count).map { SocketAddress(ip: self.ip(number, UInt8(20 + $0)), port: 8080) }
        )
        for (index, name) in others.enumerated() {
            place.others.append((name, SocketAddress(ip: self.ip(number, UInt8(100 + index)), port: 8080)))
        }
        return place
    }

    /// - Parameters:
    ///   - network: where all of it is.
    ///   - limits: changes the waypoint's bounds.
    ///   - names: where it asks for names.
    ///   - bounds: whom nobody is led to.
    ///   - mesh: changes what discovery says: `echo` with its endpoints, the other services, the client, the waypoint.
    ///   - routes: fills in the resource of service `echo`; its whole cluster is there already.
    init(
        _ place: Place,
        network: String = "",
        names: SocketAddress? = nil,
        bounds: EgressBounds = .standard,
        limits: (inout WaypointLimits) -> Void = { _ in },
        mesh: (inout MeshChange) -> Void = { _ in },
        settings fill: (inout TulleL7.WaypointSettings) -> Void = { _ in },
        routes: (inout TulleL7.ServiceRoutes) -> Void = { _ in }
    ) throws {
        let authority = try TestAuthority()
        self.authority = authority
        self.number = place.number
        let waypoint = Self.ip(place.number, 1)
        self.address = SocketAddress(ip: waypoint, port: 15008)
        let local = try TestMesh.local("waypoint", waypoint, network: network)
        let lines = self.lines
        var configuration = try Configuration(environment: [
            "BOOTSTRAP_TOKEN": "x", "TULLE_LISTEN_ADDRESS": "\(waypoint)",
        ])
        configuration.limits.samplingMilliseconds = 50
        limits(&configuration.limits)
        self.context = WaypointContext(configuration: configuration, local: local, log: self.log.log) { bytes in
            lines.add(String(decoding: bytes, as: UTF8.self))
        }
        try self.context.identities.install(authority.issue(TestMesh.identity("waypoint")))
        var change = MeshChange()
        change.services = [TestMesh.service("echo", vip: Self.vip, port: 8080)]
        change.workloads = try place.endpoints.enumerated().map { index, endpoint in
            var workload = try TestMesh.workload("echo", endpoint.ip, port: endpoint.port)
            workload.uid = "demo/echo-\(index)"
            workload.name = "echo-\(index)"
            workload.tunnel = .none
            return workload
        }
        for (index, other) in place.others.enumerated() {
            change.services.append(TestMesh.service(other.name, vip: "240.240.0.\(30 + index)", port: 8080))
            var workload = try TestMesh.workload(other.name, other.address.ip, port: 8080)
            workload.tunnel = .none
            change.workloads.append(workload)
        }
        change.workloads.append(try TestMesh.workload("shell", Self.ip(place.number, 2), port: 1))
        change.workloads.append(try TestMesh.workload("waypoint", waypoint, port: 15008))
        for index in change.workloads.indices { change.workloads[index].network = network }
        for index in change.services.indices { change.services[index].vips[0].network = network }
        mesh(&change)
        self.mesh = MeshSnapshot(change)
        self.own = local.client(in: self.mesh)
        self.builder = PlanBuilder(local: local, sinks: self.context.sinks, bounds: bounds)
        let settings = TulleL7.WaypointSettings.with {
            $0.namespace = "demo"
            $0.name = "waypoint"
            $0.trustDomains = ["cluster.local"]
            $0.logs = [
                .with {
                    $0.name = "stdout"
                    $0.file = "/dev/stdout"
                }
            ]
            $0.servesServices = true
            $0.servesWorkloads = true
            fill(&$0)
        }
        try self.builder.set(settings: settings, name: "demo/waypoint", now: 1)
        let resource = Self.resource(routes)
        try self.builder.set(service: resource, name: "\(resource.namespace)/\(resource.hostname)", now: 1)
        let plan = self.builder.plan(mesh: self.mesh, own: self.own, now: 1)
        self.context.clusterMetrics.update(plan)
        self.plan = plan
        let thread = try TestLoop()
        self.thread = thread
        let worker = WaypointWorker(
            loop: thread.loop,
            context: self.context,
            resolver: ResolverConfiguration(servers: names.map { [$0] } ?? []),
            plan: plan
        )
        self.worker = worker
        try thread.sync { try worker.listen() }
        self.client = try TestClient(
            "shell",
            authority: authority,
            waypoint: self.address,
            expecting: TestMesh.identity("waypoint"),
            from: Self.ip(place.number, 2)
        )
        self.clients = [self.client]
    }

    private static func resource(_ fill: (inout TulleL7.ServiceRoutes) -> Void) -> TulleL7.ServiceRoutes {
        .with { resource in
            resource.namespace = "demo"
            resource.hostname = "echo.demo.mesh.internal"
            resource.clusters = [Self.cluster("outbound|80||echo.demo.mesh.internal")]
            resource.telemetry = .with { $0.accessLogs = [.with { $0.provider = "stdout" }] }
            fill(&resource)
        }
    }

    /// The name of the service's whole cluster.
    static let whole = "outbound|80||echo.demo.mesh.internal"

    /// The waypoint's own address, for workloads that are bound to it.
    static func gateway(_ number: UInt16) -> GatewayAddress {
        GatewayAddress(
            destination: .address(NetworkAddress(network: "", ip: Self.ip(number, 1))),
            hbonePort: MeshPorts.inboundTunnel
        )
    }

    /// A cluster of a service.
    static func cluster(
        _ name: String = WaypointBench.whole,
        of service: String = "echo",
        _ fill: (inout TulleL7.Cluster) -> Void = { _ in }
    ) -> TulleL7.Cluster {
        .with { cluster in
            cluster.name = name
            cluster.namespace = "demo"
            cluster.hostname = "\(service).demo.mesh.internal"
            cluster.port = 80
            fill(&cluster)
        }
    }

    /// Changes the resource of the service, and waits until it is in force.
    func change(_ routes: (inout TulleL7.ServiceRoutes) -> Void) throws { try self.tell(Self.resource(routes)) }

    /// Tells it about a service, and waits until that is in force.
    func tell(_ resource: TulleL7.ServiceRoutes) throws {
        try self.builder.set(service: resource, name: "\(resource.namespace)/\(resource.hostname)", now: 1)
        try self.publish()
    }

    /// Changes what discovery says, and waits until it is in force.
    func changeMesh(_ change: MeshChange) throws {
        self.mesh.apply(change)
        try self.publish()
    }

    private func publish() throws {
        let plan = self.builder.plan(mesh: self.mesh, own: self.own, now: 1)
        self.plan = plan
        let worker = self.worker
        try self.thread.sync { worker.change(plan) }
    }

    /// Another client.
    func client(_ name: String) throws -> TestClient {
        let client = try TestClient(
            name,
            authority: self.authority,
            waypoint: self.address,
            expecting: TestMesh.identity("waypoint"),
            from: Self.ip(self.number, 3)
        )
        self.clients.append(client)
        return client
    }

    /// Sends one request on a connection of its own.
    func request(
        _ head: HTTPRequestHead,
        body: [UInt8] = [],
        version: HTTPVersion = .http11
    ) throws -> TestClient.Answer {
        try self.client.request(Self.authority, head, body: body, version: version)
    }

    /// Opens a connection.
    func connect(_ version: HTTPVersion = .http11) throws -> TestClient.Connection {
        try self.client.connect(Self.authority, version: version)
    }

    /// Whether the access log gets a line with all of that.
    func logs(_ parts: String...) -> Bool {
        eventually { self.lines.all.contains { line in parts.allSatisfy { line.contains($0) } } }
    }

    /// Whether a sample of a metric gets a line that fits.
    func metric(_ name: String, _ fits: (String) -> Bool) -> Bool {
        eventually {
            let text = String(decoding: self.context.registry.exposition(.prometheus), as: UTF8.self)
            return text.split(separator: "\n").contains { $0.hasPrefix(name) && fits(String($0)) }
        }
    }

    /// Does what the control loop does four times a second.
    func tick() {
        let now = WallClock.monotonicMilliseconds
        for cluster in self.plan.clusters {
            for probe in cluster.state.dueProbes(now: now) { self.probes.start(probe, of: cluster) }
            cluster.state.tick(now: now)
        }
    }

    /// The numbers of a cluster of `echo`.
    func statistics(_ name: String = WaypointBench.whole) throws -> ClusterStatistics {
        let served = try #require(self.plan.services[TestMesh.key("echo")])
        return try #require(served.clusters.first { $0.name == name }).state.statistics
    }

    /// What of the whole cluster is under way.
    func numbers() throws -> LimitNumbers { try #require(self.statistics().limits) }

    /// Bytes that wait in the loop's connections.
    func heldBytes() throws -> Int {
        let worker = self.worker
        return try self.thread.sync { worker.loop.heldBytes }
    }

    /// Ends the clients, and says what is left after that; nil for nothing.
    func rest() throws -> String? {
        for client in self.clients { try client.close() }
        let worker = self.worker
        let plan = self.plan
        let look: () throws -> String? = {
            let kept = try self.thread.sync {
                [worker.sessionCount, worker.requests, worker.mirrors, worker.inspectedBytes]
            }
            var left = kept == [0, 0, 0, 0] ? "" : "sessions, requests, mirrors, inspected bytes: \(kept) "
            for cluster in plan.services.values.flatMap(\.clusters) {
                guard let limits = cluster.state.statistics.limits else { continue }
                guard limits.requests != 0 || limits.pending != 0 || limits.retries != 0 else { continue }
                left += "\(cluster.name): \(limits) "
            }
            return left.isEmpty ? nil : left
        }
        guard try !eventually({ try look() == nil }) else { return nil }
        return try look()
    }

    /// Takes no new tunnels; true when nothing was left in time.
    /// - Parameter milliseconds: nil for what the mesh says.
    func drain(milliseconds: UInt64?) -> Bool {
        let done = DispatchSemaphore(value: 0)
        let worker = self.worker
        worker.loop.submit { worker.drain(milliseconds: milliseconds) { done.signal() } }
        return done.wait(timeout: .now() + 10) == .success
    }

    /// What the loop carries at this moment: sessions and requests.
    func carried() throws -> (sessions: Int, requests: Int) {
        let worker = self.worker
        return try self.thread.sync { (worker.sessionCount, worker.requests) }
    }
}
