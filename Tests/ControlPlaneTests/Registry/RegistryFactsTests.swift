import ControlPlane
import ECSDiscovery
import MeshCompile
import MeshConfig
import MeshModel
import MeshProtos
import MeshXDS
import Testing

@Suite("Observations of ECS with what is declared")
struct RegistryFactsTests {
    private struct Unexpected: Error {}

    private func workload(_ compiler: RegistryCompiler, _ number: Int) throws -> IstioWorkload.Workload {
        let name = "ecs-prod/ecs.amazonaws.com/Task/shop/\(TestObservations.taskID(number))"
        let resource = try #require(compiler.resources[name])
        guard case .workload(let workload) = try IstioWorkload.Address(decoding: resource.bytes).kind else {
            throw Unexpected()
        }
        return workload
    }

    private func service(_ compiler: RegistryCompiler, _ name: String) throws -> IstioWorkload.Service {
        let resource = try #require(compiler.resources[name])
        guard case .service(let service) = try IstioWorkload.Address(decoding: resource.bytes).kind else {
            throw Unexpected()
        }
        return service
    }

    private func resource(
        _ spec: Declared.Spec,
        _ name: String,
        in namespace: String = "shop",
        labels: [String: String] = [:]
    ) -> DeclaredResource {
        DeclaredResource(
            apiVersion: "",
            metadata: ResourceMetadata(name: name, namespace: namespace, labels: labels),
            spec: spec,
            origin: ResourceOrigin(file: "-", line: 1)
        )
    }

    private func deny(_ labels: [String: String]) -> DeclaredResource {
        let policy = Declared.AuthorizationPolicy(
            selector: .init(matchLabels: labels),
            action: .deny,
            rules: [.init()]
        )
        return self.resource(.authorizationPolicy(policy), "deny")
    }

    @Test func policiesSelectTasksByServiceNameAndByTags() throws {
        let orders = TestObservations.service("orders")
        var tagged = TestObservations.task(2, of: orders)
        tagged.tags = ["team": "red", "aws:ecs:serviceName": "orders", "tulle/weight": "3"]
        let snapshot = TestObservations.snapshot([orders], [TestObservations.task(1, of: orders), tagged])
        var compiler = TestObservations.compiler()
        let change = compiler.compile([snapshot], resources: [self.deny(["app": "orders"])])
        #expect(change.policies.changed.map(\.name) == ["shop/deny"])
        #expect(try self.workload(compiler, 1).authorizationPolicies == ["shop/deny"])
        #expect(try self.workload(compiler, 2).authorizationPolicies == ["shop/deny"])
        let narrowed = compiler.compile([snapshot], resources: [self.deny(["app": "orders", "team": "red"])])
        #expect(narrowed.addresses.changed.count == 1)
        #expect(try self.workload(compiler, 1).authorizationPolicies == [])
        #expect(compiler.compile([snapshot]).isEmpty, "without a word, what was declared stays")
        for tag in ["aws:ecs:serviceName", "tulle/weight"] {
            _ = compiler.compile([snapshot], resources: [self.deny([tag: tagged.tags[tag] ?? ""])])
            #expect(try self.workload(compiler, 2).authorizationPolicies == [], "\(tag) is no label")
        }
        #expect(compiler.compile([snapshot], resources: []).policies.removed == ["shop/deny"])
        #expect(compiler.policies.isEmpty)
    }

    @Test func tagsOfATaskSayWhereItIsAndHowMuchItTakes() throws {
        let orders = TestObservations.service("orders")
        var task = TestObservations.task(1, of: orders)
        task.settings.network = "vpc-2"
        task.settings.locality = "eu-west-1/eu-west-1b/rack"
        task.settings.weight = 7
        var compiler = TestObservations.compiler()
        _ = compiler.compile([TestObservations.snapshot([orders], [task])])
        let workload = try self.workload(compiler, 1)
        #expect(workload.network == "vpc-2")
        #expect(workload.locality?.zone == "eu-west-1b")
        #expect(workload.locality?.subzone == "rack")
        #expect(workload.capacity?.value == 7)
    }

    @Test(
        arguments: [
            (nil, nil, false), (true, nil, true), (nil, true, true), (false, true, true), (true, false, false),
        ] as [(Bool?, Bool?, Bool)]
    )
    func aTagRefusesPlainConnections(_ ofService: Bool?, _ ofTask: Bool?, _ isStrict: Bool) throws {
        var orders = TestObservations.service("orders")
        orders.settings.isStrict = ofService
        var task = TestObservations.task(1, of: orders)
        task.settings.isStrict = ofTask
        var compiler = TestObservations.compiler()
        _ = compiler.compile([TestObservations.snapshot([orders], [task])])
        let strict = ["tulle-system/istio_converted_static_strict"]
        #expect(try self.workload(compiler, 1).authorizationPolicies == (isStrict ? strict : []))
        #expect(compiler.policies.keys.sorted() == (isStrict ? strict : []))
    }

    @Test func aServiceNamesItsWaypointByTag() throws {
        var orders = TestObservations.service("orders")
        orders.settings.waypoint = "edge"
        let edge = TestObservations.service("edge")
        var instance = TestObservations.task(9, of: edge)
        instance.isEnrolled = false
        let gateway = self.resource(.gateway(.init(gatewayClassName: "tulle-waypoint")), "edge")
        var compiler = TestObservations.compiler()
        let snapshot = TestObservations.snapshot([orders, edge], [TestObservations.task(1, of: orders), instance])
        _ = compiler.compile([snapshot], resources: [gateway])
        let waypoint = try self.service(compiler, "shop/orders.shop.mesh.internal").waypoint
        #expect(
            waypoint?.destination
                == .hostname(
                    .with {
                        $0.namespace = "shop"
                        $0.hostname = "edge.shop.mesh.internal"
                    }
                )
        )
        #expect(waypoint?.hboneMTLSPort == 15_008)
        #expect(try self.workload(compiler, 9).nativeTunnel)
        #expect(try self.service(compiler, "shop/edge.shop.mesh.internal").waypoint == nil)
        #expect(compiler.findings.contains { $0.code == .waypointUnbound } == false)
        #expect(compiler.statuses[gateway.key]?.map(\.isTrue) == [true, true])
    }

    @Test(arguments: [("edge", "shop"), ("bank/edge", "bank")])
    func aWaypointThatIsNotThereIsReportedAndNotGoneRound(_ tag: String, _ namespace: String) throws {
        var orders = TestObservations.service("orders")
        orders.settings.waypoint = tag
        var compiler = TestObservations.compiler()
        _ = compiler.compile([TestObservations.snapshot([orders], [])])
        let waypoint = try self.service(compiler, "shop/orders.shop.mesh.internal").waypoint
        #expect(
            waypoint?.destination
                == .hostname(
                    .with {
                        $0.namespace = namespace
                        $0.hostname = "edge.\(namespace).mesh.internal"
                    }
                )
        )
        #expect(compiler.findings.map(\.code) == [.waypointUnbound])
    }

    @Test func entriesSelectTasksByTheNamesOfTheirPorts() throws {
        let orders = TestObservations.service("orders")
        let entry = Declared.ServiceEntry(
            hosts: ["api.example"],
            ports: [.init(number: 443, name: "http")],
            resolution: .static,
            workloadSelector: .init(matchLabels: ["app": "orders"])
        )
        var compiler = TestObservations.compiler()
        _ = compiler.compile(
            [TestObservations.snapshot([orders], [TestObservations.task(1, of: orders)])],
            resources: [self.resource(.serviceEntry(entry), "api")]
        )
        #expect(try self.workload(compiler, 1).services["shop/api.example"]?.ports.first?.targetPort == 8080)
        #expect(compiler.services.count == 1, "entries are no services of ECS")
        #expect(compiler.allocator.allocations.count == 2)
    }

    @Test func anAddressThatSomebodyChoseIsAvoided() throws {
        let orders = TestObservations.service("orders")
        var compiler = TestObservations.compiler()
        _ = compiler.compile([TestObservations.snapshot([orders], [])])
        let before = try #require(compiler.services.values.first?.address)
        let entry = Declared.ServiceEntry(hosts: ["a.example"], addresses: ["\(before)"], resolution: .static)
        _ = compiler.compile(
            [TestObservations.snapshot([orders], [])],
            resources: [self.resource(.serviceEntry(entry), "a")]
        )
        let after = try #require(compiler.services.values.first?.address)
        #expect(after != before)
        #expect(after.bytes.prefix(2) == [240, 240])
        _ = compiler.compile([TestObservations.snapshot([orders], [])], resources: [])
        #expect(compiler.services.values.first?.address == after, "it stays")
    }
}
