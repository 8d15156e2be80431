import DataPlane
import DataPlaneTestSupport
import Foundation
import Glibc
import MeshModel
import Testing

@testable import ZTunnel

/// Two whole proxies on loopback: what one sends, the other judges and delivers.
@Suite(.serialized)
struct WorkloadProxyTests {
    private static let shellAddress = IPAddress(v4: 0x7f4d_0001)
    private static let echoAddress = IPAddress(v4: 0x7f4d_0002)

    private let shell: TestTask
    private let echo: TestTask

    init() throws {
        let port = try #require(
            TestSocket.serve(Self.echoAddress) { socket in
                while let bytes = socket.receive(), !bytes.isEmpty { socket.send(bytes) }
                socket.finish()
                _ = socket.receive()
            }
        )
        var change = MeshChange()
        change.workloads = [
            try TestMesh.workload("shell", Self.shellAddress, port: 1),
            try TestMesh.workload("echo", Self.echoAddress, port: port),
        ]
        change.services = [
            TestMesh.service("shell", vip: "240.240.0.1", port: 1),
            TestMesh.service("echo", vip: "240.240.0.2", port: port),
        ]
        let authority = try TestAuthority()
        let mesh = MeshSnapshot(change)
        self.shell = try TestTask("shell", Self.shellAddress, authority: authority, mesh: mesh)
        self.echo = try TestTask("echo", Self.echoAddress, authority: authority, mesh: mesh)
    }

    private func stop() {
        for task in [self.shell, self.echo] {
            _ = task.drain(milliseconds: 0)
            task.stop()
        }
    }

    /// Opens a connection through the shell's proxy port; nil with the answer when it is refused.
    private func open(_ authority: String) throws -> (TestSocket, String) {
        let socket = try #require(TestSocket.connect(Self.shellAddress, MeshPorts.proxy))
        socket.send(Array("CONNECT \(authority) HTTP/1.1\r\n\r\n".utf8))
        let status = String(decoding: socket.receive(exactly: 12), as: UTF8.self)
        if status.hasSuffix("200") { _ = socket.receive(exactly: 27) }
        return (socket, status)
    }

    private func lines(_ task: TestTask, _ text: String) -> [String] {
        task.log.lines.filter { $0.contains(text) }
    }

    @Test(arguments: ["echo.demo:80", "ECHO.demo.mesh.internal.:80", "240.240.0.2:80"])
    func carriesAConnectionByNameAndVirtualAddress(_ authority: String) throws {
        defer { self.stop() }
        let (socket, status) = try self.open(authority)
        #expect(status == "HTTP/1.1 200")
        socket.send(Array("hello".utf8))
        socket.finish()
        #expect(socket.receiveAll() == Array("hello".utf8))
        #expect(eventually { self.lines(self.echo, "connection complete").count == 1 })
        let inbound = self.lines(self.echo, "connection complete").first ?? ""
        #expect(inbound.contains("src.identity=\"spiffe://cluster.local/ns/demo/sa/shell\""))
        #expect(inbound.contains("dst.identity=\"spiffe://cluster.local/ns/demo/sa/echo\""))
        #expect(inbound.contains("direction=\"inbound\" bytes_sent=5 bytes_recv=5 "))
        #expect(eventually { self.lines(self.shell, "connection complete").count == 1 })
        let outbound = self.lines(self.shell, "connection complete").first ?? ""
        #expect(outbound.contains("dst.addr=127.77.0.2:15008 "))
        #expect(outbound.contains("dst.identity=\"spiffe://cluster.local/ns/demo/sa/echo\""))
        #expect(outbound.contains("dst.service=\"echo.demo.mesh.internal\""))
        #expect(!outbound.contains("error"))
    }

    @Test func speaksSOCKS5() throws {
        defer { self.stop() }
        let socket = try #require(TestSocket.connect(Self.shellAddress, MeshPorts.proxy))
        let name = Array("echo.demo".utf8)
        socket.send([5, 1, 0, 5, 1, 0, 3, UInt8(name.count)] + name + [0, 80] + Array("early".utf8))
        #expect(socket.receive(exactly: 17) == [5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0] + Array("early".utf8))
    }

    @Test func tellsTheClientOfAPeersRefusal() throws {
        defer { self.stop() }
        var change = XDSChange()
        change.policies = [try TestMesh.denyAll(of: "shell")]
        try change.apply(to: self.echo.state)
        let (socket, status) = try self.open("echo.demo:80")
        #expect(status == "HTTP/1.1 403")
        #expect(String(decoding: socket.receiveAll() ?? [], as: UTF8.self).hasSuffix("tulle: policy_denied\n"))
        #expect(eventually { !self.lines(self.echo, "error.code=\"policy_denied\"").isEmpty })
    }

    @Test("45: an inbound connection waits until the control plane knows the workload that it is for")
    func waitsForItsOwnWorkload() throws {
        defer { self.stop() }
        let state = self.echo.state
        let workload = try #require(state.snapshot.workload(uid: "demo/echo"))
        try XDSChange(removed: ["demo/echo"]).apply(to: state)
        let start = ContinuousClock.now
        DispatchQueue.global().asyncAfter(deadline: .now() + 0.3) {
            try? XDSChange(workloads: [workload]).apply(to: state)
        }
        let (socket, status) = try self.open("echo.demo:80")
        #expect(status == "HTTP/1.1 200")
        #expect(ContinuousClock.now - start >= .milliseconds(300))
        socket.send([1])
        #expect(socket.receive() == [1])
    }

    @Test func cutsConnectionsThatPolicyForbidsLater() throws {
        defer { self.stop() }
        let (socket, _) = try self.open("echo.demo:80")
        socket.send([1])
        #expect(socket.receive() == [1])
        var change = XDSChange()
        change.policies = [try TestMesh.denyAll(of: "shell")]
        try change.apply(to: self.echo.state)
        // A reset, not an orderly end: the client must not take what it has for everything.
        #expect(socket.receive() == nil)
        #expect(eventually { !self.lines(self.echo, "error.code=\"policy_changed\"").isEmpty })
    }

    @Test("a policy that the workload lists only now ends the connections that it denies")
    func cutsConnectionsWhenTheListOfPoliciesChanges() throws {
        defer { self.stop() }
        var change = XDSChange()
        var policy = try TestMesh.denyAll(of: "shell")
        policy.scope = .workload
        change.policies = [policy]
        try change.apply(to: self.echo.state)
        let (socket, _) = try self.open("echo.demo:80")
        socket.send([1])
        #expect(socket.receive() == [1])
        var workload = try #require(self.echo.state.snapshot.workload(uid: "demo/echo"))
        workload.authorizationPolicies = [policy.key]
        change = XDSChange()
        change.workloads = [workload]
        try change.apply(to: self.echo.state)
        #expect(socket.receive() == nil)
        #expect(eventually { !self.lines(self.echo, "error.code=\"policy_changed\"").isEmpty })
    }

    @Test("a policy in dry run refuses nothing and says what it would do")
    func logsDryRuns() throws {
        defer { self.stop() }
        var change = XDSChange()
        var policy = try TestMesh.denyAll(of: "shell")
        policy.isDryRun = true
        change.policies = [policy]
        try change.apply(to: self.echo.state)
        #expect(try self.open("echo.demo:80").1 == "HTTP/1.1 200")
        let lines = self.lines(self.echo, "dry run would refuse")
        #expect(lines.count == 1 && lines[0].contains("denied_by=\"demo/deny-shell\""))
    }

    @Test("an application that is itself a proxy is told source, destination and identity")
    func announcesTheDestination() throws {
        defer { self.stop() }
        let application = try #require(
            TestSocket.serve(Self.echoAddress) { socket in
                let head = socket.receive(exactly: 16)
                let rest = socket.receive(exactly: Int(head[14]) << 8 | Int(head[15]))
                socket.send(head + rest + socket.receive(exactly: 1))
            }
        )
        var workload = try #require(self.echo.state.snapshot.workload(uid: "demo/echo"))
        workload.applicationTunnel = Workload.ApplicationTunnel(usesProxyProtocol: true, port: application)
        var change = XDSChange()
        change.workloads = [workload]
        try change.apply(to: self.echo.state)
        let (socket, status) = try self.open("127.77.0.2:4321")
        #expect(status == "HTTP/1.1 200")
        socket.send([7])
        let bytes = try #require(socket.receiveAll())
        #expect(bytes.prefix(14) == [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10, 0x21, 0x11][...])
        #expect(bytes[16..<24] == [127, 77, 0, 1, 127, 77, 0, 2])
        #expect(bytes[26..<28] == [16, 225])
        let identity = Array("spiffe://cluster.local/ns/demo/sa/shell".utf8)
        #expect(bytes[28...] == ([0xd0, 0, UInt8(identity.count)] + identity + [7])[...])
    }

    @Test func refusesPortsThatTheServiceDoesNotDeclare() throws {
        defer { self.stop() }
        #expect(try self.open("echo.demo:81").1 == "HTTP/1.1 502")
        #expect(eventually { !self.lines(self.shell, "error.code=\"port_not_declared\"").isEmpty })
    }

    @Test func passesUnknownDestinationsThrough() throws {
        defer { self.stop() }
        let address = IPAddress(v4: 0x7f4d_0009)
        let port = try #require(TestSocket.serve(address) { $0.send(Array("plain".utf8)) })
        let (socket, status) = try self.open("127.77.0.9:\(port)")
        #expect(status == "HTTP/1.1 200")
        #expect(socket.receiveAll() == Array("plain".utf8))
        socket.finish()
        let destination = "dst.addr=127.77.0.9:\(port) "
        #expect(
            eventually { self.lines(self.shell, "connection complete").filter { $0.contains(destination) }.count == 1 }
        )
        #expect(self.lines(self.echo, "connection complete").isEmpty)
    }

    @Test("30: refuses to talk to itself")
    func refusesToTalkToItself() throws {
        defer { self.stop() }
        let targets = ["127.77.0.1", "127.0.0.1", "127.9.9.9"].flatMap { address in
            [15_001, 15_006, 15_008, 15_080, 15_000].map { "\(address):\($0)" }
        }
        for target in targets { #expect(try self.open(target).1 == "HTTP/1.1 502", "\(target)") }
        #expect(eventually { self.lines(self.shell, "error.code=\"recursive_call\"").count == targets.count })
    }

    @Test(arguments: [MeshPorts.outbound, MeshPorts.inboundPlain])
    func refusesThoseWhoComeToACapturePortThemselves(_ port: UInt16) throws {
        defer { self.stop() }
        let socket = try #require(TestSocket.connect(Self.shellAddress, port))
        #expect(socket.receive() == nil)
        #expect(eventually { !self.lines(self.shell, "error.code=\"recursive_call\"").isEmpty })
    }

    @Test(arguments: [false, true])
    func givesUpTheDialOfAClientThatLeaves(_ resets: Bool) throws {
        defer { self.stop() }
        let address = IPAddress(v4: resets ? 0x7f4d_0004 : 0x7f4d_0003)
        // It takes connections and never says a word, so the TLS handshake would run into its deadline.
        _ = try #require(
            TestSocket.serve(address, port: MeshPorts.inboundTunnel) { socket in
                while let bytes = socket.receive(), !bytes.isEmpty {}
            }
        )
        var change = XDSChange()
        change.workloads = [try TestMesh.workload("silent", address, port: 1)]
        try change.apply(to: self.shell.state)
        let socket = try #require(TestSocket.connect(Self.shellAddress, MeshPorts.proxy))
        socket.send(Array("CONNECT \(address):80 HTTP/1.1\r\n\r\n".utf8))
        usleep(200_000)
        #expect(self.lines(self.shell, "connection complete").isEmpty)
        let left = ContinuousClock.now
        if resets {
            var option = linger(l_onoff: 1, l_linger: 0)
            setsockopt(socket.descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
            let other = Glibc.open("/dev/null", O_RDONLY)
            dup2(other, socket.descriptor)
            close(other)
        } else {
            socket.finish()
        }
        #expect(eventually { !self.lines(self.shell, "error.code=\"client_gone\"").isEmpty })
        #expect(ContinuousClock.now - left < .seconds(2))
    }

    @Test(arguments: ["Content-Length: 2\r\n", "Transfer-Encoding: chunked\r\n"])
    func passesNoSecondRequestToTheOriginOfAPlainOne(_ length: String) throws {
        defer { self.stop() }
        let socket = try #require(TestSocket.connect(Self.shellAddress, MeshPorts.proxy))
        socket.send(Array("POST http://echo.demo/ HTTP/1.1\r\n\(length)\r\n".utf8))
        let head = "POST / HTTP/1.1\r\nHost: echo.demo\r\n\(length)Connection: close\r\n\r\n"
        #expect(socket.receive(exactly: head.utf8.count) == Array(head.utf8))
        let body = length.hasPrefix("C") ? "ok" : "2\r\nok\r\n0\r\n\r\n"
        socket.send(Array((body + "GET http://other.demo/ HTTP/1.1\r\n\r\n").utf8))
        #expect(socket.receive(exactly: body.utf8.count) == Array(body.utf8))
        socket.send(Array("GET http://other.demo/ HTTP/1.1\r\n\r\n".utf8))
        socket.finish()
        #expect(socket.receiveAll() == [])
    }

    @Test func failsWhenTheApplicationDoesNotListen() throws {
        defer { self.stop() }
        let (socket, status) = try self.open("shell.demo:80")
        #expect(status == "HTTP/1.1 502")
        #expect(String(decoding: socket.receiveAll() ?? [], as: UTF8.self).hasSuffix("tulle: tunnel_failed\n"))
        #expect(eventually { !self.lines(self.shell, "error.code=\"dial_refused\"").isEmpty })
    }

    @Test func refusesEverythingWithoutAnIdentityOfItsOwn() throws {
        defer { self.stop() }
        // The echo task turns out to run as somebody else: its own state must not be used for it.
        var change = XDSChange()
        change.workloads = [try TestMesh.workload("intruder", Self.echoAddress, port: 1)]
        change.removed = ["demo/echo"]
        try change.apply(to: self.echo.state)
        #expect(try self.open("echo.demo:80").1 == "HTTP/1.1 502")
        #expect(eventually { !self.lines(self.echo, "error.code=\"workload_unknown\"").isEmpty })
    }

    @Test func survivesGarbageOnEveryPort() throws {
        defer { self.stop() }
        var random = SystemRandomNumberGenerator()
        for port in [MeshPorts.proxy, MeshPorts.inboundTunnel] {
            for _ in 0..<20 {
                guard let socket = TestSocket.connect(Self.echoAddress, port) else { continue }
                socket.send((0..<200).map { _ in UInt8.random(in: 0...255, using: &random) })
                socket.finish()
            }
        }
        let (socket, status) = try self.open("echo.demo:80")
        #expect(status == "HTTP/1.1 200")
        socket.send([7])
        #expect(socket.receive() == [7])
    }

    @Test func drainsFirstTheListenersThenTheConnections() throws {
        defer { self.stop() }
        let (socket, _) = try self.open("echo.demo:80")
        socket.send([1])
        #expect(socket.receive() == [1])
        let echo = self.echo
        let drained = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            _ = echo.drain(milliseconds: 10_000)
            drained.signal()
        }
        #expect(eventually { TestSocket.connect(Self.echoAddress, MeshPorts.proxy) == nil })
        // What is open goes on …
        socket.send([2])
        #expect(socket.receive() == [2])
        #expect(drained.wait(timeout: .now()) == .timedOut)
        // … and its end ends the drain before the deadline.
        socket.finish()
        #expect(socket.receiveAll() == [])
        #expect(drained.wait(timeout: .now() + 5) == .success)
    }

    @Test func cutsConnectionsThatOutliveTheDrain() throws {
        defer { self.stop() }
        let (socket, _) = try self.open("echo.demo:80")
        #expect(self.echo.drain(milliseconds: 100))
        #expect(socket.receive() == nil)
        #expect(eventually { !self.lines(self.echo, "error.code=\"connection_drained\"").isEmpty })
    }
}
