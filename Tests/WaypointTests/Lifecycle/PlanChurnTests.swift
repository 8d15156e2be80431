import DataPlane
import DataPlaneTestSupport
import HTTPRouting
import MeshModel
import MeshProtos
import Testing

@testable import Waypoint

@Suite("Plans of a mesh that changes all the time", .serialized)
struct PlanChurnTests {
    private static let services = 2_000

    private static func name(_ number: Int) -> String { "s\(number).demo.mesh.internal" }

    private static func key(_ number: Int) -> NamespacedHostname {
        NamespacedHostname(namespace: "demo", hostname: Self.name(number))
    }

    /// One whole cluster and `subsets` more.
    private static func resource(_ number: Int, subsets: Int, requests: UInt32) -> TulleL7.ServiceRoutes {
        .with { resource in
            resource.namespace = "demo"
            resource.hostname = Self.name(number)
            for subset in 0...subsets {
                resource.clusters.append(
                    .with {
                        $0.name = "outbound|80|\(subset == 0 ? "" : "v\(subset)")|\(Self.name(number))"
                        $0.namespace = "demo"
                        $0.hostname = Self.name(number)
                        $0.subset = subset == 0 ? "" : "v\(subset)"
                        $0.port = 80
                    }
                )
            }
            resource.rateLimits = [
                .with {
                    $0.name = "demo/limit"
                    $0.requests = requests
                }
            ]
        }
    }

    private static func settings(_ trust: String) -> TulleL7.WaypointSettings {
        .with {
            $0.namespace = "demo"
            $0.name = "waypoint"
            $0.trustDomains = [trust]
            $0.servesServices = true
        }
    }

    /// A mesh with that many endpoints of each of the first services.
    private func mesh(_ endpoints: Int, of services: Int) throws -> MeshSnapshot {
        var change = MeshChange()
        for number in 0..<services {
            change.services.append(TestMesh.service("s\(number)", vip: "240.241.0.\(number + 1)", port: 8080))
            for index in 0..<endpoints {
                let ip = IPAddress(v4: 0x0a00_0000 | UInt32(number) << 8 | UInt32(index + 1))
                var workload = try TestMesh.workload("s\(number)", ip, port: 8080)
                workload.uid = "demo/s\(number)-\(index)"
                change.workloads.append(workload)
            }
        }
        return MeshSnapshot(change)
    }

    private func builder() throws -> PlanBuilder {
        let local = try TestMesh.local("waypoint", IPAddress(v4: 0x0a00_0001))
        let sinks = ReportSinks(exportsSpans: false, exportsRecords: false) { _ in }
        return PlanBuilder(local: local, sinks: sinks)
    }

    @Test(
        "thousands of services come, change and go, and each plan has what there is and no more",
        .timeLimit(.minutes(2))
    )
    func churn() throws {
        var builder = try self.builder()
        let local = try TestMesh.local("waypoint", IPAddress(v4: 0x0a00_0001))
        let meshes = try [1, 2].map { try self.mesh($0, of: 50) }
        let own = local.client(in: meshes[0])
        try builder.set(settings: Self.settings("cluster.local"), name: "demo/waypoint", now: 1)
        var expected: [NamespacedHostname: Int] = [:]
        var generator = SystemRandomNumberGenerator()
        for number in 0..<Self.services {
            let resource = Self.resource(number, subsets: number % 3, requests: 5)
            try builder.set(service: resource, name: "\(Self.key(number))", now: 1)
            expected[Self.key(number)] = number % 3 + 1
        }
        // What is changed in none of the turns keeps all that is known of its endpoints.
        let steady = Self.key(0)
        let first = builder.plan(mesh: meshes[0], own: own, now: 1)
        let state = try #require(first.services[steady]?.clusters.first?.state)
        for turn in 0..<20 {
            for _ in 0..<100 {
                let number = Int.random(in: 1..<Self.services, using: &generator)
                let key = Self.key(number)
                if Bool.random(using: &generator) {
                    let subsets = Int.random(in: 0...3, using: &generator)
                    let resource = Self.resource(number, subsets: subsets, requests: UInt32(turn + 6))
                    try builder.set(service: resource, name: "\(key)", now: UInt64(turn))
                    expected[key] = subsets + 1
                } else {
                    builder.removeService("\(key)")
                    expected[key] = nil
                }
            }
            if turn % 5 == 4 {
                // All depends on settings, and all is made anew.
                try builder.set(settings: Self.settings("turn\(turn).local"), name: "demo/waypoint", now: UInt64(turn))
            }
            let plan = builder.plan(mesh: meshes[turn % 2], own: own, now: UInt64(turn))
            #expect(plan.services.mapValues(\.clusters.count) == expected)
            #expect(plan.clusterStates.count == expected.values.reduce(0, +), "nothing is kept of what is gone")
            #expect(plan.services[steady]?.clusters.first?.state === state)
            #expect(state.statistics.total == turn % 2 + 1)
        }
        for number in 0..<Self.services { builder.removeService("\(Self.key(number))") }
        let last = builder.plan(mesh: meshes[0], own: own, now: 100)
        #expect(last.services.isEmpty)
        #expect(last.clusterStates.isEmpty)
        builder.removeSettings("demo/waypoint")
        #expect(!builder.plan(mesh: meshes[0], own: own, now: 100).isComplete)
    }

    @Test("a resource that is none is refused, and the last good one stays")
    func keepsGood() throws {
        var builder = try self.builder()
        try builder.set(settings: Self.settings("cluster.local"), name: "demo/waypoint", now: 1)
        try builder.set(service: Self.resource(1, subsets: 2, requests: 1), name: "\(Self.key(1))", now: 1)
        #expect(throws: PlanError.self) {
            try builder.set(service: Self.resource(2, subsets: 0, requests: 1), name: "\(Self.key(1))", now: 1)
        }
        let mesh = try self.mesh(1, of: 1)
        let local = try TestMesh.local("waypoint", IPAddress(v4: 0x0a00_0001))
        let plan = builder.plan(mesh: mesh, own: local.client(in: mesh), now: 1)
        #expect(plan.services.keys.map { $0 } == [Self.key(1)])
        #expect(plan.services[Self.key(1)]?.clusters.count == 3)
    }
}
