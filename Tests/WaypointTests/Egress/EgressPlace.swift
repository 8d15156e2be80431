import DataPlaneTestSupport
import MeshModel
import MeshProtos
import Testing
import TunnelEngine

@testable import Waypoint

/// A waypoint in front of what is not in the mesh: two applications, `one` and `two`, and a DNS server that the test
/// fills.
struct EgressPlace {
    let bench: WaypointBench
    let names: TestNameServer
    let one: SocketAddress
    let two: SocketAddress

    /// The address of the service of these tests.
    static let vip = "240.240.0.60"
    static let authority = "240.240.0.60:80"

    /// An address of the bench's own block.
    static func address(_ number: UInt16, _ last: UInt32) -> IPAddress {
        IPAddress(v4: 0x7f00_0000 | UInt32(number) << 8 | last)
    }

    /// - Parameters:
    ///   - hostname: of the service; `host` alone where it has a dot.
    ///   - service: changes what discovery says of it.
    ///   - cluster: changes its cluster.
    ///   - backends: starts what runs at `one` and `two`.
    static func with(
        _ hostname: String,
        records: [String: [IPAddress]] = [:],
        timeToLive: UInt32 = 60,
        spoken: ServicePort.AppProtocol = .http11,
        service fill: (inout Service, WaypointBench.Place) -> Void = { _, _ in },
        mesh: (inout MeshChange, WaypointBench.Place) throws -> Void = { _, _ in },
        cluster: (inout TulleL7.Cluster) -> Void,
        serve: ((_ name: String, SocketAddress) throws -> Void)? = nil,
        _ body: (EgressPlace, [TestBackend]) throws -> Void
    ) throws {
        let place = WaypointBench.reserve(2)
        let names = try TestNameServer(
            SocketAddress(ip: self.address(place.number, 53), port: 5_353),
            names: records,
            timeToLive: timeToLive
        )
        var backends: [TestBackend] = []
        for (name, address) in zip(["one", "two"], place.endpoints) {
            if let serve {
                try serve(name, address)
            } else {
                backends.append(try TestBackend(address, name: name) { TestBackend.Reply(200, $0.backend) })
            }
        }
        defer {
            names.stop()
            for backend in backends { backend.stop() }
        }
        let key = NamespacedHostname(namespace: "demo", hostname: hostname)
        var entry = Service(key: key, name: "outside")
        entry.ports = [ServicePort(port: 80, targetPort: 8080, appProtocol: spoken)]
        entry.vips = [NetworkAddress(network: "", ip: try #require(IPAddress(parsing: self.vip)))]
        fill(&entry, place)
        var extra = MeshChange()
        try mesh(&extra, place)
        var bounds = EgressBounds.standard
        // All that is there is at loopback addresses; the metadata's stay closed.
        bounds.hosts.removeAll { $0.base.isLoopback }
        bounds.nowhere.removeAll { !$0.base.isV4 }
        let bench = try WaypointBench(
            place,
            names: SocketAddress(ip: self.address(place.number, 53), port: 5_353),
            bounds: bounds,
            mesh: {
                // What is at these addresses is outside.
                $0.workloads.removeAll { $0.uid.hasPrefix("demo/echo-") }
                $0.workloads += extra.workloads
                $0.services += extra.services + [entry]
            }
        )
        try bench.tell(Self.resource(hostname, cluster))
        let egress = EgressPlace(bench: bench, names: names, one: place.endpoints[0], two: place.endpoints[1])
        try body(egress, backends)
        #expect(try bench.rest() == nil)
    }

    /// What the waypoint is told of the service.
    static func resource(
        _ hostname: String,
        _ cluster: (inout TulleL7.Cluster) -> Void
    ) -> TulleL7.ServiceRoutes {
        .with { resource in
            resource.namespace = "demo"
            resource.hostname = hostname
            resource.clusters = [
                .with {
                    $0.name = "outbound|80||\(hostname)"
                    $0.namespace = "demo"
                    $0.hostname = hostname
                    $0.port = 80
                    cluster(&$0)
                }
            ]
            resource.telemetry = .with { $0.accessLogs = [.with { $0.provider = "stdout" }] }
        }
    }

    /// Asks on a connection of its own.
    func ask(
        _ host: String,
        _ path: String = "/",
        at authority: String = EgressPlace.authority
    ) throws -> TestClient.Answer {
        try self.bench.client.request(authority, HTTPRequestHead(method: "GET", authority: host, path: path))
    }
}
