import Testing

@testable import MeshModel

@Suite struct MeshSnapshotTests {
    private static let vip = NetworkAddress(network: "", ip: Mesh.ip("240.240.0.1"))

    @Test("40: an address in several namespaces leads home, then to the canonical service")
    func aVIPInTwoNamespacesLeadsHomeThenToTheCanonicalService() {
        let home = Mesh.service("orders", namespace: "shop")
        let other = Mesh.service("orders", namespace: "attic")
        let canonical = Mesh.service("orders", namespace: "zoo") { $0.isCanonical = true }
        var mesh = Mesh.snapshot([], [home, other, canonical])
        #expect(mesh.service(vip: Self.vip, from: "shop") == home)
        #expect(mesh.service(vip: Self.vip, from: "elsewhere") == canonical)
        var change = MeshChange()
        change.removedAddresses = ["\(canonical.key)"]
        mesh.apply(change)
        #expect(mesh.service(vip: Self.vip, from: "elsewhere") == other)
        #expect(mesh.service(vip: Self.vip, from: "shop") == home)
    }

    @Test("41: services of one namespace are hidden from others")
    func servicesOfOneNamespaceAreHiddenFromOthers() {
        let hidden = Mesh.service { $0.visibility = .ownNamespace }
        let block = NetworkRange(network: "", base: Mesh.ip("240.240.0.0"), prefixLength: 16)
        let wide = Mesh.service("wide", nil, namespace: "attic") { $0.ranges = [block] }
        let mesh = Mesh.snapshot([], [hidden, wide])
        #expect(mesh.service(vip: Self.vip, from: "shop") == hidden)
        #expect(mesh.service(vip: Self.vip, from: "attic") == nil)
        #expect(mesh.service(host: "orders.shop", from: "attic") == nil)
        #expect(mesh.service(rangeContaining: Self.vip, from: "attic") == wide)
        guard case .service(let found)? = mesh.owner(of: Self.vip, from: "attic") else {
            Issue.record("an exact address that is hidden falls through to a block that is not")
            return
        }
        #expect(found == wide)
    }

    @Test func rangesAreRankedByNamespaceThenLength() {
        func service(_ name: String, _ base: String, _ length: Int, namespace: String = "shop") -> Service {
            Mesh.service(name, nil, namespace: namespace) {
                $0.ranges = [NetworkRange(network: "", base: Mesh.ip(base), prefixLength: length)]
            }
        }
        let narrow = service("narrow", "10.1.0.0", 16, namespace: "attic")
        let wide = service("wide", "10.0.0.0", 8)
        let six = service("six", "::", 0)
        var mesh = Mesh.snapshot([], [narrow, wide, six])
        let address = NetworkAddress(network: "", ip: Mesh.ip("10.1.2.3"))
        #expect(mesh.service(rangeContaining: address, from: "shop") == wide)
        #expect(mesh.service(rangeContaining: address, from: "attic") == narrow)
        #expect(mesh.service(rangeContaining: address, from: "zoo") == narrow)
        #expect(mesh.service(rangeContaining: NetworkAddress(network: "n2", ip: address.ip), from: "zoo") == nil)
        var change = MeshChange()
        change.removedAddresses = ["\(narrow.key)"]
        mesh.apply(change)
        #expect(mesh.service(rangeContaining: address, from: "zoo") == wide)
    }

    @Test("43: of several workloads with one address the pod wins in any order", arguments: [false, true])
    func overlappingAddresses(_ reversed: Bool) {
        let task = Mesh.workload("written", "10.0.0.1")
        var pod = Mesh.workload("pod", "10.0.0.1")
        pod.uid = "cluster//Pod/shop/pod"
        let address = NetworkAddress(network: "", ip: Mesh.ip("10.0.0.1"))
        var mesh = Mesh.snapshot(reversed ? [pod, task] : [task, pod])
        #expect(mesh.workload(at: address) == pod)
        var change = MeshChange()
        change.removedAddresses = [pod.uid]
        mesh.apply(change)
        #expect(mesh.workload(at: address) == task)
    }

    @Test("43: a task wins over a written entry, HBONE over none, a healthy one over one that ends")
    func preferences() {
        let address = NetworkAddress(network: "", ip: Mesh.ip("10.0.0.1"))
        func task(_ name: String, _ change: (inout Workload) -> Void = { _ in }) -> Workload {
            Mesh.workload(name, "10.0.0.1") {
                $0.uid = "c1/ecs.amazonaws.com/Task/shop/\(name)"
                change(&$0)
            }
        }
        let entry = Mesh.workload("entry", "10.0.0.1")
        let plainEntry = Mesh.workload("plain", "10.0.0.1") { $0.tunnel = .none }
        let ending = task("aaa") { $0.isHealthy = false }
        let fresh = task("bbb")
        let plainTask = task("ccc") { $0.tunnel = .none }
        let order = [fresh, ending, plainTask, entry, plainEntry]
        var mesh = Mesh.snapshot(Array(order.reversed()))
        for workload in order {
            #expect(mesh.workload(at: address) == workload)
            var change = MeshChange()
            change.removedAddresses = [workload.uid]
            mesh.apply(change)
        }
        #expect(mesh == MeshSnapshot())
    }

    @Test("94: endpoints may arrive before their service")
    func endpointsMayArriveBeforeTheirService() {
        var mesh = Mesh.snapshot([Mesh.endpoint("b", "10.0.0.2"), Mesh.endpoint("a", "10.0.0.1")])
        var change = MeshChange()
        change.services = [Mesh.service()]
        mesh.apply(change)
        #expect(mesh.endpoints(of: Mesh.orders).map(\.name) == ["a", "b"])
        // A service that goes and comes back finds them again.
        change.removedAddresses = ["\(Mesh.orders)"]
        mesh.apply(change)
        #expect(mesh.endpoints(of: Mesh.orders).count == 2)
    }

    @Test("94: an endpoint that falls ill is not chosen, and one that goes is none")
    func endpointHealth() {
        var echo = Mesh.endpoint("echo", "10.0.0.1")
        var mesh = Mesh.snapshot([echo], [Mesh.service()])
        func isServed() -> Bool {
            var random = SeededGenerator(state: 1)
            let shell = Mesh.workload("shell", "10.0.0.5")
            return !mesh.routeOutbound(host: "orders.shop", port: 80, from: shell, random: &random).routes.isEmpty
        }
        func apply(_ change: (inout MeshChange) -> Void) {
            var made = MeshChange()
            change(&made)
            mesh.apply(made)
        }
        #expect(isServed())
        echo.isHealthy = false
        apply { $0.workloads = [echo] }
        #expect(!isServed())
        echo.isHealthy = true
        apply { $0.workloads = [echo] }
        #expect(isServed())
        apply { $0.removedAddresses = [echo.uid] }
        #expect(!isServed())
        #expect(mesh.endpoints(of: Mesh.orders).isEmpty)
    }

    @Test("37: an endpoint whose workload is not known does not exist")
    func unknownEndpoints() {
        // Endpoints are what workloads say of themselves, so there is nothing else to hold.
        let mesh = Mesh.snapshot([], [Mesh.service()])
        #expect(mesh.endpoints(of: Mesh.orders).isEmpty)
    }

    @Test("a workload is found by its host name and namespace")
    func hostnames() {
        var database = Mesh.workload("db") { $0.hostname = "db.example.org" }
        var mesh = Mesh.snapshot([database, Mesh.workload("other")])
        let name = NamespacedHostname(namespace: "shop", hostname: "db.example.org")
        #expect(mesh.workload(named: name) == database)
        #expect(mesh.workload(named: NamespacedHostname(namespace: "attic", hostname: "db.example.org")) == nil)
        database.hostname = "db2.example.org"
        var change = MeshChange()
        change.workloads = [database]
        mesh.apply(change)
        #expect(mesh.workload(named: name) == nil)
    }

    @Test("95: an endpoint that is removed and added in one change is there")
    func removalsComeBeforeAdditions() {
        let echo = Mesh.endpoint("echo", "10.0.0.1")
        var mesh = Mesh.snapshot([echo])
        var change = MeshChange()
        change.removedAddresses = [echo.uid, "nobody", "no/body", "a/b/c"]
        change.workloads = [echo]
        mesh.apply(change)
        #expect(mesh == Mesh.snapshot([echo]))
    }

    @Test func holdersKeepTheirSnapshot() {
        let before = Mesh.snapshot([Mesh.endpoint("echo", "10.0.0.1")])
        var change = MeshChange()
        change.removedAddresses = ["ecs/Task/shop/echo"]
        let after = before.applying(change)
        #expect(before.workloadCount == 1)
        #expect(after == MeshSnapshot())
    }

    @Test("any sequence of changes ends where a fresh start ends", arguments: 0..<12)
    func incrementalEqualsRebuilt(_ seed: UInt64) {
        var random = SeededGenerator(state: seed)
        var mesh = MeshSnapshot()
        var workloads: [String: Workload] = [:]
        var services: [NamespacedHostname: Service] = [:]
        var policies: [String: AuthorizationPolicy] = [:]
        for _ in 0..<120 {
            var change = MeshChange()
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                switch Int.random(in: 0..<8, using: &random) {
                case 0, 1:
                    let workload = Self.randomWorkload(&random)
                    change.workloads.append(workload)
                case 2, 3: change.services.append(Self.randomService(&random))
                case 4: change.policies.append(Self.randomPolicy(&random))
                case 5: change.removedAddresses.append(Self.randomWorkload(&random).uid)
                case 6: change.removedAddresses.append("\(Self.randomService(&random).key)")
                default: change.removedPolicies.append(Self.randomPolicy(&random).key)
                }
            }
            for name in change.removedAddresses {
                workloads[name] = nil
                NamespacedHostname(parsing: name).map { services[$0] = nil }
            }
            for key in change.removedPolicies { policies[key] = nil }
            for workload in change.workloads { workloads[workload.uid] = workload }
            for service in change.services { services[service.key] = service }
            for policy in change.policies { policies[policy.key] = policy }
            mesh.apply(change)
            let rebuilt = Mesh.snapshot(Array(workloads.values), Array(services.values), Array(policies.values))
            #expect(mesh == rebuilt)
            #expect(mesh.workloadCount == workloads.count)
            #expect(mesh.serviceCount == services.count)
            #expect(mesh.policyCount == policies.count)
        }
    }

    private static func randomWorkload(_ random: inout SeededGenerator) -> Workload {
        let number = Int.random(in: 0..<12, using: &random)
        var workload = Mesh.workload("w\(number)")
        if number % 4 == 0 { workload.uid = "c//Pod/shop/w\(number)" }
        workload.tunnel = .random(in: &random)
        workload.usesHostNetwork = Int.random(in: 0..<5, using: &random) == 0
        workload.network = ["", "n2"].randomElement(using: &random) ?? ""
        workload.isHealthy = Bool.random(using: &random)
        workload.hostname = ["", "", "h1", "h2"].randomElement(using: &random) ?? ""
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            workload.addresses.append(IPAddress(v4: 0x0a00_0000 + UInt32.random(in: 0..<4, using: &random)))
        }
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            workload.services[Self.randomService(&random).key] = [ServicePort(port: 80, targetPort: 8080)]
        }
        return workload
    }

    private static func randomService(_ random: inout SeededGenerator) -> Service {
        let namespace = ["shop", "attic"].randomElement(using: &random) ?? ""
        return Mesh.service("s\(Int.random(in: 0..<4, using: &random))", nil, namespace: namespace) { service in
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                let ip = IPAddress(v4: 0xf0f0_0000 + UInt32.random(in: 0..<3, using: &random))
                service.vips.append(NetworkAddress(network: "", ip: ip))
            }
            if Bool.random(using: &random) {
                let length = Int.random(in: 0...32, using: &random)
                service.ranges = [NetworkRange(network: "", base: IPAddress(v4: 0), prefixLength: length)]
            }
            service.isCanonical = Bool.random(using: &random)
        }
    }

    private static func randomPolicy(_ random: inout SeededGenerator) -> AuthorizationPolicy {
        AuthorizationPolicy(
            name: "p\(Int.random(in: 0..<4, using: &random))",
            namespace: ["shop", "attic"].randomElement(using: &random) ?? "",
            scope: AuthorizationPolicy.Scope.allCases.randomElement(using: &random) ?? .mesh,
            action: .deny,
            rules: []
        )
    }
}

extension Workload.Tunnel {
    fileprivate static func random(in random: inout SeededGenerator) -> Self {
        Self.allCases.randomElement(using: &random) ?? .none
    }
}
