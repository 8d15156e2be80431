import DataPlane
import DataPlaneTestSupport
import Foundation
import MeshModel
import MeshTelemetry
import Testing
import TunnelEngine

@testable import ZTunnel

/// How outbound connections follow their routes: real proxies on loopback.
@Suite(.serialized)
struct OutboundRouteTests {
    private static let shellAddress = IPAddress(v4: 0x7f4e_0001)
    private static let echoAddress = IPAddress(v4: 0x7f4e_0002)
    private static let otherAddress = IPAddress(v4: 0x7f4e_0003)
    /// Nobody listens there.
    private static let deadAddress = IPAddress(v4: 0x7f4e_0009)

    private let authority: TestAuthority
    private let port: UInt16

    init() throws {
        self.authority = try TestAuthority()
        self.port = try #require(TestSocket.serve(Self.echoAddress, Self.echo))
    }

    private static func echo(_ socket: TestSocket) {
        while let bytes = socket.receive(), !bytes.isEmpty { socket.send(bytes) }
        socket.finish()
        _ = socket.receive()
    }

    private func mesh(
        _ endpoints: [(String, IPAddress)],
        change: (inout MeshChange) throws -> Void = { _ in }
    ) throws -> MeshSnapshot {
        var made = MeshChange()
        made.workloads = [try TestMesh.workload("shell", Self.shellAddress, port: 1)]
        for (name, address) in endpoints {
            var workload = try TestMesh.workload(name, address, port: self.port)
            workload.services = [TestMesh.key("echo"): [ServicePort(port: 80, targetPort: self.port)]]
            made.workloads.append(workload)
        }
        made.services = [TestMesh.service("echo", vip: "240.240.0.2", port: self.port)]
        try change(&made)
        return MeshSnapshot(made)
    }

    private func task(_ name: String, _ address: IPAddress, _ mesh: MeshSnapshot) throws -> TestTask {
        try TestTask(name, address, authority: self.authority, mesh: mesh)
    }

    private func stop(_ tasks: TestTask...) {
        for task in tasks {
            _ = task.drain(milliseconds: 0)
            task.stop()
        }
    }

    /// Opens a connection through the shell's proxy port.
    private func open(_ target: String) throws -> (TestSocket, String) {
        let socket = try #require(TestSocket.connect(Self.shellAddress, MeshPorts.proxy))
        socket.send(Array("CONNECT \(target) HTTP/1.1\r\n\r\n".utf8))
        let status = String(decoding: socket.receive(exactly: 12), as: UTF8.self)
        if status.hasSuffix("200") { _ = socket.receive(exactly: 27) }
        return (socket, status)
    }

    /// Sends a few bytes there and back.
    private func call(_ target: String) throws {
        let (socket, status) = try self.open(target)
        #expect(status == "HTTP/1.1 200")
        socket.send(Array("hello".utf8))
        socket.finish()
        #expect(socket.receiveAll() == Array("hello".utf8))
    }

    private func lines(_ task: TestTask, _ text: String) -> [String] { task.log.lines.filter { $0.contains(text) } }

    // MARK: Candidates

    @Test("31: a dial that fails is tried on another endpoint, and the client never knows")
    func triesAnotherEndpoint() throws {
        let mesh = try self.mesh([("echo", Self.echoAddress), ("dead", Self.deadAddress)])
        let shell = try self.task("shell", Self.shellAddress, mesh)
        let echo = try self.task("echo", Self.echoAddress, mesh)
        defer { self.stop(shell, echo) }
        for _ in 0..<12 { try self.call("echo.demo:80") }
        #expect(eventually { self.lines(shell, "connection complete").count == 12 })
        let complete = self.lines(shell, "connection complete")
        #expect(complete.allSatisfy { $0.contains("dst.addr=127.78.0.2:15008 ") && !$0.contains("error") })
        #expect(complete.allSatisfy { $0.contains("dst.workload=\"echo-1\"") })
        let retries = self.lines(shell, "trying another endpoint")
        #expect(!retries.isEmpty)
        #expect(retries.allSatisfy { $0.contains("error.code=\"dial_refused\"") })
        let text = String(decoding: shell.workload.mesh.registry.exposition(.prometheus), as: UTF8.self)
        #expect(text.contains("tulle_outbound_retries_total{reason=\"dial_refused\"} \(retries.count)\n"))
        try shell.onLoop { #expect($0.endpointLoad.workloadCount == 0) }
    }

    @Test("without budget the first failure is told")
    func spentBudget() throws {
        let mesh = try self.mesh([("dead", Self.deadAddress), ("gone", IPAddress(v4: 0x7f4e_000a))])
        let shell = try self.task("shell", Self.shellAddress, mesh)
        defer { self.stop(shell) }
        try shell.onLoop { proxy in while proxy.retryBudget.spend() {} }
        for _ in 0..<4 { #expect(try self.open("echo.demo:80").1 == "HTTP/1.1 502") }
        #expect(eventually { self.lines(shell, "error.code=\"dial_refused\"").count == 4 })
        #expect(self.lines(shell, "trying another endpoint").isEmpty)
    }

    @Test("31: a peer's decision is final")
    func keepsToADecision() throws {
        var mesh = try self.mesh([("echo", Self.echoAddress), ("dead", Self.deadAddress)])
        let shell = try self.task("shell", Self.shellAddress, mesh)
        var change = MeshChange()
        change.policies = [try TestMesh.denyAll(of: "shell")]
        mesh.apply(change)
        let echo = try self.task("echo", Self.echoAddress, mesh)
        defer { self.stop(shell, echo) }
        for _ in 0..<8 { #expect(try self.open("echo.demo:80").1 == "HTTP/1.1 403") }
        #expect(eventually { self.lines(echo, "error.code=\"policy_denied\"").count == 8 })
        #expect(self.lines(shell, "trying another endpoint").allSatisfy { $0.contains("dial_refused") })
    }

    @Test("31: an endpoint that says nothing is left for another one in time")
    func leavesASilentEndpoint() throws {
        let silent = IPAddress(v4: 0x7f4e_0005)
        let mesh = try self.mesh([("echo", Self.echoAddress), ("silent", silent)])
        _ = try #require(
            TestSocket.serve(silent, port: MeshPorts.inboundTunnel) { socket in
                while let bytes = socket.receive(), !bytes.isEmpty {}
            }
        )
        let shell = try self.task("shell", Self.shellAddress, mesh)
        let echo = try self.task("echo", Self.echoAddress, mesh)
        defer { self.stop(shell, echo) }
        try shell.onLoop { $0.outboundLimits.attemptMilliseconds = 200 }
        for _ in 0..<10 {
            let began = ContinuousClock.now
            try self.call("echo.demo:80")
            #expect(ContinuousClock.now - began < .seconds(4))
        }
        #expect(!self.lines(shell, "error.code=\"dial_deadline\"").isEmpty)
    }

    @Test("one deadline holds for all attempts together")
    func totalDeadline() throws {
        let mesh = try self.mesh([("silent", IPAddress(v4: 0x7f4e_0004))])
        _ = try #require(
            TestSocket.serve(IPAddress(v4: 0x7f4e_0004), port: MeshPorts.inboundTunnel) { socket in
                while let bytes = socket.receive(), !bytes.isEmpty {}
            }
        )
        let shell = try self.task("shell", Self.shellAddress, mesh)
        defer { self.stop(shell) }
        try shell.onLoop { $0.outboundLimits.totalMilliseconds = 300 }
        #expect(try self.open("echo.demo:80").1 == "HTTP/1.1 504")
        #expect(eventually { self.lines(shell, "error.code=\"dial_deadline\"").count == 1 })
        try shell.onLoop { #expect($0.endpointLoad.workloadCount == 0) }
    }

    @Test("connections count as load of their endpoint until they end, and a fresh one takes the other")
    func countsLoad() throws {
        _ = try #require(TestSocket.serve(Self.otherAddress, port: self.port, Self.echo))
        let mesh = try self.mesh([("echo", Self.echoAddress), ("other", Self.otherAddress)])
        let shell = try self.task("shell", Self.shellAddress, mesh)
        let echo = try self.task("echo", Self.echoAddress, mesh)
        let other = try self.task("other", Self.otherAddress, mesh)
        defer { self.stop(shell, echo, other) }
        var sockets: [TestSocket] = []
        for _ in 0..<6 {
            let (socket, status) = try self.open("echo.demo:80")
            #expect(status == "HTTP/1.1 200")
            sockets.append(socket)
        }
        try shell.onLoop { proxy in
            #expect(proxy.endpointLoad.connections(of: "demo/echo") == 3)
            #expect(proxy.endpointLoad.connections(of: "demo/other") == 3)
        }
        for socket in sockets { socket.finish() }
        for socket in sockets { #expect(socket.receiveAll() == []) }
        #expect(eventually { self.lines(shell, "connection complete").count == 6 })
        try shell.onLoop { #expect($0.endpointLoad.workloadCount == 0) }
    }

    // MARK: Waypoints

    @Test(
        "19, 21, 132: a connection to a service with a waypoint goes through it",
        arguments: ["240.240.0.2:80", "echo.demo:80"]
    )
    func waypoint(_ target: String) throws {
        let waypoint = GatewayAddress(
            destination: .address(NetworkAddress(network: "", ip: Self.otherAddress)),
            hbonePort: MeshPorts.inboundTunnel
        )
        let mesh = try self.mesh([("echo", Self.echoAddress)]) { change in
            change.services[0].waypoint = waypoint
            change.workloads.append(try TestMesh.workload("front", Self.otherAddress, port: 1))
        }
        let application = SocketAddress(ip: Self.echoAddress, port: self.port)
        let front = try TestTunnelEnd(
            "front",
            SocketAddress(ip: Self.otherAddress, port: MeshPorts.inboundTunnel),
            authority: self.authority,
            target: application
        )
        let shell = try self.task("shell", Self.shellAddress, mesh)
        defer {
            self.stop(shell)
            front.stop()
        }
        try self.call(target)
        let headers = try #require(front.requests.first)
        #expect(headers.first(named: ":authority") == "240.240.0.2:80")
        #expect(headers.first(named: "forwarded")?.hasSuffix(";host=echo.demo.mesh.internal") == true)
        #expect(headers.first(named: "x-forwarded-network") == nil)
        #expect(eventually { self.lines(shell, "connection complete").count == 1 })
        let line = self.lines(shell, "connection complete").first ?? ""
        #expect(line.contains("dst.addr=127.78.0.3:15008 dst.hbone_addr=240.240.0.2:80 "))
        #expect(line.contains("dst.service=\"echo.demo.mesh.internal\" dst.workload=\"front-1\""))
        #expect(line.contains("dst.identity=\"spiffe://cluster.local/ns/demo/sa/front\""))
    }

    @Test("32: without its waypoint a service is not reached at all")
    func waypointGone() throws {
        let waypoint = GatewayAddress(
            destination: .address(NetworkAddress(network: "", ip: Self.deadAddress)),
            hbonePort: MeshPorts.inboundTunnel
        )
        let mesh = try self.mesh([("echo", Self.echoAddress)]) { $0.services[0].waypoint = waypoint }
        let shell = try self.task("shell", Self.shellAddress, mesh)
        let echo = try self.task("echo", Self.echoAddress, mesh)
        defer { self.stop(shell, echo) }
        #expect(try self.open("echo.demo:80").1 == "HTTP/1.1 502")
        #expect(eventually { self.lines(shell, "error.code=\"waypoint_unavailable\"").count == 1 })
        #expect(self.lines(echo, "connection complete").isEmpty)
    }

    // MARK: Other networks

    private struct Crossing {
        var shell: TestTask
        var gateway: TestTunnelEnd
        var far: TestTunnelEnd

        func stop() {
            _ = self.shell.drain(milliseconds: 0)
            self.shell.stop()
            self.gateway.stop()
            self.far.stop()
        }
    }

    /// A shell in network `n1`, and a service whose only endpoint is in `n2`, behind a gateway.
    private func crossing(answeringAs name: String = "echo") throws -> Crossing {
        var far = try TestMesh.workload("echo", IPAddress(v4: 0x0a00_0001), port: 1)
        far.network = "n2"
        far.networkGateway = GatewayAddress(
            destination: .address(NetworkAddress(network: "n2", ip: Self.otherAddress)),
            hbonePort: 15_009
        )
        var gateway = try TestMesh.workload("gateway", Self.otherAddress, port: 1)
        gateway.network = "n2"
        var shell = try TestMesh.workload("shell", Self.shellAddress, port: 1)
        shell.network = "n1"
        var change = MeshChange()
        change.workloads = [shell, far, gateway]
        change.services = [TestMesh.service("echo", vip: "240.240.0.2", port: 1)]
        change.services[0].vips[0].network = "n1"
        let farAddress = SocketAddress(ip: IPAddress(v4: 0x7f4e_0007), port: MeshPorts.inboundTunnel)
        return Crossing(
            shell: try TestTask(
                "shell",
                Self.shellAddress,
                authority: self.authority,
                mesh: MeshSnapshot(change),
                network: "n1"
            ),
            gateway: try TestTunnelEnd(
                "gateway",
                SocketAddress(ip: Self.otherAddress, port: 15_009),
                authority: self.authority,
                target: farAddress
            ),
            far: try TestTunnelEnd(
                name,
                farAddress,
                authority: self.authority,
                target: SocketAddress(ip: Self.echoAddress, port: self.port),
                baggage: "k8s.cluster.name=c2,k8s.namespace.name=demo,k8s.deployment.name=echo-far,service.name=echo"
            )
        )
    }

    @Test("13, 29, 132: an endpoint in another network is reached through two tunnels")
    func doubleTunnel() throws {
        let crossing = try self.crossing()
        defer { crossing.stop() }
        for _ in 0..<2 { try self.call("240.240.0.2:80") }
        for request in crossing.gateway.requests + crossing.far.requests {
            #expect(request.first(named: ":authority") == "echo.demo.mesh.internal:80")
        }
        #expect(crossing.gateway.requests.allSatisfy { $0.first(named: "x-forwarded-network") == nil })
        #expect(crossing.far.requests.map { $0.first(named: "x-forwarded-network") } == ["n1", "n1"])
        #expect(eventually { self.lines(crossing.shell, "connection complete").count == 2 })
        for line in self.lines(crossing.shell, "connection complete") {
            #expect(line.contains("dst.addr=127.78.0.3:15009 dst.hbone_addr=echo.demo.mesh.internal:80 "))
            #expect(line.contains("dst.workload=\"echo-far\""))
            #expect(line.contains("dst.identity=\"spiffe://cluster.local/ns/demo/sa/echo\""))
            #expect(line.contains("dst.cluster=\"c2\""))
            #expect(!line.contains("error"))
        }
        try crossing.shell.onLoop {
            #expect($0.pool.linkCount == 1, "the outer link is shared, the inner ones are not")
        }
    }

    @Test("13: whoever answers in the other network must be who is known to back the service")
    func innerImpostor() throws {
        let crossing = try self.crossing(answeringAs: "gateway")
        defer { crossing.stop() }
        #expect(try self.open("echo.demo:80").1 == "HTTP/1.1 502")
        #expect(crossing.far.requests.isEmpty)
        #expect(eventually { self.lines(crossing.shell, "error.code=\"peer_identity_mismatch\"").count == 1 })
        #expect(self.lines(crossing.shell, "error=\"inner tunnel: ").count == 1)
    }

    // MARK: Names

    @Test("136: an endpoint known by name is looked up once and counted each time")
    func namedEndpoint() throws {
        let server = SocketAddress(ip: Self.shellAddress, port: 25_354)
        let names = try TestNameServer(
            server,
            name: "db.example.org",
            addresses: [
                Self.echoAddress,
                // The client has an IPv4 address only, and asks by name: this one is not for it.
                IPAddress(v6High: 0x0100_0000_0000_0000, v6Low: 1),
            ]
        )
        let mesh = try self.mesh([]) { change in
            var named = try TestMesh.workload("db", Self.deadAddress, port: 1)
            named.addresses = []
            named.hostname = "db.example.org"
            named.tunnel = .none
            named.services = [TestMesh.key("echo"): [ServicePort(port: 80, targetPort: self.port)]]
            change.workloads.append(named)
        }
        let shell = try TestTask(
            "shell",
            Self.shellAddress,
            authority: self.authority,
            mesh: mesh,
            nameServer: server
        )
        defer {
            self.stop(shell)
            names.stop()
        }
        for _ in 0..<2 { try self.call("echo.demo:80") }
        #expect(names.queries <= 2, "one for each address family")
        #expect(
            eventually {
                self.lines(shell, "dst.addr=127.78.0.2:\(self.port) ").filter { $0.contains("connection complete") }
                    .count == 2
            }
        )
        let text = String(decoding: shell.workload.mesh.registry.exposition(.prometheus), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("istio_on_demand_dns_total{") } ?? ""
        #expect(line.contains("source_workload=\"shell\""))
        #expect(line.contains("hostname=\"db.example.org\"} 2"))
    }

    @Test("a name without an address fails with a reason")
    func unknownNamedEndpoint() throws {
        let mesh = try self.mesh([]) { change in
            var named = try TestMesh.workload("db", Self.deadAddress, port: 1)
            named.addresses = []
            named.hostname = "nobody.example.org"
            named.services = [TestMesh.key("echo"): [ServicePort(port: 80, targetPort: self.port)]]
            change.workloads.append(named)
        }
        let server = SocketAddress(ip: Self.shellAddress, port: 25_355)
        let names = try TestNameServer(server, name: "db.example.org", addresses: [])
        let shell = try TestTask(
            "shell",
            Self.shellAddress,
            authority: self.authority,
            mesh: mesh,
            nameServer: server
        )
        defer {
            self.stop(shell)
            names.stop()
        }
        #expect(try self.open("echo.demo:80").1 == "HTTP/1.1 502")
        #expect(eventually { self.lines(shell, "error.code=\"name_not_found\"").count == 1 })
    }
}
