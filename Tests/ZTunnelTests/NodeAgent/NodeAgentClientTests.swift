import DataPlane
import DataPlaneTestSupport
import Foundation
import Glibc
import MeshModel
import MeshProtos
import Synchronization
import Testing
import TunnelEngine

@testable import ZTunnel

/// A node agent of the test: takes a ztunnel's connection, sends requests, waits for answers.
private final class FakeNodeAgent {
    let path = "/tmp/tulle-zds-\(UUID().uuidString.prefix(8)).sock"
    private let listener: OwnedDescriptor
    private var connection: OwnedDescriptor?

    struct NoAnswer: Error {}

    init() throws { self.listener = OwnedDescriptor(try UnixSocket.listen(self.path, .packets)) }

    deinit { unlink(self.path) }

    /// Waits for a connection and its hello.
    func accept() throws -> [UInt8] {
        self.connection = nil
        try self.wait(self.listener.number)
        self.connection = OwnedDescriptor(try UnixSocket.accept(self.listener.number))
        return try self.receive()
    }

    private func wait(_ descriptor: Int32) throws {
        var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&wait, 1, 10_000) == 1 else { throw NoAnswer() }
    }

    private func receive() throws -> [UInt8] {
        guard let connection else { throw NoAnswer() }
        try self.wait(connection.number)
        return try UnixSocket.receive(connection.number, capacity: 1_024).bytes
    }

    /// The error of the answer to a request; empty for success.
    func ask(_ payload: IstioZDS.WorkloadRequest.Payload, passing descriptors: [Int32] = []) throws -> String {
        guard let connection else { throw NoAnswer() }
        let bytes = IstioZDS.WorkloadRequest.with { $0.payload = payload }.serialized
        try UnixSocket.send(bytes, passing: descriptors, to: connection.number)
        return try #require(try IstioZDS.WorkloadResponse(decoding: self.receive()).ack).error
    }

    func add(_ uid: String, _ namespace: NetworkNamespace) throws -> String {
        let add = IstioZDS.AddWorkload.with { add in
            add.uid = uid
            add.info = .with {
                $0.name = "\(uid)-pod"
                $0.namespace = "demo"
                $0.serviceAccount = "echo"
            }
        }
        return try self.ask(.add(add), passing: [namespace.descriptor])
    }

    func delete(_ uid: String) throws -> String { try self.ask(.delete(.with { $0.uid = uid })) }
    func keep(_ uid: String) throws -> String { try self.ask(.keep(.with { $0.uid = uid })) }
    func sendSnapshot() throws -> String { try self.ask(.snapshotSent(.init())) }
    func hangUp() { self.connection = nil }

    /// Whether the other side ended the connection.
    func isEnded() throws -> Bool { try self.receive().isEmpty }
}

@Suite("Node agent's client", .serialized, .enabled(if: HostNamespace.isPossible, "needs root"))
struct NodeAgentClientTests {
    private let agent: FakeNodeAgent
    private let host: TestHost
    private let client: NodeAgentClient
    private let identities = Identities()

    private final class Identities: Sendable {
        private let kept = Mutex<[String: SPIFFEID]>([:])
        var all: [String: SPIFFEID] { self.kept.withLock { $0 } }
        func keep(_ workload: ServedWorkload) { self.kept.withLock { $0[workload.key] = workload.local.identity } }
        func forget(_ key: String) { self.kept.withLock { $0[key] = nil } }
    }

    init() throws {
        let agent = try FakeNodeAgent()
        let host = try TestHost(["PROXY_MODE": "shared", "INPOD_UDS": agent.path])
        self.agent = agent
        self.host = host
        let identities = self.identities
        self.client = try host.control.sync {
            let client = NodeAgentClient(
                NodeAgentClient.Parts(
                    loop: host.control.loop,
                    own: host.own,
                    roster: host.roster,
                    keepIdentity: { identities.keep($0) },
                    forgetIdentity: { identities.forget($0) }
                )
            )
            client.start()
            return client
        }
        #expect(try self.agent.accept() == [0x08, 1])
    }

    private var isReady: Bool { !self.host.own.mesh.readiness.missingParts.contains(.workloads) }

    @Test("a pod that is added has listeners in its namespace when the answer comes, and an identity is kept")
    func adds() throws {
        let namespace = try HostNamespace.make()
        #expect(try self.agent.add("a", namespace) == "")
        for port in [MeshPorts.outbound, MeshPorts.inboundPlain, MeshPorts.inboundTunnel] {
            #expect(HostNamespace.listens(port, in: namespace))
        }
        #expect(self.identities.all.mapValues { "\($0)" } == ["a": "spiffe://cluster.local/ns/demo/sa/echo"])
        #expect(!self.isReady)
        #expect(try self.agent.sendSnapshot() == "")
        #expect(eventually { self.isReady })
        #expect(try self.agent.add("a", namespace) == "")
        #expect(self.host.roster.workloads.count == 1)
    }

    @Test("a pod that comes with another namespace is served there, and no longer in the old one")
    func moves() throws {
        let (old, new) = (try HostNamespace.make(), try HostNamespace.make())
        #expect(try self.agent.add("a", old) == "")
        #expect(try self.agent.sendSnapshot() == "")
        #expect(try self.agent.add("a", new) == "")
        #expect(HostNamespace.listens(MeshPorts.inboundTunnel, in: new))
        #expect(!HostNamespace.listens(MeshPorts.inboundTunnel, in: old))
    }

    @Test("a pod that is deleted has no listeners any more, and its identity is forgotten")
    func deletes() throws {
        let namespace = try HostNamespace.make()
        #expect(try self.agent.add("a", namespace) == "")
        #expect(try self.agent.sendSnapshot() == "")
        #expect(try self.agent.delete("a") == "")
        #expect(eventually { !HostNamespace.listens(MeshPorts.inboundTunnel, in: namespace) })
        #expect(self.identities.all.isEmpty)
        #expect(try self.agent.delete("a") == "")
    }

    @Test("a pod whose port is taken is refused, pending, not ready, and served by itself once the port is free")
    func pending() throws {
        let namespace = try HostNamespace.make()
        let scope = SocketScope(namespace: namespace)
        let any = IPAddress(v6High: 0, v6Low: 0)
        // Somebody who doesn't share the port.
        var taken: Int32? = try namespace.run {
            let descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = MeshPorts.inboundTunnel.bigEndian
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
            listen(descriptor, 1)
            return descriptor
        }
        #expect(throws: SocketError(code: EADDRINUSE, call: "listen")) {
            try Socket.listen(SocketAddress(ip: any, port: MeshPorts.inboundTunnel), scope: scope)
        }
        #expect(try self.agent.add("a", namespace).contains("15008"))
        #expect(try self.agent.sendSnapshot() == "")
        #expect(!self.isReady)
        #expect(!HostNamespace.listens(MeshPorts.outbound, in: namespace))
        if let descriptor = taken { close(descriptor) }
        taken = nil
        // Upstream's five seconds.
        #expect(eventually { self.isReady })
        #expect(HostNamespace.listens(MeshPorts.outbound, in: namespace))
        #expect(HostNamespace.listens(MeshPorts.inboundTunnel, in: namespace))
    }

    @Test("after a lost connection pods stay served; those that the next snapshot names are untouched, others end")
    func reconnects() throws {
        let (one, two) = (try HostNamespace.make(), try HostNamespace.make())
        #expect(try self.agent.add("a", one) == "")
        #expect(try self.agent.add("b", two) == "")
        #expect(try self.agent.sendSnapshot() == "")
        let served = self.host.roster.workload("a")
        self.agent.hangUp()
        #expect(eventually { !self.isReady })
        #expect(try self.agent.accept() == [0x08, 1])
        #expect(HostNamespace.listens(MeshPorts.inboundTunnel, in: one))
        #expect(try self.agent.keep("a") == "")
        #expect(HostNamespace.listens(MeshPorts.inboundTunnel, in: two))
        #expect(try self.agent.sendSnapshot() == "")
        #expect(eventually { !HostNamespace.listens(MeshPorts.inboundTunnel, in: two) })
        #expect(HostNamespace.listens(MeshPorts.inboundTunnel, in: one))
        #expect(self.host.roster.workload("a") === served)
        #expect(eventually { self.isReady })
    }

    @Test("a node agent that breaks the protocol is told so, loses its connection, and all pods stay served")
    func protocolErrors() throws {
        let namespace = try HostNamespace.make()
        #expect(try self.agent.add("a", namespace) == "")
        #expect(try self.agent.sendSnapshot() == "")
        #expect(try self.agent.sendSnapshot() == "snapshot_sent came twice")
        #expect(try self.agent.isEnded())
        #expect(try self.agent.accept() == [0x08, 1])
        let bare = IstioZDS.AddWorkload.with { $0.uid = "b" }
        #expect(
            try self.agent.ask(.add(bare), passing: [namespace.descriptor]) == "pod b came without workload_info"
        )
        #expect(try self.agent.accept() == [0x08, 1])
        #expect(
            try self.agent.ask(.delete(.with { $0.uid = "a" }), passing: [namespace.descriptor])
                == "1 descriptors came with a request that has none"
        )
        #expect(HostNamespace.listens(MeshPorts.inboundTunnel, in: namespace))
    }
}
