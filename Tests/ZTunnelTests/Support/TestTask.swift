import DataPlane
import DataPlaneTestSupport
import Foundation
import Glibc
import MeshDNS
import MeshIdentity
import MeshModel
import TunnelEngine

@testable import ZTunnel

/// One task of the tests: a proxy on its own loop and thread, at a loopback address of its own.
final class TestTask: @unchecked Sendable {
    let workload: ServedWorkload
    let log = TestLog()
    let state: MeshState
    private let proxy: WorkloadProxy

    init(
        _ name: String,
        _ address: IPAddress,
        authority: TestAuthority,
        mesh: MeshSnapshot,
        serial: UInt64? = 2,
        network: String = "",
        nameServer: SocketAddress? = nil,
        awaitsIdentity: Bool = false
    ) throws {
        let loop = try EventLoop(index: 1)
        let audience = Audience()
        self.state = MeshState(mesh) { audience.tell($0) }
        // Nobody answers there: names that the mesh doesn't know can't be resolved.
        let servers = ResolverConfiguration(servers: [nameServer ?? SocketAddress(ip: address, port: 1)])
        let context = try TestMesh.context(address, state: self.state, log: self.log.log)
        self.workload = ServedWorkload(
            key: name,
            mesh: context,
            local: try TestMesh.local(name, address, network: network),
            nameServers: servers
        )
        if let serial {
            try self.workload.identities.install(authority.issue(TestMesh.identity(name), serial: serial))
        }
        if awaitsIdentity { self.workload.identities.whenMissing {} }
        self.proxy = WorkloadProxy(loop: loop, workload: self.workload)
        audience.proxy = self.proxy
        guard LoopThread.start(loop) else { throw ListenTimeout() }
        try self.onLoop { proxy in try proxy.listen() }
    }

    private struct ListenTimeout: Error {}

    private final class Audience: @unchecked Sendable {
        var proxy: WorkloadProxy?
        func tell(_ snapshot: MeshSnapshot) {
            guard let proxy = self.proxy else { return }
            proxy.loop.submit { proxy.stateChanged(snapshot) }
        }
    }

    /// Runs `body` on the loop and waits for its end.
    func onLoop(_ body: @escaping @Sendable (WorkloadProxy) throws -> Void) throws {
        let done = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var failure: (any Error)?
        let proxy = self.proxy
        proxy.loop.submit {
            do { try body(proxy) } catch { failure = error }
            done.signal()
        }
        guard done.wait(timeout: .now() + 10) == .success else { throw ListenTimeout() }
        if let failure { throw failure }
    }

    /// Drains and waits; true when nothing was left open in time.
    func drain(milliseconds: UInt64) -> Bool {
        let done = DispatchSemaphore(value: 0)
        let proxy = self.proxy
        proxy.loop.submit { proxy.drain(milliseconds: milliseconds) { done.signal() } }
        return done.wait(timeout: .now() + 10) == .success
    }

    func stop() { self.proxy.loop.stop() }
}
