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
    private let authority: TestAuthority
    private let thread: TestLoop
    let worker: WaypointWorker
    let context: WaypointContext
    private var builder: PlanBuilder
    private let mesh: MeshSnapshot
    private let own: Workload
    private let address: SocketAddress
    private let number: UInt8

    /// Each bench has loopback addresses that no other has.
    private static let numbers = Atomic<UInt8>(10)

    private static func ip(_ number: UInt8, _ last: UInt8) -> IPAddress {
        IPAddress(v4: 0x7f0b_0000 | UInt32(number) << 8 | UInt32(last))
    }

    /// An address for a backend: the `index`th endpoint of the service.
    static func reserve(_ count: Int) -> (number: UInt8, endpoints: [SocketAddress]) {
        let number = Self.numbers.wrappingAdd(1, ordering: .relaxed).newValue
        return (number, (0..<count).map { SocketAddress(ip: self.ip(number, UInt8(20 + $0)), port: 8080) })
    }

    /// - Parameters:
    ///   - routes: fills in the resource of service `echo`; its whole cluster is there already.
    init(
        _ place: (number: UInt8, endpoints: [SocketAddress]),
        settings fill: (inout TulleL7.WaypointSettings) -> Void = { _ in },
        routes: (inout TulleL7.ServiceRoutes) -> Void = { _ in }
    ) throws {
        let authority = try TestAuthority()
        self.authority = authority
        self.number = place.number
        let waypoint = Self.ip(place.number, 1)
        self.address = SocketAddress(ip: waypoint, port: 15008)
        let local = try TestMesh.local("waypoint", waypoint)
        let lines = self.lines
        var configuration = try Configuration(environment: [
            "BOOTSTRAP_TOKEN": "x", "TULLE_LISTEN_ADDRESS": "\(waypoint)",
        ])
        configuration.drainMilliseconds = 1_000
        configuration.limits.samplingMilliseconds = 50
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
        change.workloads.append(try TestMesh.workload("shell", Self.ip(place.number, 2), port: 1))
        self.mesh = MeshSnapshot(change)
        self.own = local.client(in: self.mesh)
        self.builder = PlanBuilder(local: local, sinks: self.context.sinks)
        let settings = TulleL7.WaypointSettings.with {
            $0.namespace = "demo"
            $0.name = "waypoint"
            $0.trustDomains = ["cluster.local"]
            $0.servesServices = true
            $0.servesWorkloads = true
            fill(&$0)
        }
        try self.builder.set(settings: settings, name: "demo/waypoint", now: 1)
        let resource = Self.resource(routes)
        try self.builder.set(service: resource, name: "demo/echo.demo.mesh.internal", now: 1)
        let plan = self.builder.plan(mesh: self.mesh, own: self.own, now: 1)
        self.context.clusterMetrics.update(plan)
        let thread = try TestLoop()
        self.thread = thread
        let worker = WaypointWorker(
            loop: thread.loop,
            context: self.context,
            resolver: ResolverConfiguration(servers: []),
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

    /// A cluster of the service.
    static func cluster(_ name: String, _ fill: (inout TulleL7.Cluster) -> Void = { _ in }) -> TulleL7.Cluster {
        .with { cluster in
            cluster.name = name
            cluster.namespace = "demo"
            cluster.hostname = "echo.demo.mesh.internal"
            cluster.port = 80
            fill(&cluster)
        }
    }

    /// Changes the resource of the service, and waits until it is in force.
    func change(_ routes: (inout TulleL7.ServiceRoutes) -> Void) throws {
        try self.builder.set(service: Self.resource(routes), name: "demo/echo.demo.mesh.internal", now: 1)
        let plan = self.builder.plan(mesh: self.mesh, own: self.own, now: 1)
        let worker = self.worker
        try self.thread.sync { worker.change(plan) }
    }

    /// Another client.
    func client(_ name: String) throws -> TestClient {
        try TestClient(
            name,
            authority: self.authority,
            waypoint: self.address,
            expecting: TestMesh.identity("waypoint"),
            from: Self.ip(self.number, 3)
        )
    }

    /// Takes no new tunnels; true when nothing was left in time.
    func drain(milliseconds: UInt64) -> Bool {
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

extension HTTPRequestHead {
    /// A GET request.
    static func get(_ path: String, _ fields: HeaderField...) -> HTTPRequestHead {
        HTTPRequestHead(method: "GET", authority: "echo.demo", path: path, fields: fields)
    }
}

/// Keeps the lines of an access log.
final class AccessLines: Sendable {
    private let kept = Mutex<[String]>([])

    var all: [String] { self.kept.withLock { $0 } }

    func add(_ line: String) { self.kept.withLock { $0.append(line) } }
}
