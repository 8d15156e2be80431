import CertificateAuthority
import ControlPlane
import ECSDiscovery
import MeshCompile
import MeshModel
import MeshProtos
import MeshXDS
import Testing

@Suite struct RegistryCompilerTests {
    private func message(_ compiler: RegistryCompiler, _ name: String) throws -> IstioWorkload.Address.Kind {
        let resource = try #require(compiler.resources[name])
        return try #require(try IstioWorkload.Address(decoding: resource.bytes).kind)
    }

    private func workload(_ compiler: RegistryCompiler, _ number: Int, namespace: String = "shop") throws
        -> IstioWorkload.Workload
    {
        let name = "ecs-prod/ecs.amazonaws.com/Task/\(namespace)/\(TestObservations.taskID(number))"
        guard case .workload(let workload) = try self.message(compiler, name) else {
            throw Unexpected()
        }
        return workload
    }

    private func service(_ compiler: RegistryCompiler, _ name: String) throws -> IstioWorkload.Service {
        guard case .service(let service) = try self.message(compiler, name) else { throw Unexpected() }
        return service
    }

    private struct Unexpected: Error {}

    private func binding(_ role: String, _ namespace: String, _ account: String) throws -> RoleBinding {
        RoleBinding(
            role: try #require(RoleName(arn: "arn:aws:iam::111122223333:role/\(role)")),
            namespace: namespace,
            serviceAccount: account
        )
    }

    @Test func aServiceHasItsNamesPortsAndAVirtualAddress() throws {
        var compiler = TestObservations.compiler()
        let orders = TestObservations.service("orders")
        _ = compiler.compile([TestObservations.snapshot([orders], [])])
        let service = try self.service(compiler, "shop/orders.shop.mesh.internal")
        #expect(service.name == "orders")
        #expect(service.namespace == "shop")
        #expect(service.hostname == "orders.shop.mesh.internal")
        #expect(service.addresses.count == 1)
        #expect(service.addresses.first?.address.prefix(2) == [240, 240])
        #expect(
            service.ports == [
                .with {
                    $0.servicePort = 80
                    $0.targetPort = 8080
                    $0.appProtocol = .http11
                }
            ]
        )
        #expect(service.loadBalancing?.mode == .failover)
        #expect(service.loadBalancing?.routingPreference == [.network, .region, .zone])
        #expect(service.isCanonical)
        #expect(service.ipFamilies == .ipv4Only)
        let resource = try #require(compiler.resources["shop/orders.shop.mesh.internal"])
        #expect(resource.aliases.count == 2)
        #expect(resource.aliases.first?.hasPrefix("/240.240.") == true)
        #expect(resource.aliases.last == "shop/orders.shop")
    }

    @Test func whereBothFamiliesAreAskedForAServiceIsFoundByEither() throws {
        var allocator = VIPAllocator()
        allocator.givesBoth = true
        var compiler = RegistryCompiler(settings: TestObservations.settings(), addresses: allocator)
        let orders = TestObservations.service("orders")
        _ = compiler.compile([TestObservations.snapshot([orders], [])])
        let service = try self.service(compiler, "shop/orders.shop.mesh.internal")
        #expect(service.addresses.map(\.address.count) == [4, 16])
        #expect(service.addresses.last?.address.prefix(6) == [0x20, 0x01, 0, 0x02, 0, 0])
        #expect(service.ipFamilies == .dual)
        let aliases = try #require(compiler.resources["shop/orders.shop.mesh.internal"]?.aliases)
        #expect(aliases.count == 3)
        #expect(aliases[1].hasPrefix("/2001:2:0:"))
        #expect(compiler.services.values.first?.address?.isV4 == true, "private zones have the one of IPv4")
    }

    @Test func anEnrolledTaskIsAWorkloadWithHBONE() throws {
        let orders = TestObservations.service("orders")
        var compiler = TestObservations.compiler(bindings: [try self.binding("orders", "shop", "orders")])
        _ = compiler.compile([TestObservations.snapshot([orders], [TestObservations.task(34, of: orders)])])
        let workload = try self.workload(compiler, 34)
        #expect(workload.uid == "ecs-prod/ecs.amazonaws.com/Task/shop/\(TestObservations.taskID(34))")
        #expect(workload.name == TestObservations.taskID(34))
        #expect(workload.addresses == [[10, 0, 12, 34]])
        #expect(workload.tunnelProtocol == .hbone)
        #expect(workload.serviceAccount == "orders")
        #expect(workload.trustDomain.isEmpty, "cluster.local is left out")
        #expect(workload.node == "fargate/\(TestObservations.taskID(34))")
        #expect(workload.canonicalName == "orders")
        #expect(workload.canonicalRevision == "42")
        #expect(workload.workloadType == .pod)
        #expect(workload.status == .healthy)
        #expect(workload.clusterID == "ecs-prod")
        #expect(workload.locality?.region == "us-east-1")
        #expect(workload.locality?.zone == "us-east-1a")
        #expect(
            workload.services["shop/orders.shop.mesh.internal"]?.ports == [
                .with {
                    $0.servicePort = 80
                    $0.targetPort = 8080
                    $0.appProtocol = .http11
                }
            ]
        )
        #expect(workload.authorizationPolicies.isEmpty)
    }

    @Test func oneChangedTaskIsOneChangedResource() throws {
        var services: [ObservedService] = []
        var tasks: [ObservedTask] = []
        for number in 0..<50 {
            let service = TestObservations.service("service-\(number)")
            services.append(service)
            for task in 0..<4 { tasks.append(TestObservations.task(number * 4 + task, of: service)) }
        }
        var compiler = TestObservations.compiler()
        let first = compiler.compile([TestObservations.snapshot(services, tasks)])
        #expect(first.addresses.changed.count == 250)
        #expect(compiler.encodings == 250)
        #expect(compiler.compile([TestObservations.snapshot(services, tasks)]).isEmpty)
        #expect(compiler.encodings == 250, "nothing changed, nothing is encoded")

        tasks[17].health = .unhealthy
        let second = compiler.compile([TestObservations.snapshot(services, tasks)])
        #expect(
            second.addresses.changed.map(\.name) == [
                "ecs-prod/ecs.amazonaws.com/Task/shop/\(TestObservations.taskID(17))"
            ]
        )
        #expect(second.addresses.removed.isEmpty)
        #expect(compiler.encodings == 251)

        let gone = tasks.remove(at: 17)
        let third = compiler.compile([TestObservations.snapshot(services, tasks)])
        #expect(third.addresses.changed.isEmpty)
        #expect(third.addresses.removed == ["ecs-prod/ecs.amazonaws.com/Task/shop/\(gone.id)"])
        #expect(compiler.encodings == 251)
    }

    @Test func whatDataPlanesDoNotSeeIsNoChange() throws {
        let orders = TestObservations.service("orders")
        var task = TestObservations.task(1, of: orders)
        var compiler = TestObservations.compiler()
        _ = compiler.compile([TestObservations.snapshot([orders], [task])])
        task.version = 9
        task.startedAt = 5
        #expect(compiler.compile([TestObservations.snapshot([orders], [task])]).isEmpty)
    }

    @Test func theSameMeshGivesTheSameBytesWhateverTheOrder() throws {
        let services = (0..<10).map { TestObservations.service("s\($0)") }
        let tasks = services.enumerated().map { TestObservations.task($0.offset, of: $0.element) }
        var one = TestObservations.compiler()
        var other = TestObservations.compiler()
        _ = one.compile([TestObservations.snapshot(services, tasks)])
        for count in 1...10 {
            _ = other.compile([TestObservations.snapshot(services.suffix(count), tasks.suffix(count))])
        }
        #expect(one.resources == other.resources)
    }

    static let statuses: [(String, String, ObservedTask.Health, Bool)] = [
        ("RUNNING", "RUNNING", .healthy, true), ("RUNNING", "RUNNING", .unknown, true),
        ("RUNNING", "RUNNING", .unhealthy, false), ("RUNNING", "STOPPED", .healthy, false),
        ("PENDING", "RUNNING", .unknown, false), ("DEACTIVATING", "STOPPED", .healthy, false),
    ]

    @Test(arguments: statuses)
    func aTaskThatIsNotReadyIsSentAsUnhealthy(
        _ last: String,
        _ desired: String,
        _ health: ObservedTask.Health,
        _ isHealthy: Bool
    ) throws {
        let orders = TestObservations.service("orders")
        var task = TestObservations.task(1, of: orders)
        task.lastStatus = last
        task.desiredStatus = desired
        task.health = health
        var compiler = TestObservations.compiler()
        _ = compiler.compile([TestObservations.snapshot([orders], [task])])
        #expect(try self.workload(compiler, 1).status == (isHealthy ? .healthy : .unhealthy))
    }

    @Test func aTaskWithoutZtunnelIsPlain() throws {
        let orders = TestObservations.service("orders")
        var task = TestObservations.task(1, of: orders)
        task.isEnrolled = false
        var compiler = TestObservations.compiler()
        _ = compiler.compile([TestObservations.snapshot([orders], [task])])
        #expect(try self.workload(compiler, 1).tunnelProtocol == IstioWorkload.TunnelProtocol.none)
    }

    @Test func aTaskWithoutAnAddressOfItsOwnIsLeftOut() throws {
        let orders = TestObservations.service("orders")
        var task = TestObservations.task(1, of: orders)
        var compiler = TestObservations.compiler()
        _ = compiler.compile([TestObservations.snapshot([orders], [task])])
        task.addresses = []
        let change = compiler.compile([TestObservations.snapshot([orders], [task])])
        #expect(change.addresses.removed.count == 1)
        #expect(compiler.resources.count == 1)
    }

    @Test func theBindingOfItsRoleSaysWhoATaskIs() throws {
        let orders = TestObservations.service("orders")
        var task = TestObservations.task(1, of: orders)
        task.settings.serviceAccount = "admin"
        let bindings = [try self.binding("orders", "bank", "clerk"), try self.binding("orders", "bank", "admin")]
        var compiler = TestObservations.compiler(bindings: bindings)
        _ = compiler.compile([TestObservations.snapshot([orders], [task])])
        #expect(try self.workload(compiler, 1, namespace: "bank").serviceAccount == "admin")
        #expect(compiler.findings.isEmpty)
    }

    @Test func anEnrolledTaskWithoutABindingIsReported() throws {
        let orders = TestObservations.service("orders")
        var compiler = TestObservations.compiler()
        _ = compiler.compile([TestObservations.snapshot([orders], [TestObservations.task(1, of: orders)])])
        #expect(compiler.findings.map(\.code) == [.bindingMissing])
        #expect(try self.workload(compiler, 1).serviceAccount.isEmpty, "default is left out")
    }

    @Test func aTaskOfAnOlderRevisionServesItsOwnPort() throws {
        let orders = TestObservations.service("orders")
        var task = TestObservations.task(1, of: orders)
        task.ports = [ObservedPort(name: "http", port: 80, targetPort: 9090, application: .http, source: .tag)]
        var other = TestObservations.task(2, of: orders)
        other.ports = [ObservedPort(name: "x", port: 81, targetPort: 81, application: .tcp, source: .tag)]
        var compiler = TestObservations.compiler()
        _ = compiler.compile([TestObservations.snapshot([orders], [task, other])])
        #expect(try self.workload(compiler, 1).services.values.first?.ports.first?.targetPort == 9090)
        #expect(try self.workload(compiler, 2).services.values.first?.ports.isEmpty == true)
    }

    @Test func servicesOfOneNameAreOneService() throws {
        var one = TestObservations.service("orders")
        var two = TestObservations.service("orders", port: 81)
        two.arn = "arn:aws:ecs:us-east-1:111122223333:service/c2/orders"
        one.isEnrolled = true
        var compiler = TestObservations.compiler()
        _ = compiler.compile([
            TestObservations.snapshot(
                [one, two],
                [TestObservations.task(1, of: one), TestObservations.task(2, of: two)]
            )
        ])
        #expect(compiler.services.count == 1)
        #expect(compiler.findings.contains { $0.code == .portsConflict })
        #expect(try self.workload(compiler, 2).services.keys.first == "shop/orders.shop.mesh.internal")
    }

    @Test func aTagCannotCatchCallsToAnotherNamespacesServiceThatIsLate() throws {
        var orders = TestObservations.service("orders")
        orders.settings.hostnames = ["vault.bank", "vault.shop", "vault.example"]
        let ledger = TestObservations.service("ledger", namespace: "bank")
        var compiler = TestObservations.compiler()
        _ = compiler.compile([TestObservations.snapshot([orders, ledger], [])])
        #expect(
            Set(compiler.services.keys.map(\.hostname)) == [
                "orders.shop.mesh.internal", "ledger.bank.mesh.internal", "vault.shop", "vault.example",
            ]
        )
        #expect(compiler.findings.filter { $0.code == .tagUnusable }.map(\.subject) == [orders.arn])
    }

    @Test func aTagPutsNobodyAmongTheTasksOfANamespaceThatItsAccountMayNotUse() throws {
        let ledger = TestObservations.service("ledger", namespace: "bank")
        let bank = TestObservations.snapshot([ledger], [TestObservations.task(1, of: ledger)])
        let (place, cluster) = ("arn:aws:ecs:us-east-1:444455556666", "arn:aws:ecs:us-east-1:444455556666:cluster/c1")
        // Another account's service of the same name and tag, a task that claims the namespace by its own tag, and one of
        // its own namespace.
        var forged = ledger
        (forged.arn, forged.clusterARN, forged.account) = ("\(place):service/c1/ledger", cluster, "444455556666")
        var own = TestObservations.service("orders")
        (own.arn, own.clusterARN, own.account) = ("\(place):service/c1/orders", cluster, "444455556666")
        let tasks = [(2, forged, "bank"), (3, own, "bank"), (4, own, "shop")].map { number, service, namespace in
            var task = TestObservations.task(number, of: service)
            (task.arn, task.clusterARN, task.account) = ("\(place):task/c1/\(task.id)", cluster, "444455556666")
            task.settings.namespace = namespace
            return task
        }
        var shop = TestObservations.snapshot([forged, own], tasks)
        shop.clusters = [cluster: ClusterStatus(arn: cluster, name: "c1")]
        var compiler = TestObservations.compiler()
        _ = compiler.compile([bank, shop])
        #expect(compiler.services.values.first { $0.name == "ledger" }?.sources.count == 2)
        // Without a bound it is one of them.
        #expect(try self.workload(compiler, 2, namespace: "bank").services.count == 1)

        shop.namespaces = ["shop", "shop-*"].compactMap { NamespacePattern(parsing: $0) }
        let change = compiler.compile([bank, shop])
        #expect(compiler.services.values.first { $0.name == "ledger" }?.sources == [ledger.arn])
        #expect(change.addresses.removed.count == 2, "the forged endpoint, and the task with the forged tag")
        #expect(try self.workload(compiler, 1, namespace: "bank").services.count == 1)
        #expect(try self.workload(compiler, 4).services.keys.first == "shop/orders.shop.mesh.internal")
        let findings = compiler.findings.filter { $0.code == .namespaceNotAllowed }
        #expect(Set(findings.map(\.subject)) == [forged.arn, tasks[0].arn, tasks[1].arn])
        #expect(findings.allSatisfy { $0.detail.contains("bank") && $0.detail.contains("shop, shop-*") })
    }

    @Test func aTagGivesFurtherNamesButTakesNoneAway() throws {
        var orders = TestObservations.service("orders")
        orders.settings.hostnames = [
            "orders.example.com", "cart.shop.mesh.internal", "cart.shop", "vault.bank.mesh.internal",
        ]
        let cart = TestObservations.service("cart")
        var compiler = TestObservations.compiler()
        _ = compiler.compile([TestObservations.snapshot([orders, cart], [TestObservations.task(1, of: orders)])])
        #expect(
            Set(compiler.services.keys.map(\.description)) == [
                "shop/orders.shop.mesh.internal", "shop/cart.shop.mesh.internal", "shop/orders.example.com",
            ]
        )
        #expect(compiler.findings.filter { $0.code == .tagUnusable }.count == 3)
        #expect(try self.service(compiler, "shop/orders.example.com").isCanonical == false)
        #expect(
            Set(try self.workload(compiler, 1).services.keys) == [
                "shop/orders.shop.mesh.internal", "shop/orders.example.com",
            ]
        )
    }

    @Test(
        arguments: [
            ("tag", "shop", nil, "shop"), ("cluster tag", nil, "bank", "bank"), ("cluster name", nil, nil, "c1"),
        ] as [(String, String?, String?, String)]
    )
    func theNamespaceComesFromTagsOrTheCluster(
        _ name: String,
        _ tag: String?,
        _ clusterTag: String?,
        _ expected: String
    ) throws {
        var snapshot = TestObservations.snapshot([TestObservations.service("orders", namespace: tag)], [])
        snapshot.clusters[TestObservations.cluster]?.settings.namespace = clusterTag
        var compiler = TestObservations.compiler()
        _ = compiler.compile([snapshot])
        #expect(compiler.services.keys.map(\.namespace) == [expected])
    }

    @Test func namesThatDNSCannotHoldAreMadeFitOrReported() throws {
        var compiler = TestObservations.compiler()
        _ = compiler.compile([
            TestObservations.snapshot([TestObservations.service("My_Orders"), TestObservations.service("___")], [])
        ])
        #expect(compiler.services.keys.map(\.description) == ["shop/my-orders.shop.mesh.internal"])
        #expect(compiler.findings.contains { $0.code == .nameUnusable })
    }

    @Test func versionsAreHashesOfTheContent() throws {
        var compiler = TestObservations.compiler()
        _ = compiler.compile([TestObservations.snapshot([TestObservations.service("orders")], [])])
        let resource = try #require(compiler.resources.values.first)
        #expect(resource.version == ContentHash.version(of: resource.bytes))
    }
}
