import MeshConfig
import MeshModel
import MeshProtos
import MeshXDS
import Testing

@testable import MeshCompile

@Suite("A change costs work for itself, whatever the size of the mesh", .serialized)
struct IncrementTests {
    /// Namespaces of ten services with ten tasks each, in each a waypoint that has nobody, an entry and a policy.
    private static func mesh(namespaces: Int) -> TestMesh {
        var mesh = TestMesh()
        var delta = MeshDelta()
        for space in 0..<namespaces {
            let namespace = "n\(space)"
            for service in 0..<10 {
                delta.services.append(Facts.service("s\(service)", in: namespace))
                for task in 0..<10 {
                    let number = UInt32(space * 100 + service * 10 + task + 1)
                    delta.workloads.append(Facts.task(number, of: "s\(service)", in: namespace))
                }
            }
            delta.resources += [
                Declare.waypoint("waypoint", in: namespace, audience: "all"),
                Declare.entry(["api.\(namespace)"], in: namespace) {
                    $0.workloadSelector = .init(matchLabels: ["app": "s9"])
                },
                Declare.policy(.deny, [], selector: ["app": "s8"], in: namespace),
            ]
        }
        mesh.apply(delta)
        return mesh
    }

    private struct Cost: Equatable, CustomStringConvertible {
        var encodings: Int
        var policyEncodings: Int
        var resolutions: Int
        var selections: Int
        var changed: Int

        init(_ before: CompilerCounts, _ after: CompilerCounts, _ change: CompiledChange) {
            self.encodings = after.encodings - before.encodings
            self.policyEncodings = after.policyEncodings - before.policyEncodings
            self.resolutions = after.resolutions - before.resolutions
            self.selections = after.selections - before.selections
            self.changed = change.addresses.changed.count + change.policies.changed.count
        }

        var description: String {
            "\(self.encodings) encodings, \(self.policyEncodings) of policies, \(self.resolutions) resolutions, "
                + "\(self.selections) selections, \(self.changed) changed"
        }
    }

    /// Changes of the namespace `n0`, and how many encodings, of policies, resolutions and selections each may cost.
    private static let changes: [(name: String, delta: MeshDelta, limits: [Int])] = [
        ("the same again", MeshDelta(workloads: [Facts.task(1, of: "s0", in: "n0")]), [0, 0, 0, 0]),
        ("a task", MeshDelta(workloads: [Facts.task(1, of: "s0", in: "n0") { $0.isHealthy = false }]), [1, 0, 1, 1]),
        ("a new task", MeshDelta(workloads: [Facts.task(99_999, of: "s0", in: "n0")]), [1, 0, 1, 1]),
        ("a task that goes", MeshDelta(removedWorkloads: ["t2"]), [0, 0, 1, 1]),
        ("a service", MeshDelta(services: [Facts.service("s0", in: "n0") { $0.ports = [] }]), [1, 0, 1, 0]),
        (
            "a label of the namespace",
            MeshDelta(resources: [Declare.namespace("n0", ["istio.io/use-waypoint": "waypoint"])]), [111, 0, 111, 10]
        ),
        (
            "the address of its waypoint",
            MeshDelta(resources: [
                Declare.waypoint("waypoint", in: "n0", audience: "all", addresses: [.hostname("other.example")])
            ]), [111, 0, 111, 0]
        ),
        (
            "a label that nobody reads", MeshDelta(resources: [Declare.namespace("n0", ["team": "red"])]),
            [111, 0, 111, 10]
        ),
        (
            "a label that means the same",
            MeshDelta(resources: [Declare.namespace("n0", ["team": "blue"])]), [0, 0, 111, 10]
        ),
        (
            "the rules of a policy",
            MeshDelta(resources: [Declare.policy(.deny, [.init()], selector: ["app": "s8"], in: "n0")]), [0, 1, 0, 0]
        ),
        (
            "the selector of a policy",
            MeshDelta(resources: [Declare.policy(.deny, [.init()], selector: ["app": "s7"], in: "n0")]), [20, 1, 20, 0]
        ),
        (
            "a policy without selector", MeshDelta(resources: [Declare.policy(.deny, [], in: "n0", name: "x")]),
            [0, 1, 0, 0]
        ),
        (
            "a policy of the root that selects one workload",
            MeshDelta(resources: [Declare.policy(.deny, [], selector: ["only": "me"], in: Declare.root)]), [0, 1, 0, 0]
        ),
        (
            "a PeerAuthentication that selects",
            MeshDelta(resources: [Declare.peer(.strict, selector: ["app": "s3"], in: "n0")]), [10, 1, 10, 0]
        ),
        (
            "a PeerAuthentication of the namespace",
            MeshDelta(resources: [Declare.peer(.strict, in: "n0", name: "all")]), [100, 0, 100, 0]
        ),
        (
            "the ports of a ServiceEntry",
            MeshDelta(resources: [
                Declare.entry(["api.n0"], in: "n0") {
                    $0.workloadSelector = .init(matchLabels: ["app": "s9"])
                    $0.ports = [.init(number: 80, name: "http")]
                }
            ]), [11, 0, 11, 10]
        ),
        ("a WorkloadEntry", MeshDelta(resources: [Declare.machine("10.0.1.1", in: "n0")]), [1, 0, 1, 1]),
    ]

    private static func costs(_ mesh: inout TestMesh) -> [(name: String, cost: Cost, limits: [Int])] {
        Self.changes.map { name, delta, limits in
            let before = mesh.compiler.counts
            let change = mesh.apply(delta)
            return (name, Cost(before, mesh.compiler.counts, change), limits)
        }
    }

    @Test("by numbers, in a mesh of 10,000 workloads and in one of 200")
    func counted() throws {
        var large = Self.mesh(namespaces: 100)
        #expect(large.compiler.counts.encodings == 100 * 111, "each workload and service once")
        #expect(large.compiler.counts.policyEncodings == 100)
        var small = Self.mesh(namespaces: 2)
        let costs = Self.costs(&large)
        for (name, cost, limits) in costs {
            let numbers = [cost.encodings, cost.policyEncodings, cost.resolutions, cost.selections]
            #expect(zip(numbers, limits).allSatisfy { $0 <= $1 }, "\(name): \(cost), allowed \(limits)")
            #expect(cost.changed <= cost.encodings + cost.policyEncodings, "\(name): \(cost)")
        }
        for (one, other) in zip(costs, Self.costs(&small)) {
            #expect(one.cost == other.cost, "\(one.name): in 10,000 workloads \(one.cost), in 200 \(other.cost)")
        }
    }

    @Test("a task that changes back and forth is one resource each time, also from the whole input")
    func wholeInput() throws {
        let services = (0..<20).map { Facts.service("s\($0)") }
        var tasks = (0..<200).map { Facts.task(UInt32($0 + 1), of: "s\($0 % 20)") }
        var mesh = TestMesh()
        #expect(mesh.compiler.compile(MeshInput(workloads: tasks, services: services)).addresses.changed.count == 220)
        for round in 0..<4 {
            tasks[17].isHealthy.toggle()
            let before = mesh.compiler.counts.encodings
            let change = mesh.compiler.compile(MeshInput(workloads: tasks, services: services))
            #expect(change.addresses.changed.map(\.name) == ["t18"], "round \(round)")
            #expect(mesh.compiler.counts.encodings == before + 1)
        }
        #expect(mesh.compiler.compile(MeshInput(workloads: tasks, services: services)).isEmpty)
        let empty = mesh.compiler.compile(MeshInput())
        #expect(empty.addresses.removed.count == 220)
        #expect(mesh.compiler.isEmpty)
    }
}
