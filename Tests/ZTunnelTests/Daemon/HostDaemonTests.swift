import DataPlane
import DataPlaneTestSupport
import Foundation
import Glibc
import MeshModel
import Synchronization
import Testing
import TunnelEngine

@testable import ZTunnel

/// Tasks that a test tells of. Confined to the control loop but for ``doubts``.
private final class TestSource: TaskSource, @unchecked Sendable {
    private var onTasks: (([HostTask]) -> Void)?
    private let doubted = Mutex<[String]>([])
    var doubts: [String] { self.doubted.withLock { $0 } }

    func start(onTasks: @escaping ([HostTask]) -> Void, onFailure: @escaping (String) -> Void) {
        self.onTasks = onTasks
    }

    func doubt(_ taskID: String) { self.doubted.withLock { $0.append(taskID) } }
    func stop() { self.onTasks = nil }
    func tell(_ tasks: [HostTask]) { self.onTasks?(tasks) }
}

@Suite("Host daemon", .serialized, .enabled(if: HostNamespace.canFilter, "needs root and nft"))
struct HostDaemonTests {
    private let host: TestHost
    private let source = TestSource()
    private let daemon: HostDaemon
    private let identities = Identities()
    private let settled = Flag()
    private static let plan = RedirectPlan.daemon()

    private final class Flag: Sendable {
        private let value = Mutex(false)
        var isSet: Bool { self.value.withLock { $0 } }
        func set() { self.value.withLock { $0 = true } }
    }

    private final class Identities: Sendable {
        private let kept = Mutex<[String: String]>([:])
        var all: [String: String] { self.kept.withLock { $0 } }
        func keep(_ workload: ServedWorkload, _ endpoint: CredentialsEndpoint, _ region: AWSRegion) {
            self.kept.withLock { $0[workload.key] = "\(workload.local.identity.serviceAccount) by \(endpoint)" }
        }
        func forget(_ key: String) { self.kept.withLock { $0[key] = nil } }
    }

    init() throws {
        let host = try TestHost(["PROXY_MODE": "daemon"])
        self.host = host
        let (source, identities, settled) = (self.source, self.identities, self.settled)
        self.daemon = try host.control.sync {
            var settings = try DaemonSettings(environment: { _ in nil }, exists: { _ in true })
            settings.redirect = Self.plan
            settings.limits.retryMilliseconds = 200
            let daemon = HostDaemon(
                HostDaemon.Parts(
                    loop: host.control.loop,
                    own: host.own,
                    roster: host.roster,
                    source: source,
                    processes: HostProcesses(root: "/proc", limit: 65_536),
                    identities: TaskIdentities(
                        keep: { identities.keep($0, $1, $2) },
                        forget: { identities.forget($0) }
                    ),
                    lane: try BlockingLane(index: 8),
                    settings: settings
                )
            )
            daemon.start { settled.set() }
            return daemon
        }
    }

    private static func task(_ id: String, _ space: HostNamespace, name: String = "app") -> HostTask {
        HostTask(
            arn: "arn:aws:ecs:us-east-1:111122223333:task/demo/\(id)",
            containers: [
                HostTask.Container(
                    id: String(repeating: "a", count: 64),
                    name: name,
                    process: space.process,
                    credentialsPath: "/v2/credentials/\(id)"
                )
            ]
        )
    }

    /// A workload as tulled pushes it for a task.
    private static func workload(_ id: String, _ address: String, account: String = "echo") throws -> Workload {
        let ip = try #require(IPAddress(parsing: address))
        var workload = try TestMesh.workload(account, ip, port: 9_000)
        workload.uid = "c1/ecs.amazonaws.com/Task/demo/\(id)"
        workload.name = id
        return workload
    }

    private func tell(_ tasks: [HostTask]) throws {
        let source = self.source
        try self.host.control.sync { source.tell(tasks) }
    }

    /// Changes the mesh's state, as the control plane does.
    private func push(_ change: XDSChange) throws {
        let (state, daemon) = (self.host.own.mesh.state, self.daemon)
        nonisolated(unsafe) let part = daemon
        try self.host.control.sync {
            try change.apply(to: state)
            part.stateChanged()
        }
    }

    private func push(_ workloads: Workload...) throws { try self.push(XDSChange(workloads: workloads)) }

    private func isCaptured(_ space: HostNamespace) throws -> Bool {
        try RedirectTable(namespace: space.namespace).find(Self.plan) != .absent
    }

    private func serves(_ space: HostNamespace) throws -> Bool {
        let hasRules = try self.isCaptured(space)
        return hasRules && HostNamespace.listens(MeshPorts.inboundTunnel, in: space.namespace)
            && HostNamespace.listens(MeshPorts.outbound, in: space.namespace)
    }

    @Test("a task is served in its own namespace, rules and all, with the identity that the mesh gives it")
    func serves() throws {
        let space = try HostNamespace(address: "10.99.0.5")
        try self.push(Self.workload("t1", "10.99.0.5"))
        try self.tell([Self.task("t1", space)])
        #expect(try eventually { try self.serves(space) })
        #expect(eventually { self.settled.isSet })
        #expect(self.identities.all == ["t1": "echo by http://169.254.170.2/v2/credentials/t1"])
        let served = try #require(self.host.roster.workload("t1"))
        #expect(served.local.addresses == [IPAddress(parsing: "10.99.0.5")])
        #expect(served.scope.mark == SocketScope.meshMark)
    }

    @Test("a task that the mesh does not know is left alone until it does")
    func unknown() throws {
        let space = try HostNamespace(address: "10.99.0.5")
        try self.push(Self.workload("other", "10.99.0.5"))
        try self.tell([Self.task("t1", space)])
        #expect(eventually { self.settled.isSet })
        #expect(try !self.isCaptured(space))
        #expect(self.host.roster.workloads.isEmpty)
        // The address's last holder is forgotten.
        try self.push(XDSChange(removed: ["c1/ecs.amazonaws.com/Task/demo/other"]))
        try self.push(Self.workload("t1", "10.99.0.5"))
        #expect(try eventually { try self.serves(space) })
    }

    @Test("a task whose network gets its address only after it was found is served then")
    func lateAddress() throws {
        let space = try HostNamespace()
        try self.push(Self.workload("t1", "10.99.0.5"))
        try self.tell([Self.task("t1", space)])
        #expect(self.host.roster.workloads.isEmpty)
        let add = ["addr", "add", "10.99.0.5/32", "dev", "lo"]
        #expect(try ChildProgram(path: "/usr/sbin/ip").run(add, in: space.namespace).status == 0)
        try self.tell([Self.task("t1", space)])
        #expect(try eventually { try self.serves(space) })
    }

    @Test(
        "a task that brings its own ztunnel, is not enrolled, or has only its pause container yet, is left alone",
        arguments: ["ztunnel", "app", "~internal~ecs~pause"]
    )
    func notOurs(container: String) throws {
        let space = try HostNamespace(address: "10.99.0.5")
        var workload = try Self.workload("t1", "10.99.0.5")
        if container == "app" { workload.tunnel = .none }
        try self.push(workload)
        try self.tell([Self.task("t1", space, name: container)])
        #expect(eventually { self.settled.isSet })
        #expect(self.host.roster.workloads.isEmpty)
        #expect(try !self.isCaptured(space))
    }

    @Test("the host's own network is never captured")
    func hostNetwork() throws {
        var task = Self.task("t1", try HostNamespace(address: "10.99.0.5"))
        task.containers[0].process = getpid()
        try self.push(Self.workload("t1", "127.0.0.1"))
        try self.tell([task])
        #expect(eventually { self.settled.isSet })
        #expect(self.host.roster.workloads.isEmpty)
    }

    @Test("tasks come and go without disturbing others")
    func comesAndGoes() throws {
        let (one, two) = (try HostNamespace(address: "10.99.0.5"), try HostNamespace(address: "10.99.0.6"))
        try self.push(Self.workload("t1", "10.99.0.5"), Self.workload("t2", "10.99.0.6", account: "shell"))
        try self.tell([Self.task("t1", one), Self.task("t2", two)])
        #expect(try eventually { try self.serves(one) && self.serves(two) })
        let kept = self.host.roster.workload("t2")
        try self.tell([Self.task("t2", two)])
        #expect(eventually { self.host.roster.workload("t1") == nil })
        #expect(eventually { !HostNamespace.listens(MeshPorts.outbound, in: one.namespace) })
        // Its namespace goes with it; as long as it is there nothing goes around the mesh.
        #expect(try self.isCaptured(one))
        #expect(self.host.roster.workload("t2") === kept)
        #expect(try self.serves(two))
        #expect(self.identities.all.keys.sorted() == ["t2"])
    }

    @Test("a task that leaves the mesh while it runs is released, rules first")
    func leaves() throws {
        let space = try HostNamespace(address: "10.99.0.5")
        var workload = try Self.workload("t1", "10.99.0.5")
        try self.push(workload)
        try self.tell([Self.task("t1", space)])
        #expect(try eventually { try self.serves(space) })
        workload.tunnel = .none
        try self.push(workload)
        #expect(try eventually { try !self.isCaptured(space) })
        #expect(eventually { self.host.roster.workloads.isEmpty })
    }

    @Test("a task whose workload vanishes from the mesh stays served")
    func failStatic() throws {
        let space = try HostNamespace(address: "10.99.0.5")
        try self.push(Self.workload("t1", "10.99.0.5"))
        try self.tell([Self.task("t1", space)])
        #expect(try eventually { try self.serves(space) })
        try self.push(XDSChange(removed: ["c1/ecs.amazonaws.com/Task/demo/t1"]))
        try self.tell([Self.task("t1", space)])
        #expect(self.host.own.mesh.state.snapshot.workloadCount == 0)
        #expect(try self.serves(space))
    }

    @Test("a task that gets another identity is served with that one, and never without rules")
    func renamed() throws {
        let space = try HostNamespace(address: "10.99.0.5")
        try self.push(Self.workload("t1", "10.99.0.5"))
        try self.tell([Self.task("t1", space)])
        #expect(try eventually { try self.serves(space) })
        try self.push(Self.workload("t1", "10.99.0.5", account: "shell"))
        #expect(
            eventually { self.host.roster.workload("t1")?.local.identity.serviceAccount == "shell" }
        )
        #expect(try self.isCaptured(space))
        #expect(eventually { self.identities.all == ["t1": "shell by http://169.254.170.2/v2/credentials/t1"] })
    }

    @Test("a task whose port is taken waits without rules, and is served once the port is free")
    func retries() throws {
        let space = try HostNamespace(address: "10.99.0.5")
        let descriptor = try space.namespace.run {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = MeshPorts.outbound.bigEndian
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            listen(descriptor, 1)
            return descriptor
        }
        try self.push(Self.workload("t1", "10.99.0.5"))
        try self.tell([Self.task("t1", space)])
        #expect(eventually { self.source.doubts.contains("t1") })
        #expect(eventually { self.settled.isSet })
        #expect(try !self.isCaptured(space))
        close(descriptor)
        #expect(try eventually { try self.serves(space) })
    }

    @Test("a daemon that ends leaves the rules in place")
    func ends() throws {
        let space = try HostNamespace(address: "10.99.0.5")
        try self.push(Self.workload("t1", "10.99.0.5"))
        try self.tell([Self.task("t1", space)])
        #expect(try eventually { try self.serves(space) })
        nonisolated(unsafe) let daemon = self.daemon
        try self.host.control.sync { daemon.stop() }
        let done = DispatchSemaphore(value: 0)
        self.host.roster.removeAll(milliseconds: 0) { done.signal() }
        #expect(done.wait(timeout: .now() + 10) == .success)
        #expect(try self.isCaptured(space))
        #expect(!HostNamespace.listens(MeshPorts.outbound, in: space.namespace))
    }
}
