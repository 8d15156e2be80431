import MeshConfig
import MeshModel
import MeshProtos
import MeshXDS
import Testing

@testable import MeshCompile

@Suite("ServiceEntries")
struct ServiceEntryTests {
    private func endpoint(_ place: String, _ entry: String = "entry") -> String {
        "ecs-prod/networking.istio.io/ServiceEntry/shop/\(entry)/\(place)"
    }

    @Test("7: a selector picks tasks of its namespace, and the names of their ports count")
    func selectsTasks() throws {
        let entry = Declare.entry(["api.example"]) {
            $0.workloadSelector = .init(matchLabels: ["app": "orders"])
            $0.ports = [
                .init(number: 80, name: "web", protocol: "HTTP", targetPort: 8000),
                .init(number: 81, name: "admin"),
            ]
        }
        var mesh = TestMesh(entry)
        mesh.add(
            Facts.task(1) { $0.portsByName = ["web": 8888] },
            Facts.task(2),
            Facts.task(3, of: "cart"),
            Facts.task(4, in: "attic")
        )
        #expect(TestMesh.ports(try mesh.workload("t1").services["shop/api.example"]?.ports) == ["80>8888", "81>81"])
        #expect(TestMesh.ports(try mesh.workload("t2").services["shop/api.example"]?.ports) == ["80>8000", "81>81"])
        #expect(try mesh.workload("t3").services.count == 1)
        #expect(try mesh.workload("t4").services.count == 1)
        #expect(try mesh.workload("t1").services.count == 2)
        let change = mesh.remove(entry)
        #expect(change.addresses.changed.map(\.name) == ["t1", "t2"])
        #expect(change.addresses.removed == ["shop/api.example"])
    }

    @Test("7: other names of the entry's ports are found on tasks")
    func renamedPort() throws {
        func entry(_ port: String) -> DeclaredResource {
            Declare.entry(["api.example"]) {
                $0.workloadSelector = .init(matchLabels: ["app": "orders"])
                $0.ports = [.init(number: 80, name: port)]
            }
        }
        var mesh = TestMesh(entry("a"))
        mesh.add(Facts.task(1) { $0.portsByName = ["b": 9] })
        #expect(TestMesh.ports(try mesh.workload("t1").services["shop/api.example"]?.ports) == ["80>80"])
        mesh.declare(entry("b"))
        #expect(TestMesh.ports(try mesh.workload("t1").services["shop/api.example"]?.ports) == ["80>9"])
    }

    @Test("21: endpoints written in place: addresses, host names, their own fields, the entry's labels for policies")
    func inlineEndpoints() throws {
        let mesh = TestMesh(
            Declare.entry(["db.example", "db2.example"], labels: ["app": "db"]) {
                $0.endpoints = [
                    .init(address: "192.0.2.1", ports: ["https": 8443], serviceAccount: "db"),
                    .init(address: "db.internal", labels: ["app": "x"], locality: "eu-west-1/b", weight: 2),
                    .init(address: "unix:/run/db"), .init(address: "192.0.2.1", serviceAccount: "second"),
                ]
            },
            Declare.policy(.deny, [.init()], selector: ["app": "db"], name: "entry"),
            Declare.policy(.deny, [.init()], selector: ["app": "x"], name: "endpoint")
        )
        let first = try mesh.workload(self.endpoint("192.0.2.1"))
        #expect(first.addresses == [[192, 0, 2, 1]])
        #expect(first.serviceAccount == "db")
        #expect(first.status == .healthy)
        #expect(first.authorizationPolicies == ["shop/entry"])
        #expect(first.services.keys.sorted() == ["shop/db.example", "shop/db2.example"])
        #expect(TestMesh.ports(first.services["shop/db.example"]?.ports) == ["443>8443"])
        let second = try mesh.workload(self.endpoint("db.internal"))
        #expect(second.hostname == "db.internal")
        #expect(second.capacity?.value == 2)
        #expect(second.locality?.zone == "b")
        #expect(second.authorizationPolicies == ["shop/entry"])
        #expect(second.canonicalName == "x")
        #expect(mesh.compiler.addressResources.count == 4)
    }

    @Test(
        "21: without endpoints each host is resolved by its own workload",
        arguments: [
            Declared.ServiceEntry.Resolution.dns, .dnsRoundRobin, .dynamicDNS,
        ]
    )
    func implicit(_ resolution: Declared.ServiceEntry.Resolution) throws {
        let mesh = TestMesh(Declare.entry(["a.example", "b.example"]) { $0.resolution = resolution })
        let workload = try mesh.workload(self.endpoint("a.example"))
        #expect(workload.hostname == "a.example")
        #expect(workload.addresses.isEmpty)
        #expect(workload.services.keys.sorted() == ["shop/a.example"])
        #expect(workload.tunnelProtocol == IstioWorkload.TunnelProtocol.none)
        #expect(try mesh.workload(self.endpoint("b.example")).services.keys.sorted() == ["shop/b.example"])
    }

    @Test("21: with a selector, or resolved statically, there is no such workload")
    func notImplicit() {
        let without = TestMesh(Declare.entry(["a.example"]))
        #expect(without.compiler.addressResources.keys.sorted() == ["shop/a.example"])
        let selecting = TestMesh(
            Declare.entry(["a.example"]) {
                $0.resolution = .dns
                $0.workloadSelector = .init(matchLabels: ["a": "b"])
            }
        )
        #expect(selecting.compiler.addressResources.keys.sorted() == ["shop/a.example"])
    }

    @Test("27: several hosts; blocks lose their host bits, /32 is an address, IPv6")
    func addresses() throws {
        let mesh = TestMesh(
            Declare.entry(["a.example", "*.b.example"]) {
                $0.addresses = ["192.0.2.77/24", "192.0.2.1/32", "198.51.100.1", "2001:db8::5/64", "nonsense"]
                $0.subjectAltNames = ["spiffe://a/ns/b/sa/c"]
            }
        )
        let service = try mesh.service("shop/a.example")
        #expect(
            TestMesh.addresses(service) == ["192.0.2.0/24", "192.0.2.1", "198.51.100.1", "2001:db8::/64"]
        )
        #expect(service.ipFamilies == .dual)
        #expect(service.subjectAltNames == ["spiffe://a/ns/b/sa/c"])
        #expect(service.name == "entry")
        #expect(service.ports.map(\.appProtocol) == [.tls])
        #expect(
            mesh.compiler.addressResources["shop/*.b.example"]?.aliases == [
                "/192.0.2.0/24", "/192.0.2.1", "/198.51.100.1", "/2001:db8::/64",
            ]
        )
    }

    private typealias Row = (
        host: String, resolution: Declared.ServiceEntry.Resolution, addresses: [String], labels: [String: String],
        isAutomatic: Bool
    )

    @Test("28: who gets an address of ours")
    func automatic() throws {
        let optOut = ["networking.istio.io/enable-autoallocate-ip": "false"]
        let rows: [Row] = [
            ("a.example", .static, [], [:], true), ("a.example", .dns, [], [:], true),
            ("a.example", .none, [], [:], false), ("a.example", .dns, ["192.0.2.1"], [:], false),
            ("a.example", .dns, [], optOut, false), ("*.example", .dns, [], [:], false),
            ("*.example", .static, [], [:], false), ("*.example", .dynamicDNS, [], [:], true),
        ]
        for row in rows {
            var mesh = TestMesh { _, addresses in addresses.isDualStack = true }
            mesh.declare(
                Declare.entry([row.host], labels: row.labels) {
                    $0.resolution = row.resolution
                    $0.addresses = row.addresses
                }
            )
            let service = try mesh.service("shop/\(row.host)")
            let expected = row.isAutomatic ? ["240.240.0.1", "2001:2::1"] : row.addresses
            #expect(TestMesh.addresses(service) == expected, "\(row)")
        }
    }

    @Test("28: each host has its own, and who opts out gives it back")
    func optOutLater() throws {
        var mesh = TestMesh(Declare.entry(["a.example", "b.example"]))
        #expect(TestMesh.addresses(try mesh.service("shop/a.example")) == ["240.240.0.1"])
        #expect(TestMesh.addresses(try mesh.service("shop/b.example")) == ["240.240.0.2"])
        mesh.declare(Declare.entry(["a.example"]) { $0.addresses = ["192.0.2.1"] })
        #expect(TestMesh.addresses(try mesh.service("shop/a.example")) == ["192.0.2.1"])
        #expect(mesh.compiler.addresses.released.sorted() == ["shop/a.example", "shop/b.example"])
    }

    @Test("28: an address that somebody chose is taken from who has it by chance")
    func chosenAddress() throws {
        var mesh = TestMesh(Declare.entry(["a.example"]))
        let chosen = Declare.entry(["b.example"], name: "other") { $0.addresses = ["240.240.0.1"] }
        let change = mesh.declare(chosen)
        #expect(TestMesh.addresses(try mesh.service("shop/a.example")) == ["240.240.0.2"])
        #expect(change.addresses.changed.map(\.name) == ["shop/a.example", "shop/b.example"])
        mesh.declare(Declare.entry(["c.example"], name: "third"))
        #expect(TestMesh.addresses(try mesh.service("shop/c.example")) == ["240.240.0.3"])
    }

    @Test("resolution NONE keeps the destination, whatever the health")
    func passthrough() throws {
        let mesh = TestMesh(Declare.entry(["a.example"]) { $0.resolution = .none })
        let balancing = try #require(try mesh.service("shop/a.example").loadBalancing)
        #expect(balancing.mode == .passthrough)
        #expect(balancing.healthPolicy == .allowAll)
        #expect(balancing.routingPreference.isEmpty)
    }

    @Test("25: an entry's annotation counts, the platform's default does not")
    func distribution() throws {
        let key = "networking.istio.io/traffic-distribution"
        var mesh = TestMesh(Declare.entry(["a.example"]))
        #expect(try mesh.service("shop/a.example").loadBalancing == nil)
        mesh.declare(Declare.entry(["a.example"], annotations: [key: "PreferClose"]))
        #expect(try mesh.service("shop/a.example").loadBalancing?.routingPreference == [.network, .region, .zone])
    }

    private let protocols: [(Declared.ServiceEntry.Port, IstioWorkload.AppProtocol)] = [
        (.init(number: 1, name: "x", protocol: "HTTP"), .http11),
        (.init(number: 1, name: "x", protocol: "GRPC"), .grpc),
        (.init(number: 1, name: "x", protocol: "HTTP2"), .http2), (.init(number: 1, name: "x", protocol: "TCP"), .tcp),
        (.init(number: 1, name: "x", protocol: "HTTPS"), .tls), (.init(number: 1, name: "x"), .unknown),
        (.init(number: 1, name: "http-web"), .http11), (.init(number: 1, name: "grpc"), .grpc),
    ]

    @Test("what is spoken on a port comes from its protocol, else from its name")
    func applicationProtocols() throws {
        for (port, expected) in self.protocols {
            let mesh = TestMesh(Declare.entry(["a.example"]) { $0.ports = [port] })
            #expect(try mesh.service("shop/a.example").ports.map(\.appProtocol) == [expected], "\(port)")
        }
    }
}
