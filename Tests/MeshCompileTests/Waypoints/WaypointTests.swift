import MeshConfig
import MeshModel
import MeshProtos
import MeshXDS
import Testing

@testable import MeshCompile

@Suite("Waypoints")
struct WaypointTests {
    private let use = ["istio.io/use-waypoint": "waypoint"]
    private let service = "shop/orders.shop.mesh.internal"
    private let bypass = Declare.mesh { $0.unreadyWaypoint = .bypass }

    /// The waypoint of the service and of the workload.
    private func pair(_ mesh: TestMesh) throws -> [String?] {
        [
            TestMesh.name(try mesh.service(self.service).waypoint), TestMesh.name(try mesh.workload("t1").waypoint),
        ]
    }

    private func add(_ mesh: inout TestMesh, labels: [String: String] = [:]) {
        mesh.add(Facts.service { $0.labels = labels })
        mesh.add(Facts.task(1) { $0.labels.merge(labels) { $1 } })
    }

    @Test(
        "38: service, workload, all or none go through it",
        arguments: [
            (nil, true, false), ("service", true, false), ("workload", false, true), ("all", true, true),
            ("none", false, false), ("nonsense", false, false),
        ] as [(String?, Bool, Bool)]
    )
    func audience(_ audience: String?, _ forServices: Bool, _ forWorkloads: Bool) throws {
        for isLabelOfObject in [false, true] {
            var mesh = TestMesh(
                Declare.namespace("shop", isLabelOfObject ? [:] : self.use),
                Declare.waypoint(audience: audience)
            )
            self.add(&mesh, labels: isLabelOfObject ? self.use : [:])
            let name = "shop/waypoint.example"
            #expect(try self.pair(mesh) == [forServices ? name : nil, forWorkloads ? name : nil])
            // One that is inherited and is none of theirs is no news for workloads.
            let reported = mesh.compiler.findings.map(\.subject)
            #expect(reported.contains(self.service) == !forServices)
            #expect(reported.contains("t1") == (isLabelOfObject && !forWorkloads))
            #expect(mesh.compiler.findings.allSatisfy { $0.detail.contains("UnsupportedTrafficType") })
        }
    }

    @Test("39: with bypass it is attached only while it has an address, and users follow a new one")
    func readinessWithBypass() throws {
        let empty = Declare.waypoint(audience: "all", addresses: [])
        var mesh = TestMesh(Declare.namespace("shop", self.use), empty, self.bypass)
        self.add(&mesh)
        #expect(try self.pair(mesh) == [nil, nil])
        #expect(mesh.condition(.programmed, of: empty)?.reason == "AddressNotAssigned")
        let ready = mesh.declare(Declare.waypoint(audience: "all", addresses: [.ip("10.0.0.200")]))
        #expect(try self.pair(mesh) == ["/10.0.0.200", "/10.0.0.200"])
        #expect(ready.addresses.changed.map(\.name) == [self.service, "t1"])
        #expect(mesh.condition(.programmed, of: empty)?.isTrue == true)
        mesh.declare(Declare.waypoint(audience: "all", addresses: [.ip("10.0.0.201")]))
        #expect(try self.pair(mesh) == ["/10.0.0.201", "/10.0.0.201"])
        mesh.declare(empty)
        #expect(try self.pair(mesh) == [nil, nil])
    }

    @Test("39, 43: without bypass what is bound to one that is not there, or not yet, is not gone round")
    func readinessWithRefuse() throws {
        let name = "shop/waypoint.shop.mesh.internal"
        var mesh = TestMesh(Declare.namespace("shop", self.use))
        self.add(&mesh)
        // Whether one that does not exist takes workloads is not known; the usual one does not.
        #expect(try self.pair(mesh) == [name, nil])
        #expect(mesh.compiler.findings.map(\.subject) == [self.service])
        #expect(mesh.compiler.findings.first?.detail.hasPrefix("WaypointIsNotReady") == true)
        self.add(&mesh, labels: self.use)
        #expect(try self.pair(mesh) == [name, name])
        mesh.declare(Declare.waypoint(audience: "all", addresses: []))
        #expect(try self.pair(mesh) == [name, name])
        mesh.declare(Declare.waypoint(audience: "all"))
        #expect(try self.pair(mesh) == ["shop/waypoint.example", "shop/waypoint.example"])
        #expect(mesh.compiler.findings.isEmpty)
    }

    @Test("39: its own service with a workload is its address")
    func ownService() throws {
        let waypoint = Declare.waypoint(audience: "all", addresses: [])
        var mesh = TestMesh(Declare.namespace("shop", self.use), waypoint, self.bypass)
        self.add(&mesh)
        mesh.add(Facts.service("waypoint"))
        #expect(try self.pair(mesh) == [nil, nil])
        mesh.add(Facts.task(9, of: "waypoint") { $0.tunnel = .none })
        #expect(try self.pair(mesh).map { $0 ?? "" } == Array(repeating: "shop/waypoint.shop.mesh.internal", count: 2))
        #expect(mesh.condition(.programmed, of: waypoint)?.isTrue == true)
        mesh.apply(MeshDelta(removedWorkloads: ["t9"]))
        #expect(try self.pair(mesh) == [nil, nil])
    }

    @Test("40: a host name is better than an address")
    func addressKinds() throws {
        let addresses: [([Declared.Gateway.Address], String)] = [
            ([.ip("10.0.0.2")], "vpc/10.0.0.2"), ([.hostname("w.example")], "shop/w.example"),
            ([.ip("10.0.0.2"), .hostname("w.example")], "shop/w.example"),
            ([.ip("bad"), .ip("10.0.0.3")], "vpc/10.0.0.3"),
        ]
        for (list, expected) in addresses {
            var mesh = TestMesh { settings, _ in settings.network = "vpc" }
            mesh.declare(Declare.namespace("shop", self.use), Declare.waypoint(addresses: list))
            self.add(&mesh)
            #expect(TestMesh.name(try mesh.service(self.service).waypoint) == expected)
        }
    }

    @Test("41: labels of the object come before the namespace's; none opts out; one of another namespace")
    func precedence() throws {
        let everyone = [
            Declared.Gateway.Listener(name: "mesh", port: 15008, protocol: "HBONE", allowedNamespaces: .all)
        ]
        let base = [
            Declare.namespace("shop", self.use),
            Declare.waypoint(audience: "all"),
            Declare.waypoint("second", audience: "all", addresses: [.hostname("second.example")]),
            Declare.waypoint(
                "far",
                in: "attic",
                audience: "all",
                addresses: [.hostname("far.example")],
                listeners: everyone
            ),
        ]
        let rows: [([String: String], String?)] = [
            ([:], "shop/waypoint.example"), (["istio.io/use-waypoint": "second"], "shop/second.example"),
            (["istio.io/use-waypoint": "none"], nil), (["istio.io/use-waypoint": ""], "shop/waypoint.example"),
            (
                ["istio.io/use-waypoint": "far", "istio.io/use-waypoint-namespace": "attic"],
                "attic/far.example"
            ),
        ]
        for (labels, expected) in rows {
            var mesh = TestMesh()
            mesh.declare(base)
            self.add(&mesh, labels: labels)
            mesh.declare(
                Declare.machine("10.0.1.1", labels: labels),
                Declare.entry(["a.example"], labels: labels) { $0.endpoints = [.init(address: "192.0.2.1")] }
            )
            #expect(try self.pair(mesh) == [expected, expected])
            let machine = try mesh.workload("ecs-prod/networking.istio.io/WorkloadEntry/shop/vm")
            #expect(TestMesh.name(machine.waypoint) == expected)
            #expect(TestMesh.name(try mesh.service("shop/a.example").waypoint) == expected)
            let endpoint = try mesh.workload("ecs-prod/networking.istio.io/ServiceEntry/shop/entry/192.0.2.1")
            #expect(TestMesh.name(endpoint.waypoint) == expected)
        }
    }

    @Test("41: an owner's own word comes before labels")
    func ownWord() throws {
        var mesh = TestMesh(
            Declare.namespace("shop", self.use),
            Declare.waypoint(),
            Declare.waypoint("second", addresses: [.hostname("second.example")])
        )
        mesh.add(Facts.service { $0.waypoint = .gateway(namespace: nil, name: "second") })
        #expect(TestMesh.name(try mesh.service(self.service).waypoint) == "shop/second.example")
        mesh.add(Facts.service { $0.waypoint = WaypointChoice.none })
        #expect(try mesh.service(self.service).waypoint == nil)
    }

    private typealias Listener = Declared.Gateway.Listener

    @Test("42: which namespaces may be bound")
    func allowedRoutes() throws {
        let selector = Declared.Gateway.RouteNamespaces.selector(.init(matchLabels: ["team": "red"]))
        func hbone(_ allowed: Declared.Gateway.RouteNamespaces) -> Listener {
            Listener(name: "mesh", port: 15008, protocol: "HBONE", allowedNamespaces: allowed)
        }
        func proxy(_ port: UInt16, _ allowed: Declared.Gateway.RouteNamespaces) -> Listener {
            Listener(name: "p", port: port, protocol: "istio.io/PROXY", allowedNamespaces: allowed)
        }
        let rows: [(listeners: [Listener], binding: String?, isAllowed: Bool)] = [
            ([hbone(.same)], nil, false), ([hbone(.all)], nil, true), ([hbone(selector)], nil, true), ([], nil, false),
            ([Listener(name: "x", port: 15008, protocol: "TLS", allowedNamespaces: .all)], nil, true),
            ([Listener(name: "x", port: 80, protocol: "HTTP", allowedNamespaces: .all)], nil, false),
            ([hbone(.same), proxy(15088, .all)], "PROXY/15088", true),
            ([hbone(.all), proxy(15088, .same)], "PROXY/15088", false),
            ([hbone(.same), proxy(0, .all)], "PROXY", true),
        ]
        for row in rows {
            let waypoint = Declare.waypoint(in: "attic", binding: row.binding, listeners: row.listeners)
            var mesh = TestMesh(
                Declare.namespace("shop", self.use.merging(["istio.io/use-waypoint-namespace": "attic"]) { $1 }),
                waypoint
            )
            mesh.declare(
                Declare.namespace(
                    "shop",
                    ["istio.io/use-waypoint": "waypoint", "istio.io/use-waypoint-namespace": "attic", "team": "red"]
                )
            )
            mesh.add(Facts.service())
            let bound = try mesh.service(self.service).waypoint != nil
            #expect(bound == row.isAllowed, "\(row)")
            #expect(mesh.compiler.findings.map { $0.detail.hasPrefix("AttachmentDenied") } == (bound ? [] : [true]))
        }
    }

    @Test("43: conditions say why, and objects without a waypoint have none")
    func conditions() {
        let entry = Declare.entry(["a.example"], labels: self.use)
        let machine = Declare.machine("10.0.1.1", labels: self.use)
        var mesh = TestMesh(entry, machine)
        #expect(mesh.condition(.waypointBound, of: entry)?.reason == "WaypointIsNotReady")
        #expect(mesh.condition(.waypointBound, of: entry)?.message.contains("refused") == true)
        mesh.declare(self.bypass)
        #expect(mesh.condition(.waypointBound, of: entry)?.message.contains("round it") == true)
        mesh.declare(Declare.waypoint())
        #expect(mesh.condition(.waypointBound, of: entry)?.reason == "WaypointAccepted")
        #expect(mesh.condition(.waypointBound, of: entry)?.message.contains("shop/waypoint") == true)
        #expect(mesh.condition(.waypointBound, of: machine)?.reason == "UnsupportedTrafficType")
        mesh.declare(Declare.entry(["a.example"]), Declare.machine("10.0.1.1"))
        #expect(mesh.condition(.waypointBound, of: entry) == nil)
        #expect(mesh.compiler.statuses[machine.key] == nil)
    }

    @Test("43: a wildcard that only a waypoint can resolve says that it has none")
    func wildcard() {
        let plain = Declare.entry(["*.example"]) { $0.resolution = .dynamicDNS }
        var mesh = TestMesh(plain, Declare.waypoint())
        #expect(mesh.condition(.waypointMissing, of: plain)?.reason == "NoWaypointForWildcardService")
        mesh.declare(Declare.entry(["*.example"], labels: self.use) { $0.resolution = .dynamicDNS })
        #expect(mesh.condition(.waypointMissing, of: plain) == nil)
    }

    @Test("45: the services of waypoints have no waypoint")
    func generatedServices() throws {
        var mesh = TestMesh(Declare.namespace("shop", self.use), Declare.waypoint())
        mesh.add(
            Facts.service("waypoint"),
            Facts.service("other") { $0.labels = ["gateway.istio.io/managed": "istio.io-eastwest-controller"] },
            Facts.service()
        )
        #expect(try mesh.service("shop/waypoint.shop.mesh.internal").waypoint == nil)
        #expect(try mesh.service("shop/other.shop.mesh.internal").waypoint == nil)
        #expect(try mesh.service(self.service).waypoint != nil)
        mesh.remove(Declare.waypoint())
        #expect(try mesh.service("shop/waypoint.shop.mesh.internal").waypoint != nil, "an ordinary service now")
    }
}
