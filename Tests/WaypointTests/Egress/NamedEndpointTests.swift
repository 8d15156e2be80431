import DataPlaneTestSupport
import Glibc
import MeshModel
import MeshProtos
import Testing
import TunnelEngine

@testable import Waypoint

@Suite("Endpoints that are known by name", .serialized)
struct NamedEndpointTests {
    /// Endpoints of the service, each by a name alone.
    private static func named(_ names: String...) -> (inout MeshChange, WaypointBench.Place) throws -> Void {
        { change, _ in
            for name in names {
                var workload = try TestMesh.workload(name, IPAddress(v4: 0), port: 8080)
                workload.addresses = []
                workload.hostname = name
                workload.tunnel = .none
                workload.services = [
                    NamespacedHostname(namespace: "demo", hostname: "db.test"): [
                        ServicePort(port: 80, targetPort: 8080)
                    ]
                ]
                change.workloads.append(workload)
            }
        }
    }

    @Test("I41, I69, I72: the waypoint looks a name up, and shows it in its log")
    func lookedUp() throws {
        try EgressPlace.with("db.test", mesh: Self.named("db.outside.test"), cluster: { _ in }) {
            (place, backends) throws in
            place.names.set("db.outside.test", [place.one.ip])
            for _ in 0..<3 { #expect(try place.ask("db.test").text == "one") }
            #expect(place.bench.logs("GET / ", " 200 ", "db.outside.test:8080"))
            #expect(backends[0].connections == 1)
            #expect(place.names.queries == 2)
        }
    }

    @Test("I70: over IPv6 where the name has nothing else, or IPv4 does not answer")
    func families() throws {
        // All who use ::1 share its ports.
        let port = UInt16.random(in: 20_000..<30_000)
        let loopback = IPAddress(v6High: 0, v6Low: 1)
        let six = try TestBackend(SocketAddress(ip: loopback, port: port), name: "six") {
            TestBackend.Reply(200, $0.backend)
        }
        defer { six.stop() }
        try EgressPlace.with(
            "db.test",
            mesh: { change, place in
                try Self.named("db.outside.test")(&change, place)
                let key = NamespacedHostname(namespace: "demo", hostname: "db.test")
                change.workloads[0].services = [key: [ServicePort(port: 80, targetPort: port)]]
            },
            cluster: Self.oneEach
        ) { (place, _) throws in
            place.names.set("db.outside.test", [loopback])
            #expect(try place.ask("db.test").text == "six")
        }
        try EgressPlace.with(
            "db.test",
            mesh: { change, place in
                try Self.named("db.outside.test")(&change, place)
                let key = NamespacedHostname(namespace: "demo", hostname: "db.test")
                change.workloads[0].services = [key: [ServicePort(port: 80, targetPort: port)]]
            },
            cluster: Self.oneEach
        ) { (place, _) throws in
            // Nobody listens at this port of the IPv4 address, which is tried first.
            place.names.set("db.outside.test", [place.one.ip, loopback])
            #expect(try place.ask("db.test").text == "six")
        }
    }

    @Test("277: a name that has no address is 503, DF; it is asked for again when somebody comes")
    func unknown() throws {
        try EgressPlace.with("db.test", mesh: Self.named("db.outside.test"), cluster: { _ in }) { (place, _) throws in
            #expect(try place.ask("db.test", "/none").status == 503)
            #expect(place.bench.logs("GET /none ", " 503 ", "DF"))
            place.names.set("db.outside.test", [place.one.ip])
            #expect(eventually { (try? place.ask("db.test").status) == 200 })
        }
    }

    @Test("I93, I95: of several addresses one that refuses is passed over at once")
    func refused() throws {
        try EgressPlace.with("db.test", mesh: Self.named("db.outside.test"), cluster: Self.oneEach) {
            (place, backends) throws in
            let number = UInt16(truncatingIfNeeded: (place.one.ip.v4 ?? 0) >> 8)
            let dead = (0..<4).map { EgressPlace.address(number, 210 + $0) }
            place.names.set("db.outside.test", dead + [place.one.ip])
            for _ in 0..<6 { #expect(try place.ask("db.test").text == "one") }
            #expect(backends[0].connections == 6)
        }
    }

    @Test("I94, I96: one that is silent is passed over after a moment, long before its time is over")
    func silent() throws {
        try EgressPlace.with("db.test", mesh: Self.named("db.outside.test"), cluster: Self.oneEach) {
            (place, _) throws in
            let number = UInt16(truncatingIfNeeded: (place.one.ip.v4 ?? 0) >> 8)
            let hole = try #require(SilentListener(SocketAddress(ip: EgressPlace.address(number, 220), port: 8080)))
            place.names.set("db.outside.test", [hole.address.ip, place.one.ip])
            let clock = ContinuousClock()
            var slowest = Duration.zero
            for _ in 0..<6 {
                let took = try clock.measure { () throws in #expect(try place.ask("db.test").text == "one") }
                slowest = max(slowest, took)
            }
            // It came first at least once, as addresses are drawn, but for one run in 64.
            #expect(slowest < .seconds(3))
            withExtendedLifetime(hole) {}
        }
    }

    @Test("two names of one service are two endpoints, for consistent choices too")
    func several() throws {
        let hashed: (inout TulleL7.Cluster) -> Void = {
            $0.loadBalancer = .with {
                $0.algorithm = .ringHash
                $0.hash = .with {
                    $0.kind = .header
                    $0.name = "x-user"
                }
            }
        }
        try EgressPlace.with("db.test", mesh: Self.named("a.outside.test", "b.outside.test"), cluster: hashed) {
            (place, backends) throws in
            place.names.set("a.outside.test", [place.one.ip])
            place.names.set("b.outside.test", [place.two.ip])
            for user in 0..<12 {
                let answers = try (0..<2).map { _ in
                    try place.bench.client.request(
                        EgressPlace.authority,
                        .get("/", HeaderField("x-user", "u\(user)"))
                    ).text
                }
                #expect(Set(answers).count == 1)
            }
            #expect(backends.allSatisfy { !$0.requests.isEmpty })
        }
    }

    @Test("where DNS is silent the last good answer serves on, and answers are used no longer than they allow")
    func outage() throws {
        try EgressPlace.with(
            "db.test",
            timeToLive: 0,
            mesh: Self.named("db.outside.test"),
            cluster: Self.oneEach
        ) { (place, _) throws in
            place.names.set("db.outside.test", [place.one.ip])
            #expect(try place.ask("db.test").text == "one")
            place.names.set("db.outside.test", [place.two.ip])
            #expect(try place.ask("db.test").text == "two")
            place.names.stop()
            #expect(try place.ask("db.test").text == "two")
        }
    }

    @Test("an endpoint's name does not lead to its host's own addresses either")
    func closed() throws {
        try EgressPlace.with("db.test", mesh: Self.named("db.outside.test"), cluster: { _ in }) { (place, _) throws in
            place.names.set("db.outside.test", [try #require(IPAddress(parsing: "169.254.169.254"))])
            #expect(try place.ask("db.test", "/meta").status == 503)
            #expect(place.bench.logs("GET /meta ", " 503 ", "UF"))
        }
    }

    @Test("families take turns, the preferred or the first one first")
    func order() {
        let four = (1...3).map { IPAddress(v4: $0) }
        let six = (1...2).map { IPAddress(v6High: 1, v6Low: $0) }
        #expect(AddressRace.order(four + six, prefersV4: nil) == [four[0], six[0], four[1], six[1], four[2]])
        #expect(AddressRace.order(six + four, prefersV4: nil) == [six[0], four[0], six[1], four[1], four[2]])
        #expect(AddressRace.order(four + six, prefersV4: false) == [six[0], four[0], six[1], four[1], four[2]])
        #expect(AddressRace.order(four, prefersV4: false) == four)
        #expect(AddressRace.order([], prefersV4: nil).isEmpty)
    }

    /// Each request opens a connection.
    private static let oneEach: @Sendable (inout TulleL7.Cluster) -> Void = {
        $0.pool = .with { $0.maxRequestsPerConnection = 1 }
    }
}

/// A listener whose queue is full: who connects hears nothing.
private final class SilentListener {
    let address: SocketAddress
    private let listener: CInt
    private var queued: [CInt] = []

    init?(_ address: SocketAddress) {
        self.address = address
        self.listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        guard Self.withNative(address, { bind(self.listener, $0, $1) }) == 0, listen(self.listener, 0) == 0 else {
            return nil
        }
        for _ in 0..<3 {
            let one = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
            _ = Self.withNative(address) { connect(one, $0, $1) }
            self.queued.append(one)
        }
    }

    deinit { for descriptor in self.queued + [self.listener] { close(descriptor) } }

    private static func withNative(
        _ address: SocketAddress,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) -> CInt {
        var native = sockaddr_in()
        native.sin_family = sa_family_t(AF_INET)
        native.sin_port = address.port.bigEndian
        withUnsafeMutableBytes(of: &native.sin_addr) { $0.copyBytes(from: address.ip.bytes) }
        return withUnsafePointer(to: &native) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
