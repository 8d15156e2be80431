import BoringTLS
import DataPlane
import DataPlaneTestSupport
import Foundation
import MeshIdentity
import MeshModel
import Synchronization
import Testing

@testable import ZTunnel

/// Three proxies on loopback, two of which hold connections to the third while certificates are revoked.
@Suite("Peers of running connections", .serialized)
struct PeerJudgementTests {
    private static let echoAddress = IPAddress(v4: 0x7f4e_0101)
    private static let addresses = ["shell": IPAddress(v4: 0x7f4e_0102), "other": IPAddress(v4: 0x7f4e_0103)]
    private static let serials: [String: UInt64] = ["echo": 31, "shell": 32, "other": 33]
    /// A workload without a certificate.
    private static let lateAddress = IPAddress(v4: 0x7f4e_0104)

    private let authority: TestAuthority
    private let tasks: [String: TestTask]

    init() throws {
        let port = try #require(
            TestSocket.serve(Self.echoAddress) { socket in
                while let bytes = socket.receive(), !bytes.isEmpty { socket.send(bytes) }
            }
        )
        let places = Self.addresses.merging(["echo": Self.echoAddress]) { one, _ in one }
        var change = MeshChange()
        change.workloads = try places.map { try TestMesh.workload($0.key, $0.value, port: port) }
        change.services = [TestMesh.service("echo", vip: "240.240.0.2", port: port)]
        let mesh = MeshSnapshot(change)
        let authority = try TestAuthority()
        self.authority = authority
        self.tasks = try Dictionary(
            uniqueKeysWithValues: places.map { name, address in
                let serial = Self.serials[name] ?? 2
                return (name, try TestTask(name, address, authority: authority, mesh: mesh, serial: serial))
            }
        )
    }

    private func stop() {
        for task in tasks.values {
            _ = task.drain(milliseconds: 0)
            task.stop()
        }
    }

    private func task(_ name: String) throws -> TestTask { try #require(tasks[name]) }

    /// Opens a connection from a task to the echo; nil with the answer where it is refused.
    private func open(from name: String) throws -> (socket: TestSocket, status: String) {
        let address = try #require(Self.addresses[name])
        let socket = try #require(TestSocket.connect(address, MeshPorts.proxy))
        socket.send(Array("CONNECT 240.240.0.2:80 HTTP/1.1\r\n\r\n".utf8))
        let status = String(decoding: socket.receive(exactly: 12), as: UTF8.self)
        if status.hasSuffix("200") { _ = socket.receive(exactly: 27) }
        return (socket, status)
    }

    private func echoes(_ socket: TestSocket) -> Bool {
        socket.send([5])
        return socket.receive() == [5]
    }

    /// Lets a task's revocations be what a file says, as the process does it.
    private func revoke(_ serials: [UInt64], at name: String) throws {
        let mesh = try task(name).workload.mesh
        mesh.revocations.replace(try RevocationSet(file: Array(try authority.revoking(serials).utf8)))
        try task(name).onLoop { $0.judgePeers() }
    }

    private func lines(_ name: String, _ text: String) throws -> [String] {
        try task(name).log.lines.filter { $0.contains(text) }
    }

    @Test("a client's revocation ends its connections at the server, and nobody else's")
    func client() throws {
        defer { self.stop() }
        let shell = try open(from: "shell").socket
        let other = try open(from: "other").socket
        #expect(echoes(shell))
        #expect(echoes(other))
        let began = ContinuousClock.now
        try revoke([32], at: "echo")
        #expect(shell.receive() == nil)
        #expect(ContinuousClock.now - began < .seconds(3))
        #expect(eventually { (try? self.lines("echo", "error.code=\"peer_certificate_revoked\""))?.count == 1 })
        let line = try lines("echo", "peer_certificate_revoked").first ?? ""
        #expect(line.contains("connection closed: peer certificate revoked by CRL"))
        #expect(echoes(other))
        // It doesn't come back either; the refused handshake is counted.
        #expect(try open(from: "shell").status != "HTTP/1.1 200")
        let revocations = try task("echo").workload.mesh.revocations
        #expect(eventually { revocations.rejections(as: .server) > 0 })
        #expect(revocations.rejections(as: .client) == 0)
        #expect(echoes(other))
    }

    @Test("a server's revocation ends the connections of the client that knows of it")
    func server() throws {
        defer { self.stop() }
        let shell = try open(from: "shell").socket
        let other = try open(from: "other").socket
        #expect(echoes(shell))
        #expect(echoes(other))
        try revoke([31], at: "shell")
        #expect(shell.receive() == nil)
        #expect(eventually { (try? self.lines("shell", "error.code=\"peer_certificate_revoked\""))?.count == 1 })
        #expect(echoes(other))
        #expect(try open(from: "shell").status != "HTTP/1.1 200")
        #expect(try task("shell").workload.mesh.revocations.rejections(as: .client) > 0)
        #expect(echoes(other))
        // Taken back, it is good again.
        try revoke([], at: "shell")
        let again = try open(from: "shell").socket
        #expect(echoes(again))
    }

    @Test("a bundle without the peer's root ends the connection, one with it besides others does not")
    func roots() throws {
        defer { self.stop() }
        let shell = try open(from: "shell").socket
        #expect(echoes(shell))
        let stranger = try TestAuthority()
        let identity = try TestMesh.identity("echo")
        try task("echo").workload.identities.install(authority.issue(identity, serial: 41))
        try task("echo").onLoop { $0.judgePeers() }
        #expect(echoes(shell))
        try task("echo").workload.identities.install(stranger.issue(identity, serial: 42))
        try task("echo").onLoop { $0.judgePeers() }
        #expect(shell.receive() == nil)
        #expect(eventually { (try? self.lines("echo", "error.code=\"peer_certificate_untrusted\""))?.count == 1 })
    }

    @Test("a connection that comes before the first certificate waits for it, where one is asked for")
    func beforeTheFirstCertificate() throws {
        defer { self.stop() }
        let mesh = try task("shell").state.snapshot
        let late = try TestTask("shell", Self.lateAddress, authority: authority, mesh: mesh, serial: nil)
        defer {
            _ = late.drain(milliseconds: 0)
            late.stop()
        }
        func request() throws -> TestSocket {
            let socket = try #require(TestSocket.connect(Self.lateAddress, MeshPorts.proxy))
            socket.send(Array("CONNECT 240.240.0.2:80 HTTP/1.1\r\n\r\n".utf8))
            return socket
        }
        func status(_ socket: TestSocket) -> String { String(decoding: socket.receive(exactly: 12), as: UTF8.self) }
        #expect(status(try request()).hasPrefix("HTTP/1.1 5"))
        #expect(eventually { late.log.lines.filter { $0.contains("identity_missing") }.count == 1 })
        let wanted = Mutex(0)
        late.workload.identities.whenMissing { wanted.withLock { $0 += 1 } }
        let waiting = try request()
        let another = try request()
        #expect(eventually { wanted.withLock { $0 } == 1 })
        try late.workload.identities.install(authority.issue(TestMesh.identity("shell"), serial: 60))
        #expect(status(waiting) == "HTTP/1.1 200")
        #expect(status(another) == "HTTP/1.1 200")
        #expect(late.log.lines.filter { $0.contains("identity_missing") }.count == 1)
    }

    @Test("a tunnel that comes before the server's first certificate waits for it")
    func tunnelBeforeTheFirstCertificate() throws {
        defer { self.stop() }
        let mesh = try task("echo").state.snapshot
        try #require(task("echo").drain(milliseconds: 0))
        let new = try TestTask(
            "echo",
            Self.echoAddress,
            authority: authority,
            mesh: mesh,
            serial: nil,
            awaitsIdentity: true
        )
        defer {
            _ = new.drain(milliseconds: 0)
            new.stop()
        }
        // Connected by the kernel, and held.
        let early = try #require(TestSocket.connect(Self.echoAddress, MeshPorts.inboundTunnel))
        let authority = self.authority
        let installing = Thread {
            Thread.sleep(forTimeInterval: 0.3)
            _ = try? new.workload.identities.install(authority.issue(TestMesh.identity("echo"), serial: 61))
        }
        installing.start()
        #expect(echoes(try open(from: "shell").socket))
        #expect(new.log.lines.filter { $0.contains("identity_missing") }.isEmpty)
        withExtendedLifetime(early) {}
    }

    @Test("a held tunnel port closes with its workload")
    func drainBeforeTheFirstCertificate() throws {
        defer { self.stop() }
        let mesh = try task("echo").state.snapshot
        let new = try TestTask(
            "shell",
            Self.lateAddress,
            authority: authority,
            mesh: mesh,
            serial: nil,
            awaitsIdentity: true
        )
        defer { new.stop() }
        let early = try #require(TestSocket.connect(Self.lateAddress, MeshPorts.inboundTunnel))
        #expect(new.drain(milliseconds: 0))
        #expect(early.receive() == nil)
        #expect(TestSocket.connect(Self.lateAddress, MeshPorts.inboundTunnel) == nil)
    }

    @Test("a client of another trust domain is refused, and its application gets no byte")
    func trustDomain() throws {
        defer { self.stop() }
        let foreign = try SPIFFEID(trustDomain: "other.local", namespace: "demo", serviceAccount: "shell")
        try task("shell").workload.identities.install(authority.issue(foreign, serial: 50))
        let (socket, status) = try open(from: "shell")
        #expect(status.hasPrefix("HTTP/1.1 5"))
        _ = socket.receiveAll()
        #expect(eventually { (try? self.lines("echo", "any SPIFFE id of trust domain cluster.local"))?.count ?? 0 > 0 })
        #expect(try lines("echo", "connection complete").isEmpty)
    }
}
