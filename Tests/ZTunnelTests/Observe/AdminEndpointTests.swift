import DataPlaneTestSupport
import MeshIdentity
import MeshModel
import MeshTelemetry
import Testing
import TunnelEngine

@testable import DataPlane
@testable import ZTunnel

struct AdminEndpointTests {
    private let own: ServedWorkload
    private var context: MeshContext { self.own.mesh }
    private let log = TestLog()

    init() throws {
        var change = MeshChange()
        change.workloads = [try TestMesh.workload("echo", IPAddress(v4: 0x0a00_0002), port: 8_080)]
        change.services = [TestMesh.service("echo", vip: "240.240.0.1", port: 8_080)]
        change.policies = [try TestMesh.denyAll(of: "shell")]
        let state = MeshState(MeshSnapshot(change))
        self.own = try TestMesh.served("echo", IPAddress(v4: 0x0a00_0002), state: state, log: self.log.log)
        self.context.log.threshold.set(.info)
    }

    private func answer(_ method: String, _ target: String, quit: @escaping () -> Void = {}) throws -> HTTPResponse {
        let line = try #require(HTTPRequestLine(parsing: "\(method) \(target) HTTP/1.1"))
        return AdminEndpoint(own: self.own, roster: WorkloadRoster(workers: []), quit: quit).answer(
            HTTPRequest(line: line, fields: [])
        )
    }

    /// The body of a page that is made while it is read.
    private func page(_ target: String, method: String = "GET") throws -> (status: Int, body: [UInt8]) {
        let loop = try TestLoop()
        let line = try #require(HTTPRequestLine(parsing: "\(method) \(target) HTTP/1.1"))
        let endpoint = AdminEndpoint(own: self.own, roster: WorkloadRoster(workers: []), quit: {})
        return try loop.wait { completion in
            endpoint.answer(HTTPRequest(line: line, fields: []), on: loop.loop) { answer in
                completion((answer.head.status, answer.body))
            }
        }
    }

    @Test func dumpsTheStateWithoutSecrets() throws {
        try self.own.identities.install(TestAuthority().issue(TestMesh.identity("echo")))
        let body = try self.page("/config_dump").body
        let text = String(decoding: body, as: UTF8.self)
        #expect(!text.contains("secret-marker"))
        #expect(!text.contains("PRIVATE KEY"))
        let document = try #require(try JSONReader.parse(body).object)
        #expect(document["workloads"]?.array?.first?.object?["workloadIps"]?.array == [.string("10.0.0.2")])
        #expect(document["services"]?.array?.first?.object?["vips"]?.array == [.string("/240.240.0.1")])
        let policy = document["policies"]?.array?.first?.object
        #expect(policy?["name"]?.string == "deny-shell")
        #expect(policy?["scope"]?.string == "Namespace")
        #expect(policy?["action"]?.string == "Deny")
        let clause = policy?["rules"]?.array?.first?.array?.first?.array?.first?.object
        #expect(clause?["principals"]?.array?.first?.object?["Exact"]?.string == "cluster.local/ns/demo/sa/shell")
        let certificate = document["certificates"]?.array?.first?.object
        #expect(certificate?["identity"]?.string == "spiffe://cluster.local/ns/demo/sa/echo")
        #expect(certificate?["state"]?.string == "Available")
        #expect(certificate?["certChain"]?.array?.count == 1)
        for name in ["stagedServices", "staticConfig", "version", "config", "workloadState"] {
            #expect(document[name]?.object != nil, "\(name)")
        }
    }

    @Test func saysThatACertificateIsAwaited() throws {
        let document = try #require(try JSONReader.parse(self.page("/config_dump").body).object)
        #expect(document["certificates"]?.array?.first?.object?["state"]?.string == "Initializing")
    }

    @Test func listsConnectionsEvenWhereThereAreNone() throws {
        let document = try #require(try JSONReader.parse(self.page("/connections").body).object)
        #expect(document["live"]?.integer == 0)
        #expect(document["connections"]?.array == [])
        #expect(try self.page("/connections", method: "POST").status == 405)
    }

    @Test func makesALargeDumpPieceByPiece() throws {
        var change = MeshChange()
        for index in 0..<2_000 {
            var workload = try TestMesh.workload("w\(index)", IPAddress(v4: 0x0b00_0000 + UInt32(index)), port: 1)
            workload.services = [:]
            change.workloads.append(workload)
        }
        let state = MeshState(MeshSnapshot(change))
        let own = try TestMesh.served("echo", IPAddress(v4: 0x0a00_0002), state: state)
        var dump = ConfigDump(own: own, served: [own], census: ConnectionCensus())
        var pieces: [Int] = []
        while let piece = dump.next() { pieces.append(piece.count) }
        #expect(pieces.reduce(0, +) > 400_000)
        #expect((pieces.max() ?? 0) < 64 * 1_024)
    }

    @Test func givesNoMoreDumpsThanItCanHold() throws {
        let loop = try TestLoop()
        let line = try #require(HTTPRequestLine(parsing: "GET /connections HTTP/1.1"))
        let request = HTTPRequest(line: line, fields: [])
        let endpoint = AdminEndpoint(own: self.own, roster: WorkloadRoster(workers: []), quit: {})
        var held: [EndpointAnswer] = []
        for _ in 0..<4 {
            held.append(try loop.wait { done in endpoint.answer(request, on: loop.loop) { done($0) } })
        }
        #expect(held.allSatisfy { $0.head.status == 200 })
        let fifth: Int = try loop.wait { done in endpoint.answer(request, on: loop.loop) { done($0.head.status) } }
        #expect(fifth == 503)
        held = []
        let later: Int = try loop.wait { done in endpoint.answer(request, on: loop.loop) { done($0.head.status) } }
        #expect(later == 200)
    }

    @Test func showsAndChangesWhatIsLogged() throws {
        func text(_ target: String) throws -> String {
            String(decoding: try self.answer("POST", target).body, as: UTF8.self)
        }
        #expect(try text("/logging") == "current log level is info\n")
        #expect(try text("/logging?level=access=debug,warn") == "current log level is access=debug,warn\n")
        #expect(self.context.access.isWritten(.debug))
        #expect(!self.context.log.isWritten(.info))
        // A directive adds to those before, also when its signs are encoded.
        #expect(try text("/logging?level=xds%3Dinfo") == "current log level is access=debug,xds=info,warn\n")
        #expect(try text("/logging?reset") == "current log level is info\n")
        #expect(!self.context.access.isWritten(.debug))
        #expect(try text("/logging?level=error&reset") == "current log level is error\n")
    }

    @Test(arguments: ["level=loud", "level=access", "level=a=b=debug", "level=info,access=loud", "other", "level=%zz"])
    func refusesLevelsThatItCannotRead(_ query: String) throws {
        #expect(try self.answer("POST", "/logging?reset&\(query)").status == 400)
        #expect(self.context.log.threshold.filter == LogFilter(.info))
    }

    @Test func changesLevelsByPostOnly() throws {
        #expect(try self.answer("GET", "/logging?level=debug").status == 405)
        #expect(!self.context.log.isWritten(.debug))
    }

    @Test(arguments: [
        ("Host", "localhost:15000", 200), ("Host", "127.0.0.1", 200), ("Host", "[::1]:15000", 200),
        ("Host", "LOCALHOST", 200), ("Host", "evil.example:15000", 403), ("Host", "localhost.evil.example", 403),
        ("Host", "", 403), ("Origin", "http://evil.example", 403), ("Origin", "null", 403),
    ])
    func answersNoWebPage(_ name: String, _ value: String, _ status: Int) throws {
        var count = 0
        let line = try #require(HTTPRequestLine(parsing: "POST /quitquitquit HTTP/1.1"))
        let request = HTTPRequest(line: line, fields: [HTTPField(name: name, value: value)])
        let answer = AdminEndpoint(own: self.own, roster: WorkloadRoster(workers: []), quit: { count += 1 }).answer(
            request
        )
        #expect(answer.status == status)
        #expect(count == (status == 200 ? 1 : 0))
    }

    @Test func quitsByPostOnly() throws {
        var count = 0
        #expect(try self.answer("GET", "/quitquitquit", quit: { count += 1 }).status == 405)
        #expect(count == 0)
        #expect(try self.answer("POST", "/quitquitquit", quit: { count += 1 }).status == 200)
        #expect(count == 1)
        #expect(try self.answer("GET", "/nothing").status == 404)
    }

    @Test func servesMetricsInTwoFormats() throws {
        MetricsEndpoint.addProcessMetrics(self.context.registry, program: "ztunnel")
        let line = try #require(HTTPRequestLine(parsing: "GET /stats/prometheus HTTP/1.1"))
        let accept = [HTTPField(name: "Accept", value: "application/openmetrics-text")]
        let open = MetricsEndpoint.answer(HTTPRequest(line: line, fields: accept), registry: self.context.registry)
        #expect(open.head.contentType.hasPrefix("application/openmetrics-text"))
        #expect(String(decoding: open.body, as: UTF8.self).hasSuffix("# EOF\n"))
        let plain = MetricsEndpoint.answer(HTTPRequest(line: line, fields: []), registry: self.context.registry)
        #expect(String(decoding: plain.body, as: UTF8.self).contains("process_open_fds "))
    }
}
