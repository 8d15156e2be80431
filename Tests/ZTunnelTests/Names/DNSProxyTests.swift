import DataPlane
import DataPlaneTestSupport
import Foundation
import Glibc
import MeshModel
import MeshTelemetry
import Testing
import TunnelEngine

@testable import MeshDNS
@testable import ZTunnel

/// The DNS proxy on real sockets, with a DNS server behind it.
@Suite(.serialized)
struct DNSProxyTests {
    /// A proxy of task `shell`, and the server that it forwards to.
    private final class Bench: @unchecked Sendable {
        let loop: TestLoop
        let log = TestLog()
        let workload: ServedWorkload
        let server: FakeNameServer
        let proxy: DNSProxy
        private let upstream: DNSUpstream
        private(set) var address = SocketAddress(ip: IPAddress(v4: 0), port: 0)

        /// - Parameters:
        ///   - isOwnServer: whether the proxy's only server is the proxy itself.
        init(
            listen: String = "127.0.0.1:0",
            isOwnServer: Bool = false,
            environment: [String: String] = [:],
            limits: DNSProxyLimits = DNSProxyLimits()
        ) throws {
            let loop = try TestLoop()
            self.loop = loop
            self.server = try loop.sync { try FakeNameServer(loop: loop.loop, port: 25_354) }
            let settings = ["BOOTSTRAP_TOKEN": "marker", "ISTIO_META_DNS_PROXY_ADDR": listen]
            let configuration = try Configuration(environment: settings.merging(environment) { $1 })
            var change = MeshChange()
            let ip = IPAddress(v4: 0x0a00_0001)
            var client = try TestMesh.workload("shell", ip, port: 1)
            client.canonicalRevision = "v1"
            change.workloads = [client]
            var large = Service(key: NamespacedHostname(namespace: "demo", hostname: "large.com"), name: "large")
            large.vips = (0..<256).map { NetworkAddress(network: "", ip: IPAddress(v4: 0xf0f0_0000 | $0)) }
            change.services = [TestMesh.service("echo", vip: "240.240.0.5", port: 80), large]
            let context = MeshContext(
                configuration: configuration,
                state: MeshState(MeshSnapshot(change)),
                log: self.log.log
            )
            let own = SocketAddress(parsing: listen).map { [$0] } ?? []
            var servers = ResolverConfiguration(servers: isOwnServer ? own : [self.server.address])
            servers.search = [DNSName(parsing: "compute.internal") ?? .root]
            self.workload = ServedWorkload(
                key: "",
                mesh: context,
                local: try TestMesh.local("shell", ip),
                nameServers: servers
            )
            let upstream = DNSUpstream(loop: loop.loop, configuration: servers, avoiding: context.dnsAddresses)
            self.upstream = upstream
            let proxy = DNSProxy(
                loop: loop.loop,
                workload: self.workload,
                names: MeshNames(serving: self.workload),
                upstream: upstream,
                limits: limits
            )
            self.proxy = proxy
            do {
                try loop.sync { try proxy.listen() }
            } catch {
                // The next test listens where this one did.
                try self.stop()
                throw error
            }
            let bound = try loop.sync { proxy.addresses.first }
            self.address = SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: bound?.port ?? 0)
        }

        func stop() throws {
            let (proxy, upstream, server) = (self.proxy, self.upstream, self.server)
            try self.loop.sync {
                proxy.close()
                upstream.close()
                server.close()
            }
        }

        func ask(_ name: String, _ type: DNSType = .a, payload: UInt16? = nil, overStream: Bool) throws -> DNSMessage {
            try DNSTestClient.ask(self.address, name, type, payload: payload, overStream: overStream)
        }

        var metrics: String {
            String(decoding: self.workload.mesh.registry.exposition(.prometheus), as: UTF8.self)
        }
    }

    private func record(_ name: String, _ content: DNSRecord.Content, seconds: UInt32) -> DNSRecord {
        DNSRecord(name: DNSName(parsing: name) ?? .root, timeToLive: seconds, content: content)
    }

    @Test("answers the mesh's names", arguments: [false, true])
    func meshNames(_ overStream: Bool) throws {
        let bench = try Bench()
        let vip = IPAddress(v4: 0xf0f0_0005)
        for name in ["echo", "echo.demo", "echo.demo.mesh.internal"] {
            let answer = try bench.ask(name, overStream: overStream)
            #expect(answer.answers == [self.record(name, .address(vip), seconds: 30)])
            #expect(answer.isAuthoritative && answer.offersRecursion && answer.wantsRecursion)
        }
        let empty = try bench.ask("echo.demo", .aaaa, overStream: overStream)
        #expect(empty.code == .noError && empty.answers.isEmpty && empty.isAuthoritative)
        #expect(bench.server.questions.isEmpty)
        try bench.stop()
    }

    @Test("follows the workload's own search list", arguments: [false, true])
    func searchList(_ overStream: Bool) throws {
        let bench = try Bench()
        let answer = try bench.ask("echo.demo.compute.internal", overStream: overStream)
        #expect(
            answer.answers == [
                self.record(
                    "echo.demo.compute.internal",
                    .alias(DNSName(parsing: "echo.demo") ?? .root),
                    seconds: 30
                ),
                self.record("echo.demo", .address(IPAddress(v4: 0xf0f0_0005)), seconds: 30),
            ]
        )
        try bench.stop()
    }

    @Test("forwards what the mesh does not know, and the whole answer back", arguments: [false, true])
    func forwards(_ overStream: Bool) throws {
        let bench = try Bench()
        let known = try bench.ask("known.example", overStream: overStream)
        #expect(known.answers == [self.record("known.example", .address(IPAddress(v4: 0x0a00_0009)), seconds: 60)])
        #expect(known.additionals.count == 1)
        #expect(!known.isAuthoritative && known.offersRecursion)
        let unknown = try bench.ask("nobody.example", overStream: overStream)
        #expect(unknown.code == .noSuchName && unknown.authorities.count == 1)
        try bench.stop()
    }

    @Test("forwards other types even of the mesh's names", arguments: [false, true])
    func otherTypes(_ overStream: Bool) throws {
        let bench = try Bench()
        let text = try bench.ask("text.example", DNSType(rawValue: 16), overStream: overStream)
        #expect(text.answers.map(\.content) == [.other(DNSType(rawValue: 16), [2, 0x68, 0x69])])
        let mesh = try bench.ask("echo.demo", DNSType(rawValue: 33), overStream: overStream)
        #expect(mesh.code == .noSuchName && !mesh.isAuthoritative)
        #expect(bench.server.questions.last == "echo.demo SRV udp")
        try bench.stop()
    }

    @Test func answersOfServersAreKept() throws {
        let bench = try Bench()
        for overStream in [false, true, false] { _ = try bench.ask("known.example", overStream: overStream) }
        #expect(bench.server.questions == ["known.example A udp"])
        try bench.stop()
    }

    @Test func manyRecordsAreWholeByTCPAndCutByUDP() throws {
        let bench = try Bench()
        let cut = try bench.ask("large.com", payload: 1_232, overStream: false)
        #expect(cut.isTruncated && cut.answers.count == 74)
        let whole = try bench.ask("large.com", payload: 1_232, overStream: true)
        #expect(!whole.isTruncated)
        #expect(Set(whole.answers.map(\.content)).count == 256)
        try bench.stop()
    }

    @Test func aServersLongAnswerIsFetchedByTCP() throws {
        let bench = try Bench()
        let cut = try bench.ask("large.example", overStream: false)
        #expect(cut.isTruncated && !cut.answers.isEmpty)
        let whole = try bench.ask("large.example", overStream: true)
        #expect(!whole.isTruncated && whole.answers.count == 300)
        #expect(bench.server.questions == ["large.example A udp", "large.example A tcp"])
        try bench.stop()
    }

    @Test func oneTCPClientMayAskManyQuestionsAtOnce() throws {
        let bench = try Bench()
        // More than may wait at once.
        let queries = (0..<100).map { index in
            DNSTestClient.query(index % 2 == 0 ? "n\(index).example" : "echo.demo", id: UInt16(index))
        }
        let answers = try DNSTestClient.tcp(queries, to: bench.address)
        #expect(Set(answers.compactMap { try? DNSMessage(decoding: $0).id }) == Set(0..<100))
        try bench.stop()
    }

    @Test func malformedMessagesAreAnsweredOrDropped() throws {
        let bench = try Bench()
        let cut = Array(DNSTestClient.query("echo.demo").dropLast(2))
        #expect(DNSTestClient.udp(cut, to: bench.address) == [0, 77, 0x81, 0x81] + [UInt8](repeating: 0, count: 8))
        #expect(try DNSTestClient.tcp([cut], to: bench.address).first?[3] == 0x81)
        #expect(DNSTestClient.udp([1, 2, 3], to: bench.address, milliseconds: 200) == nil)
        var response = DNSTestClient.query("echo.demo")
        response[2] |= 0x80
        #expect(DNSTestClient.udp(response, to: bench.address, milliseconds: 200) == nil)
        #expect(try DNSTestClient.tcp([response], to: bench.address).first?[3] == 0x81)
        // A stream with something in it that is no message ends.
        let socket = try #require(TestSocket.connect(bench.address.ip, bench.address.port))
        socket.send([0, 3, 1, 2, 3])
        #expect(socket.receive() == [])
        #expect(try bench.ask("echo.demo", overStream: false).answers.count == 1)
        try bench.stop()
    }

    @Test("an UPDATE reaches a server and its answer comes back", arguments: [false, true])
    func update(_ overStream: Bool) throws {
        let bench = try Bench()
        var message = DNSTestClient.query("example", DNSType(rawValue: 6), id: 0x0102)
        message[2] = 5 << 3
        let answer =
            overStream
            ? try DNSTestClient.tcp([message], to: bench.address).first
            : DNSTestClient.udp(message, to: bench.address)
        #expect(answer?.prefix(4) == [1, 2, 0xa8, 9])
        #expect(bench.server.questions == ["operation 5 \(overStream ? "tcp" : "udp")"])
        try bench.stop()
    }

    @Test func neverForwardsToItself() throws {
        let bench = try Bench(listen: "127.0.0.1:25355", isOwnServer: true)
        let answer = try bench.ask("known.example", overStream: false)
        #expect(answer.code == .serverFailure)
        #expect(try bench.ask("echo.demo", overStream: false).answers.count == 1)
        try bench.stop()
    }

    @Test func aClientOfIPv4IsServedOnASocketOfIPv6() throws {
        let bench = try Bench(listen: "[::]:0")
        #expect(try bench.ask("echo.demo", overStream: false).answers.count == 1)
        #expect(try bench.ask("known.example", overStream: true).answers.count == 1)
        try bench.stop()
    }

    @Test func aTakenPortIsAFailure() throws {
        let other = try #require(TestSocket.serve(IPAddress(v4: 0x7f00_0001)) { _ in })
        #expect(throws: ListenFailure.self) { try Bench(listen: "127.0.0.1:\(other)") }
    }

    @Test func drainingAnswersWhatWasAsked() throws {
        let bench = try Bench()
        let answers = DispatchGroup()
        nonisolated(unsafe) var codes: [DNSMessage.ResponseCode?] = [nil, nil]
        for (index, overStream) in [false, true].enumerated() {
            answers.enter()
            Thread.detachNewThread {
                codes[index] = (try? bench.ask("slow.example", overStream: overStream))?.code
                answers.leave()
            }
        }
        #expect(eventually { (try? bench.loop.sync { bench.proxy.pendingCount }) == 2 })
        let drained = DispatchSemaphore(value: 0)
        try bench.loop.sync { bench.proxy.drain { drained.signal() } }
        #expect(drained.wait(timeout: .now() + 0.2) == .timedOut)
        // Nobody new is let in.
        #expect(DNSTestClient.udp(DNSTestClient.query("echo.demo"), to: bench.address, milliseconds: 200) == nil)
        #expect(TestSocket.connect(bench.address.ip, bench.address.port) == nil)
        try bench.loop.sync { bench.server.release() }
        #expect(answers.wait(timeout: .now() + 5) == .success)
        #expect(codes == [.noError, .noError])
        #expect(drained.wait(timeout: .now() + 5) == .success)
        try bench.stop()
    }

    @Test func anotherProxyTakesOverTheAddressWhileTheFirstDrains() throws {
        let first = try Bench(listen: "127.0.0.1:25356")
        try first.loop.sync { first.server.close() }
        let second = try Bench(listen: "127.0.0.1:25356")
        try first.loop.sync { first.proxy.drain {} }
        for _ in 0..<50 {
            #expect(try second.ask("echo.demo", overStream: false).answers.count == 1)
            #expect(try second.ask("echo.demo", overStream: true).answers.count == 1)
        }
        try first.stop()
        try second.stop()
    }

    @Test func silentAndTooManyTCPClientsAreClosed() throws {
        var limits = DNSProxyLimits()
        limits.connections = 2
        limits.idleMilliseconds = 300
        let bench = try Bench(limits: limits)
        let clients = (0..<3).compactMap { _ in TestSocket.connect(bench.address.ip, bench.address.port) }
        try #require(clients.count == 3)
        let started = ContinuousClock.now
        #expect(clients[2].receive() ?? [] == [])
        #expect(ContinuousClock.now - started < .milliseconds(250))
        #expect(clients[0].receive() == [] && clients[1].receive() == [])
        #expect(ContinuousClock.now - started > .milliseconds(250))
        #expect(try bench.ask("echo.demo", overStream: true).answers.count == 1)
        try bench.stop()
    }

    @Test func aClientThatSendsButDoesNotReadIsClosed() throws {
        var limits = DNSProxyLimits()
        limits.unreadBytes = 64 * 1_024
        let bench = try Bench(limits: limits)
        let socket = try #require(TestSocket.connect(bench.address.ip, bench.address.port))
        var one: timeval = timeval(tv_sec: 0, tv_usec: 300_000)
        setsockopt(socket.descriptor, SOL_SOCKET, SO_SNDTIMEO, &one, socklen_t(MemoryLayout<timeval>.size))
        let queries = (0..<64).flatMap { _ in
            DNSFrameReader.framed(DNSTestClient.query("large.com", payload: 1_232)) ?? []
        }
        var isClosed = false
        for _ in 0..<2_000 where !isClosed { isClosed = !socket.send(queries) }
        #expect(isClosed)
        #expect(eventually { (try? bench.loop.sync { bench.proxy.connectionCount }) == 0 })
        try bench.stop()
    }

    @Test func countsAndLogsRequests() throws {
        let bench = try Bench()
        _ = try bench.ask("echo.demo", overStream: false)
        _ = try bench.ask("known.example", .aaaa, overStream: true)
        _ = try bench.ask("odd.example", DNSType(rawValue: 65_399), overStream: false)
        let labels = "source_canonical_service=\"shell\",source_canonical_revision=\"v1\""
        let metrics = bench.metrics
        for line in [
            "istio_dns_requests_total{request_query_type=\"a\",request_protocol=\"udp\",\(labels)} 1",
            "istio_dns_requests_total{request_query_type=\"aaaa\",request_protocol=\"tcp\",\(labels)} 1",
            "istio_dns_requests_total{request_query_type=\"other\",request_protocol=\"udp\",\(labels)} 1",
            "istio_dns_upstream_requests_total{request_query_type=\"aaaa\",request_protocol=\"tcp\",\(labels)} 1",
            "istio_dns_upstream_request_duration_seconds_bucket{request_query_type=\"aaaa\",request_protocol=\"tcp\"",
        ] {
            #expect(metrics.contains(line), "\(line) is missing in \(metrics)")
        }
        #expect(!metrics.contains("istio_dns_upstream_requests_total{request_query_type=\"a\""))
        #expect(!metrics.contains("istio_dns_upstream_failures_total{"))
        let line = bench.log.lines.first { $0.contains("dns request") && $0.contains("echo.demo.mesh.internal") }
        #expect(line?.contains("src.namespace=\"demo\"") == true)
        #expect(line?.contains("endpoints=1") == true)
        try bench.stop()
    }

    @Test func aFailureOfTheServersIsCounted() throws {
        let bench = try Bench(listen: "127.0.0.1:25355", isOwnServer: true)
        _ = try bench.ask("known.example", overStream: false)
        // It is counted once the answer is on its way.
        #expect(eventually { bench.metrics.contains("istio_dns_upstream_failures_total{request_query_type=\"a\"") })
        try bench.stop()
    }

    @Test func aWholeTaskAnswersDNSAndEndsWithIt() throws {
        let authority = try TestAuthority()
        let ip = try #require(IPAddress(parsing: "127.0.77.1"))
        var change = MeshChange()
        change.workloads = [try TestMesh.workload("shell", ip, port: 1)]
        change.services = [TestMesh.service("echo", vip: "240.240.0.5", port: 80)]
        let task = try TestTask("shell", ip, authority: authority, mesh: MeshSnapshot(change))
        let address = SocketAddress(ip: ip, port: 15_053)
        for overStream in [false, true] {
            let answer = try DNSTestClient.ask(address, "echo.demo", overStream: overStream)
            #expect(answer.answers.count == 1)
        }
        #expect(task.drain(milliseconds: 1_000))
        #expect(DNSTestClient.udp(DNSTestClient.query("echo.demo"), to: address, milliseconds: 200) == nil)
        task.stop()
    }

    @Test func captureThatIsOffOpensNothing() throws {
        let bench = try Bench(environment: ["ISTIO_META_DNS_CAPTURE": "FALSE"])
        #expect(try bench.loop.sync { bench.proxy.addresses }.isEmpty)
        #expect(bench.workload.mesh.readiness.missingParts.contains(.dns) == false)
        try bench.stop()
        let on = try Bench()
        #expect(on.workload.mesh.readiness.missingParts.contains(.dns))
        try on.stop()
    }

    @Test func bothLoopbackAddressesAreServedUnlessIPv6IsOff() throws {
        func addresses(_ environment: [String: String]) throws -> [String] {
            let settings = ["BOOTSTRAP_TOKEN": "marker"].merging(environment) { $1 }
            let context = MeshContext(
                configuration: try Configuration(environment: settings),
                state: MeshState(MeshSnapshot()),
                log: self.quiet
            )
            return context.dnsAddresses.map { "\($0)" }
        }
        #expect(try addresses([:]) == ["127.0.0.1:15053", "[::1]:15053"])
        #expect(try addresses(["IPV6_ENABLED": "false"]) == ["127.0.0.1:15053"])
        #expect(try addresses(["ISTIO_META_DNS_PROXY_ADDR": "localhost:5353"]) == ["127.0.0.1:5353", "[::1]:5353"])
        #expect(try addresses(["ISTIO_META_DNS_PROXY_ADDR": "127.9.9.9:53"]) == ["127.9.9.9:53"])
        #expect(try addresses(["TULLE_LISTEN_ADDRESS": "127.0.0.7"]) == ["127.0.0.7:15053"])
    }

    private var quiet: Log { TestLog().log }
}
