import BoringTLS
import DataPlaneTestSupport
import HTTPRouting
import MeshModel
import MeshProtos
import Testing
import TunnelEngine

@testable import Waypoint

/// TLS that the waypoint begins with applications, which are real servers here.
@Suite("TLS with applications", .serialized)
struct ApplicationTLSTests {
    private let authority: TestAuthority

    init() throws { self.authority = try TestAuthority() }

    /// What a DestinationRule says, checked by the authority.
    private func settings(
        _ name: String = "shop.example",
        _ fill: (inout TulleL7.UpstreamTLS) -> Void = { _ in }
    ) -> TulleL7.UpstreamTLS {
        .with {
            $0.serverName = name
            $0.authorities = self.authority.roots
            fill(&$0)
        }
    }

    /// A waypoint in front of one application with TLS.
    private func withServer(
        _ tls: TestBackend.TLS? = nil,
        settings: TulleL7.UpstreamTLS? = nil,
        cluster fill: @escaping (inout TulleL7.Cluster) -> Void = { _ in },
        answer: @escaping TestBackend.Answer = { TestBackend.Reply(200, "\($0.version.rawValue) \($0.text)") },
        _ body: (WaypointBench, TestBackend) throws -> Void
    ) throws {
        let place = WaypointBench.reserve(1)
        let server = try TestBackend(
            place.endpoints[0],
            tls: tls ?? TestBackend.TLS(context: self.authority.server(["shop.example"])),
            answer: answer
        )
        defer { server.stop() }
        let used = settings ?? self.settings()
        let routes: (inout TulleL7.ServiceRoutes) -> Void = { resource in
            resource.cluster {
                $0.tls = used
                fill(&$0)
            }
        }
        let bench = try WaypointBench(place, routes: routes)
        try body(bench, server)
        #expect(try bench.rest() == nil)
    }

    /// Nobody is asked anything.
    private func refuses(
        _ tls: TestBackend.TLS? = nil,
        settings: TulleL7.UpstreamTLS? = nil,
        cluster fill: @escaping (inout TulleL7.Cluster) -> Void = { _ in },
        saying code: String,
        isReached: Bool = true
    ) throws {
        try self.withServer(tls, settings: settings, cluster: fill) { bench, server in
            let answer = try bench.request(.post(), body: Array("secret".utf8))
            #expect(answer.status == 503)
            #expect(answer.text.contains("connection failure"))
            #expect(answer.text.contains("TLS_error: \(code)"))
            #expect(bench.logs(" 503 UF", code) || code == "invalid_configuration" && bench.logs(" 503 UF"))
            #expect(server.heads == 0)
            #expect((server.connections > 0) == isReached)
        }
    }

    @Test(
        "the application is spoken to by TLS, and by ALPN in the cluster's version, on one connection",
        arguments: [(TulleL7.Cluster.UpstreamProtocol.http1, "http/1.1"), (.http2, "h2")]
    )
    func exchange(_ spoken: TulleL7.Cluster.UpstreamProtocol, _ name: String) throws {
        try self.withServer(cluster: { $0.protocol = spoken }) { bench, server in
            let client = try bench.connect()
            for word in ["one", "two"] {
                let answer = try client.request(.post(), body: Array(word.utf8))
                #expect(answer.status == 200)
                #expect(answer.text == (name == "h2" ? "HTTP/2 \(word)" : "HTTP/1.1 \(word)"))
            }
            #expect(try server.agreed() == [name])
            #expect(server.connections == 1)
        }
    }

    @Test("large bodies both ways")
    func bulk() throws {
        try self.withServer(answer: { request in .with { $0.body = request.body } }) { bench, _ in
            let body = (0..<(4 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let answer = try bench.request(.post(), body: body, version: .http2)
            #expect(answer.status == 200)
            #expect(answer.body == body)
        }
    }

    @Test("an authority that is not the given one")
    func foreignAuthority() throws {
        let foreign = try TestAuthority().server(["shop.example"])
        try self.refuses(TestBackend.TLS(context: foreign), saying: "peer_certificate_untrusted")
    }

    @Test("a certificate of somebody else")
    func anotherName() throws {
        try self.refuses(settings: self.settings("bank.example"), saying: "peer_identity_mismatch")
        let names = self.settings { $0.subjectAltNames = ["bank.example", "spiffe://other/x"] }
        try self.refuses(settings: names, saying: "peer_identity_mismatch")
    }

    @Test("a certificate that has expired")
    func expired() throws {
        let old = try self.authority.server(["shop.example"], seconds: -60)
        try self.refuses(TestBackend.TLS(context: old), saying: "peer_certificate_expired")
    }

    @Test("HTTP/2 is not spoken to a server that does not agree on it")
    func noHTTP2() throws {
        let old = try TestBackend.TLS(context: self.authority.server(["shop.example"]), protocols: .http11)
        try self.refuses(old, cluster: { $0.protocol = .http2 }, saying: "alpn_mismatch")
        try self.withServer(old) { bench, server in
            let status = try bench.request(.get("/")).status
            #expect(status == 200)
        }
    }

    @Test("settings that name nobody, that name what is not there, or a file that is not: nobody is reached")
    func unusable() throws {
        for fill in [
            { $0.serverName = "" },
            { $0.unresolved = true },
            { $0.authorities = "none" },
            {
                $0.authorities = ""
                $0.authoritiesPath = "/nonexistent/ca.crt"
            },
            {
                $0.certificate = "none"
                $0.privateKey = "none"
            },
        ] as [(inout TulleL7.UpstreamTLS) -> Void] {
            try self.refuses(
                settings: self.settings("shop.example", fill),
                saying: "invalid_configuration",
                isReached: false
            )
        }
    }

    @Test("another name of the certificate than the server's is enough where it is asked for")
    func alternatives() throws {
        let server = try self.authority.server(["inner.example"], uris: ["spiffe://other/shop"])
        for name in ["inner.example", "spiffe://other/shop"] {
            let settings = self.settings { $0.subjectAltNames = ["x.example", name] }
            try self.withServer(TestBackend.TLS(context: server), settings: settings) { bench, _ in
                let status = try bench.request(.get("/")).status
                #expect(status == 200)
            }
        }
    }

    @Test("where nobody is checked anybody is taken, still by TLS")
    func insecure() throws {
        let foreign = try TestAuthority().server(["bank.example"])
        let settings = TulleL7.UpstreamTLS.with { $0.insecure = true }
        try self.withServer(TestBackend.TLS(context: foreign), settings: settings) { bench, server in
            let status = try bench.request(.get("/")).status
            #expect(status == 200)
            #expect(try server.agreed() == ["http/1.1"])
        }
    }

    @Test("a server that demands a certificate gets the configured one, and serves nobody else")
    func mutual() throws {
        let server = try TestBackend.TLS(
            context: self.authority.server(["shop.example"]),
            clients: .anyName(["waypoint.example"], serverName: nil)
        )
        let own = try self.authority.host(["waypoint.example"])
        let settings = self.settings {
            $0.certificate = own.certificate
            $0.privateKey = own.key
        }
        try self.withServer(server, settings: settings) { bench, _ in
            let status = try bench.request(.get("/")).status
            #expect(status == 200)
        }
        let other = try self.authority.host(["other.example"])
        for fill in [
            { _ in },
            {
                $0.certificate = other.certificate
                $0.privateKey = other.key
            },
        ] as [(inout TulleL7.UpstreamTLS) -> Void] {
            try self.withServer(server, settings: self.settings("shop.example", fill)) { bench, server in
                // By TLS 1.3 the verdict comes after the client's handshake.
                let status = try bench.request(.get("/")).status
                #expect(status == 503)
                #expect(bench.logs(" 503 U"))
                #expect(server.heads == 0)
            }
        }
    }

    @Test("files are read anew when they change; connections by the old ones end")
    func files() throws {
        let roots = try TestFile(self.authority.roots)
        let own = try self.authority.host(["waypoint.example"])
        let (certificate, key) = (try TestFile(own.certificate), try TestFile(own.key))
        let settings = TulleL7.UpstreamTLS.with {
            $0.serverName = "shop.example"
            $0.authoritiesPath = roots.path
            $0.certificatePath = certificate.path
            $0.privateKeyPath = key.path
        }
        let server = try TestBackend.TLS(
            context: self.authority.server(["shop.example"]),
            clients: .anyName(["waypoint.example"], serverName: nil)
        )
        try self.withServer(server, settings: settings) { bench, server in
            let status = try bench.request(.get("/")).status
            #expect(status == 200)
            try roots.write(TestAuthority().roots)
            #expect(eventually { (try? bench.request(.get("/")).status) == 503 })
            #expect(bench.logs(" 503 UF", "peer_certificate_untrusted"))
            try roots.remove()
            #expect(eventually { bench.logs(" 503 UF", "can't be read") || (try? bench.request(.get("/"))) == nil })
            try roots.write(self.authority.roots)
            #expect(eventually { (try? bench.request(.get("/")).status) == 200 })
        }
    }

    @Test("when the settings change, the next request goes by the new ones")
    func change() throws {
        try self.withServer { bench, server in
            let status = try bench.request(.get("/")).status
            #expect(status == 200)
            let same = self.settings()
            try bench.change { resource in
                resource.cluster {
                    $0.tls = same
                    $0.retryBudget = .with { $0.percent = 3 }
                }
            }
            #expect(try bench.request(.get("/")).status == 200)
            #expect(server.connections == 1)
            let other = self.settings("bank.example")
            try bench.change { $0.cluster { $0.tls = other } }
            #expect(try bench.request(.get("/")).status == 503)
        }
    }

    @Test("health checks go by the same TLS")
    func health() throws {
        for (name, isWell) in [("shop.example", true), ("bank.example", false)] {
            try self.withServer(
                settings: self.settings(name),
                cluster: {
                    $0.healthCheck = .with {
                        $0.kind = .http
                        $0.path = "/well"
                        $0.intervalMilliseconds = 20
                        $0.timeoutMilliseconds = 1_000
                        $0.healthyThreshold = 1
                        $0.unhealthyThreshold = 1
                    }
                }
            ) { bench, server in
                // Endpoints are asked often where there is traffic.
                let status = try bench.request(.get("/")).status
                #expect(status == (isWell ? 200 : 503))
                let before = server.connections
                let isSeen = eventually {
                    bench.tick()
                    return isWell
                        ? server.requests.contains { $0.head.path == "/well" } : server.connections > before + 1
                }
                #expect(isSeen)
                #expect(isWell || server.heads == 0)
                if !isWell { #expect(eventually { (try? bench.statistics().healthy) == 0 }) }
            }
        }
    }
}
