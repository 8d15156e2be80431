import DataPlane
import DataPlaneTestSupport
import Foundation
import MeshDNS
import MeshModel
import TunnelEngine

@testable import ZTunnel

/// A process that serves many workloads: workers, roster, control loop and state, without a control plane.
final class TestHost: @unchecked Sendable {
    let control: TestLoop
    let roster: WorkloadRoster
    let own: ServedWorkload
    let log = TestLog()
    private let workers: [Worker]

    init(_ variables: [String: String], mesh: MeshSnapshot = MeshSnapshot()) throws {
        var environment = ["BOOTSTRAP_TOKEN": "secret-marker", "ISTIO_META_DNS_CAPTURE": "false"]
        environment.merge(variables) { $1 }
        self.control = try TestLoop()
        var workers: [Worker] = []
        for index in 1...2 {
            let worker = Worker(loop: try EventLoop(index: index))
            guard LoopThread.start(worker.loop) else { throw TestLoop.NotStarted() }
            workers.append(worker)
        }
        self.workers = workers
        self.roster = WorkloadRoster(workers: workers)
        let context = MeshContext(
            configuration: try Configuration(environment: environment),
            state: MeshState(mesh),
            log: self.log.log
        )
        self.own = ServedWorkload(
            key: "",
            mesh: context,
            local: try TestMesh.local("host", IPAddress(v4: 0x7f00_0001)),
            nameServers: ResolverConfiguration(servers: [])
        )
    }

    deinit { for worker in self.workers { worker.loop.stop() } }
}
