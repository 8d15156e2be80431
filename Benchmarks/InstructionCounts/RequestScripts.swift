import BoringTLS
import DataPlane
import HTTPRouting
import MeshDNS
import MeshIdentity
import MeshModel
import MeshProtos
import TunnelEngine
import Waypoint

/// What a waypoint does for a request: it comes in a tunnel, is routed, authorized, changed, sent on by HTTP/1.1, answered
/// and logged. The client's end of the tunnel and the application are in the counts too; they know their messages by heart.
final class RequestScripts {
    private static let requests = 100

    private let loop: EventLoop
    private let worker: WaypointWorker
    private let application: ScriptApplication
    private let pool: TunnelPool
    private let context: TLSContext
    private var calls: (any ScriptCalls)?
    private var done = 0

    private static let waypoint = ScriptMesh.address(21)
    private static let client = ScriptMesh.address(22)

    /// The scripts, with the service that each asks and the version that it speaks.
    private static let scripts: [(name: String, service: UInt8, version: HTTPVersion)] = [
        ("l7.http1_request", 31, .http11), ("l7.http1_request_1000_routes", 32, .http11),
        ("l7.http2_request", 31, .http2),
    ]

    static func run() throws {
        let loop = try EventLoop(index: 1)
        let scripts = try RequestScripts(loop)
        scripts.begin(Self.scripts[...])
        loop.run()
        withExtendedLifetime(scripts) {}
    }

    private init(_ loop: EventLoop) throws {
        let authority = try ScriptAuthority()
        let local = try ScriptMesh.local("waypoint", Self.waypoint)
        let configuration = try Configuration(environment: [
            "BOOTSTRAP_TOKEN": "x", "TULLE_LISTEN_ADDRESS": "\(Self.waypoint)",
        ])
        let context = WaypointContext(configuration: configuration, local: local, log: ScriptMesh.log) { _ in }
        try context.identities.install(authority.issue("waypoint"))
        let mesh = try Self.mesh()
        var builder = PlanBuilder(local: local, sinks: context.sinks)
        try builder.set(settings: ScriptRoutes.settings, name: "demo/waypoint", now: 1)
        for (name, routes) in [("few", 1), ("many", 1_000)] {
            let service = ScriptRoutes.service(name, routes: routes)
            try builder.set(service: service, name: "\(ScriptMesh.key(name))", now: 1)
        }
        let plan = builder.plan(mesh: mesh, own: local.client(in: mesh), now: 1)
        self.loop = loop
        self.worker = WaypointWorker(
            loop: loop,
            context: context,
            resolver: ResolverConfiguration(servers: []),
            plan: plan
        )
        self.application = try ScriptApplication(
            loop: loop,
            address: SocketAddress(ip: ScriptMesh.address(23), port: ScriptMesh.applicationPort)
        ) { bytes, connection in
            if bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) { connection.send(ScriptMessages.response) }
        }
        self.context = try authority.context("shell")
        self.pool = TunnelPool(loop: loop)
        try self.worker.listen()
    }

    private static func mesh() throws -> MeshSnapshot {
        var change = MeshChange()
        change.services = [
            ScriptMesh.service("few", ScriptMesh.virtualAddress(31)),
            ScriptMesh.service("many", ScriptMesh.virtualAddress(32)),
        ]
        var application = try ScriptMesh.workload("few", ScriptMesh.address(23))
        application.tunnel = .none
        application.services[ScriptMesh.key("many")] = application.services[ScriptMesh.key("few")]
        change.workloads = [
            application, try ScriptMesh.workload("shell", self.client),
            try ScriptMesh.workload("waypoint", self.waypoint),
        ]
        return MeshSnapshot(change)
    }

    // MARK: One script after the other, each on a tunnel of its own

    private func begin(_ scripts: ArraySlice<(name: String, service: UInt8, version: HTTPVersion)>) {
        guard let script = scripts.first else { return self.loop.stop() }
        self.done = -1
        do {
            let key = TunnelKey(
                source: try ScriptMesh.identity("shell").uri,
                generation: 1,
                expected: [try ScriptMesh.identity("waypoint").uri],
                address: SocketAddress(ip: Self.waypoint, port: MeshPorts.inboundTunnel),
                from: Self.client
            )
            let authority = "\(ScriptMesh.virtualAddress(script.service)):80"
            let headers = [HTTP2Header(":method", "CONNECT"), HTTP2Header(":authority", authority)]
            _ = self.pool.open(key, context: self.context, headers: { headers }) { [unowned self] result in
                guard case .success(let tunnel) = result else { Script.fail("no tunnel: \(result)") }
                let next = { [unowned self] in self.next(scripts) }
                let calls: any ScriptCalls =
                    script.version == .http2 ? HTTP2Calls(next) : HTTP1Calls(next)
                self.calls = calls
                let bytes = ByteStream.over(tunnel: tunnel, loop: self.loop, isDownstream: false, owner: calls)
                calls.begin(on: bytes)
            }
        } catch {
            Script.fail("\(error)")
        }
    }

    private func next(_ scripts: ArraySlice<(name: String, service: UInt8, version: HTTPVersion)>) {
        self.done += 1
        if self.done == Script.warmUp { Script.begin(scripts.first?.name ?? "", Self.requests) }
        if self.done == Script.warmUp + Self.requests {
            Script.end()
            return self.begin(scripts.dropFirst())
        }
        self.calls?.call()
    }
}
