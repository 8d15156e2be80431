import DataPlaneTestSupport
import Foundation
import HTTPRouting
import MeshModel
import MeshProtos
import Synchronization
import Testing
import TunnelEngine

@testable import Waypoint

@Suite("Connections that are passed on unread", .serialized)
struct OpaqueTests {
    /// Declares what is spoken on the service's port.
    private func port(_ spoken: ServicePort.AppProtocol) -> (inout MeshChange) -> Void {
        { change in
            let port = ServicePort(port: 80, targetPort: 8080, appProtocol: spoken)
            for index in change.services.indices where change.services[index].name == "echo" {
                change.services[index].ports = [port]
            }
            for index in change.workloads.indices where change.workloads[index].uid.hasPrefix("demo/echo-") {
                change.workloads[index].services[TestMesh.key("echo")] = [port]
            }
        }
    }

    /// A waypoint in front of applications that speak no HTTP.
    private func withServer(
        _ spoken: ServicePort.AppProtocol,
        others: [String] = [],
        settings: (inout TulleL7.WaypointSettings) -> Void = { _ in },
        routes: (inout TulleL7.ServiceRoutes) -> Void = { _ in },
        serve: @escaping @Sendable (_ name: String, TestSocket) -> Void,
        _ body: (WaypointBench) throws -> Void
    ) throws {
        let place = WaypointBench.reserve(1, others: others)
        let all = [("echo-0", place.endpoints[0])] + place.others.map { ($0.name, $0.address) }
        for (name, address) in all {
            _ = try #require(TestSocket.serve(address.ip, port: address.port) { serve(name, $0) })
        }
        let bench = try WaypointBench(place, mesh: self.port(spoken), settings: settings, routes: routes)
        try body(bench)
        #expect(try bench.rest() == nil)
    }

    private static let echo: @Sendable (String, TestSocket) -> Void = { name, socket in
        socket.send(Array("\(name):".utf8))
        while let bytes = socket.receive(), !bytes.isEmpty { socket.send(bytes) }
        socket.finish()
    }

    /// Says nothing first.
    private static let mirror: @Sendable (String, TestSocket) -> Void = { name, socket in
        var isFirst = true
        while let bytes = socket.receive(), !bytes.isEmpty {
            socket.send((isFirst ? Array("\(name):".utf8) : []) + bytes)
            isFirst = false
        }
        socket.finish()
    }

    @Test("a server that speaks first is not kept waiting on a port of tcp")
    func serverFirst() throws {
        try self.withServer(.tcp, serve: Self.echo) { bench in
            let raw = try bench.client.raw(WaypointBench.authority)
            #expect(raw.wait(7))
            #expect(raw.seen.text == "echo-0:")
            try raw.send([UInt8](repeating: 65, count: 500_000))
            #expect(raw.wait(500_007))
            try raw.finish()
            #expect(raw.waitForEnd())
            #expect(raw.waitForOutcome() == .complete)
            #expect(bench.logs(" 0 - ", "500000 500007"))
        }
    }

    @Test("after a while it gets its turn on a port that nobody named, too")
    func detection() throws {
        try self.withServer(.unknown, settings: { $0.detectionTimeoutMilliseconds = 50 }, serve: Self.echo) { bench in
            let raw = try bench.client.raw(WaypointBench.authority)
            #expect(raw.wait(7))
            try raw.finish()
            #expect(raw.waitForOutcome() == .complete)
        }
    }

    @Test("what is no HTTP is passed on from its first byte", arguments: ["garbage\n", "\u{0}\u{1}", "GET\n"])
    func sniffsBytes(_ text: String) throws {
        try self.withServer(.unknown, serve: Self.mirror) { bench in
            let raw = try bench.client.raw(WaypointBench.authority)
            try raw.send(String(text.prefix(1)))
            try raw.send(String(text.dropFirst()))
            try raw.finish()
            #expect(raw.waitForEnd())
            #expect(raw.seen.text == "echo-0:" + text)
        }
    }

    @Test("HTTP of both versions is found on a port that nobody named", arguments: [HTTPVersion.http11, .http2])
    func sniffsHTTP(_ version: HTTPVersion) throws {
        try withBench(mesh: self.port(.unknown)) { (bench, backends) throws in
            #expect(try bench.request(.get("/"), version: version).status == 200)
            #expect(backends[0].requests.first?["x-request-id"] != nil)
        }
    }

    @Test(
        "TLS goes by its server's name",
        arguments: [("one.example", "echo-0"), ("a.two.example", "next"), ("x", "-")]
    )
    func serverNames(_ name: String, _ expected: String) throws {
        let routes: (inout TulleL7.ServiceRoutes) -> Void = { resource in
            resource.clusters.append(WaypointBench.cluster("outbound|80||next", of: "next"))
            resource.ports = [
                .with {
                    $0.port = 80
                    $0.tls = [
                        .with {
                            $0.names = ["one.example"]
                            $0.clusters = TulleL7.Forward.to(WaypointBench.whole).clusters
                            $0.name = "demo/one"
                        },
                        .with {
                            $0.names = ["*.two.example"]
                            $0.clusters = TulleL7.Forward.to("outbound|80||next").clusters
                            $0.name = "demo/two"
                        },
                        .with {
                            $0.names = ["x"]
                            $0.clusters = [.with { $0.weight = 1 }]
                            $0.name = "demo/none"
                        },
                    ]
                }
            ]
        }
        try self.withServer(.tls, others: ["next"], routes: routes, serve: Self.mirror) { bench in
            let hello = TestHello.bytes(name)
            let raw = try bench.client.raw(WaypointBench.authority)
            try raw.send(Array(hello.prefix(20)))
            try raw.send(Array(hello.dropFirst(20)))
            if expected == "-" {
                #expect(raw.waitForOutcome() != nil)
                #expect(raw.seen.bytes.isEmpty)
                return
            }
            try raw.finish()
            #expect(raw.waitForEnd())
            #expect(raw.seen.bytes == Array("\(expected):".utf8) + hello)
            #expect(bench.logs(name))
        }
    }

    @Test("each side may end before the other")
    func halfClose() throws {
        try self.withServer(
            .tcp,
            serve: { _, socket in
                // Ends first, and listens on.
                socket.send(Array("bye".utf8))
                socket.finish()
                _ = socket.receiveAll()
            }
        ) { bench in
            let raw = try bench.client.raw(WaypointBench.authority)
            #expect(raw.waitForEnd())
            #expect(raw.seen.text == "bye")
            try raw.send([UInt8](repeating: 1, count: 100_000))
            #expect(raw.seen.outcome == nil)
            try raw.finish()
            #expect(raw.waitForOutcome() == .complete)
            #expect(bench.logs("100000 3"))
        }
    }

    @Test("an end that was said before there was a connection is passed on")
    func earlyEnd() throws {
        try self.withServer(
            .tcp,
            serve: { _, socket in
                let all = socket.receiveAll() ?? []
                socket.send(Array("\(all.count)".utf8))
            }
        ) { bench in
            let raw = try bench.client.raw(WaypointBench.authority)
            try raw.send("four")
            try raw.finish()
            #expect(raw.waitForEnd())
            #expect(raw.seen.text == "4")
        }
    }

    @Test("a reset of either side is one for the other")
    func resets() throws {
        let ends = Mutex<[Bool]>([])
        try self.withServer(
            .tcp,
            serve: { _, socket in
                socket.send([1])
                ends.withLock { $0.append(false) }
                let all = socket.receiveAll()
                ends.withLock { $0.append(all == nil) }
            }
        ) { bench in
            let raw = try bench.client.raw(WaypointBench.authority)
            #expect(raw.wait(1))
            try raw.cut()
            #expect(eventually { ends.withLock { $0.count } == 2 })
            #expect(ends.withLock { $0.last } == true)
            #expect(eventually { (try? bench.carried().sessions) == 0 })
            #expect(bench.logs(" DC "))
        }
    }

    @Test("nobody is there: the connection is cut, UF")
    func refused() throws {
        let place = WaypointBench.reserve(2)
        let bench = try WaypointBench(place, mesh: self.port(.tcp))
        let raw = try bench.client.raw(WaypointBench.authority)
        #expect(raw.waitForOutcome() != nil)
        #expect(bench.logs(" 0 UF "))
        #expect(try bench.rest() == nil)
    }

    @Test("where TLS to the application can't be begun no bytes are passed on: UF")
    func refusesClear() throws {
        let routes: (inout TulleL7.ServiceRoutes) -> Void = { $0.cluster { $0.tls = .with { $0.unresolved = true } } }
        try self.withServer(.tcp, routes: routes, serve: Self.echo) { bench in
            let raw = try bench.client.raw(WaypointBench.authority)
            #expect(raw.waitForOutcome() != nil)
            #expect(raw.seen.bytes.isEmpty)
            #expect(bench.logs(" 0 UF "))
        }
    }

    @Test("connections beyond the bound are cut, UO")
    func bound() throws {
        try self.withServer(
            .tcp,
            routes: { $0.cluster { $0.pool = .with { $0.maxConnections = 1 } } },
            serve: Self.echo
        ) { bench in
            let first = try bench.client.raw(WaypointBench.authority)
            #expect(first.wait(7))
            let second = try bench.client.raw(WaypointBench.authority)
            #expect(second.waitForOutcome() != nil)
            #expect(bench.logs(" 0 UO "))
            try first.finish()
            #expect(first.waitForOutcome() == .complete)
            let third = try bench.client.raw(WaypointBench.authority)
            #expect(third.wait(7))
            #expect(try bench.numbers().connections == 1)
        }
    }

    @Test("a policy denies a connection, and one that comes ends those that are open")
    func policies() throws {
        try self.withServer(.tcp, serve: Self.echo) { bench in
            let open = try bench.client.raw(WaypointBench.authority)
            #expect(open.wait(7))
            try bench.change {
                $0.policy("deny") {
                    $0.action = .deny
                    $0.rules = [.with { $0.from = [.with { $0.principals = ["*/ns/demo/sa/shell"] }] }]
                }
            }
            #expect(open.waitForOutcome() != nil)
            let denied = try bench.client.raw(WaypointBench.authority)
            #expect(denied.waitForOutcome() != nil)
            #expect(denied.seen.bytes.isEmpty)
            let other = try bench.client("other").raw(WaypointBench.authority)
            #expect(other.wait(7))
        }
    }

    @Test("a policy that asks an authorizer lets no bytes through")
    func custom() throws {
        try self.withServer(
            .tcp,
            settings: { $0.authorizers = [.with { $0.name = "judge" }] },
            routes: {
                $0.policy("ask") {
                    $0.action = .custom
                    $0.provider = "judge"
                    $0.rules = [TulleL7.AuthorizationPolicy.Rule()]
                }
            },
            serve: Self.echo
        ) { bench in
            let raw = try bench.client.raw(WaypointBench.authority)
            #expect(raw.waitForOutcome() != nil)
            #expect(raw.seen.bytes.isEmpty)
        }
    }

    @Test(
        "a client that is slow to speak is served by HTTP all the same",
        arguments: [HTTPVersion.http11, .http2]
    )
    func speaksLate(_ version: HTTPVersion) throws {
        try withBench(
            mesh: self.port(.unknown),
            settings: { $0.detectionTimeoutMilliseconds = 50 },
            routes: { resource in
                resource.route {
                    $0.forward?.clusters[0].responseHeaders = .with { $0.set = [.named("x-routed", "yes")] }
                }
            }
        ) { bench, backends in
            let raw = try bench.client.raw(WaypointBench.authority)
            // The server has its turn by now, and said nothing.
            #expect(eventually { backends[0].connections == 1 })
            if version == .http2 {
                // The preface, SETTINGS, and a GET of / with the scheme http.
                try raw.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
                try raw.send([0, 0, 0, 4, 0, 0, 0, 0, 0])
                try raw.send([0, 0, 7, 1, 5, 0, 0, 0, 1, 0x82, 0x86, 0x84, 0x41, 2, 101, 99])
                #expect(eventually { backends[0].requests.count == 1 })
            } else {
                try raw.send("GET / HTT")
                try raw.send("P/1.1\r\nhost: echo.demo\r\n\r\n")
                #expect(eventually { raw.seen.text.contains("x-routed: yes") })
            }
            #expect(backends[0].requests.first?["x-request-id"] != nil)
            try raw.cut()
            #expect(bench.logs(" 200 - via_upstream"))
        }
    }

    @Test("who is slow to speak and then speaks no HTTP is passed on from its first byte")
    func speaksBytesLate() throws {
        let connected = Mutex(false)
        let serve: @Sendable (String, TestSocket) -> Void = { name, socket in
            connected.withLock { $0 = true }
            Self.mirror(name, socket)
        }
        try self.withServer(.unknown, settings: { $0.detectionTimeoutMilliseconds = 50 }, serve: serve) { bench in
            let raw = try bench.client.raw(WaypointBench.authority)
            #expect(eventually { connected.withLock { $0 } })
            try raw.send("G")
            try raw.send("arbage\n")
            #expect(raw.wait(15))
            try raw.finish()
            #expect(raw.waitForEnd())
            #expect(raw.seen.text == "echo-0:Garbage\n")
        }
    }

    @Test("on which nobody ever speaks it ends after the idle time")
    func staysSilent() throws {
        let mute: @Sendable (String, TestSocket) -> Void = { _, socket in _ = socket.receive() }
        try self.withServer(
            .unknown,
            settings: { $0.detectionTimeoutMilliseconds = 20 },
            routes: { $0.cluster { $0.pool = .with { $0.idleTimeoutMilliseconds = 100 } } },
            serve: mute
        ) { bench in
            let raw = try bench.client.raw(WaypointBench.authority)
            #expect(raw.waitForOutcome() != nil)
            #expect(bench.logs("idle for 100 ms"))
        }
    }

    @Test("on which nothing moves it ends after the idle time, and what moves is not idle")
    func rests() throws {
        try self.withServer(
            .tcp,
            routes: { $0.cluster { $0.pool = .with { $0.idleTimeoutMilliseconds = 200 } } },
            serve: Self.echo
        ) { bench in
            let raw = try bench.client.raw(WaypointBench.authority)
            #expect(raw.wait(7))
            for round in 1...4 {
                usleep(100_000)
                try raw.send("x")
                #expect(raw.wait(7 + round))
            }
            #expect(raw.waitForOutcome() != nil)
            #expect(bench.logs("idle for 200 ms"))
        }
    }
}
