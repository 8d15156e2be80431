import DataPlane
import DataPlaneTestSupport
import Foundation
import Glibc
import MeshModel
import Testing
import TunnelEngine

@testable import ZTunnel

/// Two workers and the workloads on them.
@Suite(.serialized)
struct WorkloadRosterTests {
    private static let address = IPAddress(v4: 0x7f4d_0009)
    private let roster: WorkloadRoster
    private let workers: [Worker]
    private let workload: ServedWorkload

    init() throws {
        var workers: [Worker] = []
        for index in 1...2 {
            let worker = Worker(loop: try EventLoop(index: index))
            #expect(LoopThread.start(worker.loop))
            workers.append(worker)
        }
        self.workers = workers
        self.roster = WorkloadRoster(workers: workers)
        self.workload = try TestMesh.served("echo", Self.address, state: MeshState())
    }

    private func add() throws -> Result<Void, WorkloadRoster.Refusal> {
        let done = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var result: Result<Void, WorkloadRoster.Refusal>?
        self.roster.add(self.workload) {
            result = $0
            done.signal()
        }
        try #require(done.wait(timeout: .now() + 10) == .success)
        return try #require(result)
    }

    private func remove() throws {
        let done = DispatchSemaphore(value: 0)
        self.roster.remove("", milliseconds: 0) { done.signal() }
        try #require(done.wait(timeout: .now() + 10) == .success)
    }

    @Test("a workload that is added listens on all workers, and no more once it is removed")
    func comesAndGoes() throws {
        guard case .success = try self.add() else { throw CancellationError() }
        #expect(self.roster.workloads.count == 1)
        #expect(TestSocket.connect(Self.address, MeshPorts.outbound) != nil)
        try self.remove()
        #expect(self.roster.workloads.isEmpty)
        #expect(TestSocket.connect(Self.address, MeshPorts.outbound) == nil)
    }

    @Test("a second workload of the same key is refused, and the first stays")
    func refusesTwins() throws {
        guard case .success = try self.add() else { throw CancellationError() }
        guard case .failure(.known("")) = try self.add() else { throw CancellationError() }
        #expect(TestSocket.connect(Self.address, MeshPorts.outbound) != nil)
        try self.remove()
    }

    @Test("a port that is taken is named, and no listener stays open")
    func closesAllWhenOneFails() throws {
        let port = TestSocket.serve(Self.address, port: MeshPorts.inboundTunnel) { _ in }
        try #require(port != nil)
        guard case .failure(.listen(let failure)) = try self.add() else { throw CancellationError() }
        #expect(failure.address == SocketAddress(ip: Self.address, port: MeshPorts.inboundTunnel))
        #expect(self.roster.workloads.isEmpty)
        #expect(TestSocket.connect(Self.address, MeshPorts.outbound) == nil)
    }
}
