import MeshConfig
import MeshModel
import MeshProtos
import MeshXDS
import Testing

@testable import MeshCompile

@Suite("Services of the platform")
struct ServiceTests {
    private let name = "shop/orders.shop.mesh.internal"

    @Test("24: a service has its names, its ports and a virtual address")
    func fields() throws {
        var mesh = TestMesh { settings, _ in settings.network = "vpc-1" }
        mesh.add(
            Facts.service {
                $0.aliases = ["orders.shop"]
                $0.ports.append(ServicePort(port: 81, targetPort: 0, appProtocol: .grpc))
            }
        )
        let service = try mesh.service(self.name)
        #expect(service.name == "orders")
        #expect(service.hostname == "orders.shop.mesh.internal")
        #expect(service.isCanonical)
        #expect(service.visibility == .everywhere)
        #expect(TestMesh.ports(service.ports) == ["80>8080", "81>0"])
        #expect(service.ports.map(\.appProtocol) == [.http11, .grpc])
        #expect(TestMesh.addresses(service) == ["240.240.0.1"])
        #expect(service.addresses.first?.network == "vpc-1")
        #expect(service.ipFamilies == .ipv4Only)
        #expect(
            mesh.compiler.addressResources[self.name]?.aliases == ["vpc-1/240.240.0.1", "shop/orders.shop"]
        )
    }

    @Test("24, 29: a service without addresses is found by no address")
    func headless() throws {
        var mesh = TestMesh()
        mesh.add(Facts.service { $0.addresses = .fixed([]) })
        #expect(try mesh.service(self.name).addresses.isEmpty)
        #expect(mesh.compiler.addressResources[self.name]?.aliases == [])
        mesh.add(Facts.service { $0.addresses = .fixed([IPAddress(v4: 10 << 24 | 99)]) })
        #expect(TestMesh.addresses(try mesh.service(self.name)) == ["10.0.0.99"])
    }

    private typealias Row = (own: TrafficDistribution?, service: String?, namespace: String?, expected: String)

    @Test("25: which endpoints come first: the service's own word, its annotation, its namespace's, the mesh's")
    func distribution() throws {
        let zone = "failover network region zone"
        let node = "failover network region zone subzone node"
        let rows: [Row] = [
            (nil, nil, nil, zone), (nil, "PreferClose", nil, zone), (nil, "PreferSameZone", nil, zone),
            (nil, "PreferSameNode", nil, node), (nil, nil, "PreferSameNode", node),
            (nil, "PreferClose", "PreferSameNode", zone), (.sameNode, "PreferClose", nil, node),
            (nil, "nonsense", "PreferSameNode", node),
        ]
        let key = "networking.istio.io/traffic-distribution"
        for row in rows {
            var mesh = TestMesh(
                Declare.namespace("shop", annotations: row.namespace.map { [key: $0] } ?? [:])
            )
            mesh.add(
                Facts.service {
                    $0.distribution = row.own
                    $0.annotations = row.service.map { [key: $0] } ?? [:]
                },
                Facts.service("other", in: "attic")
            )
            #expect(Self.text(try mesh.service(self.name).loadBalancing) == row.expected, "\(row)")
            #expect(Self.text(try mesh.service("attic/other.attic.mesh.internal").loadBalancing) == zone)
        }
    }

    @Test("25: without the mesh's default any endpoint is as good")
    func noDistribution() throws {
        var mesh = TestMesh { settings, _ in settings.distribution = nil }
        mesh.add(Facts.service())
        #expect(try mesh.service(self.name).loadBalancing == nil)
    }

    @Test("26: only the client's host; endpoints that are not ready")
    func localAndNotReady() throws {
        var mesh = TestMesh()
        mesh.add(
            Facts.service {
                $0.distribution = .onlyNode
                $0.publishesNotReady = true
            }
        )
        let balancing = try #require(try mesh.service(self.name).loadBalancing)
        #expect(Self.text(balancing) == "strict node")
        #expect(balancing.healthPolicy == .allowAll)
    }

    @Test("34: ingress uses the waypoint where the service says so, else where its namespace does")
    func ingress() throws {
        let key = "istio.io/ingress-use-waypoint"
        let rows: [(String?, String?, Bool)] = [
            (nil, nil, false), ("true", nil, true), ("false", nil, false), ("yes", nil, false), (nil, "true", true),
            ("false", "true", false), ("true", "false", true),
        ]
        for (own, namespace, expected) in rows {
            var mesh = TestMesh(Declare.namespace("shop", namespace.map { [key: $0] } ?? [:]))
            mesh.add(Facts.service { $0.labels = own.map { [key: $0] } ?? [:] })
            #expect(try mesh.service(self.name).ingressUsesWaypoint == expected)
        }
    }

    @Test("a service keeps its address while it lives, and it is given back when it is gone")
    func stableAddress() throws {
        var mesh = TestMesh()
        mesh.add(Facts.service(), Facts.service("cart"))
        #expect(mesh.compiler.addresses.kept.sorted() == ["shop/cart.shop.mesh.internal", self.name])
        let before = TestMesh.addresses(try mesh.service(self.name))
        mesh.apply(MeshDelta(removedServices: [Facts.key("cart")]))
        #expect(mesh.compiler.addresses.released == ["shop/cart.shop.mesh.internal"])
        mesh.add(Facts.service { $0.ports = [] })
        #expect(TestMesh.addresses(try mesh.service(self.name)) == before)
        #expect(mesh.compiler.virtualAddresses(of: Facts.key("orders")).map(\.description) == before)
    }

    @Test("without addresses left a service works on by its endpoints', and somebody is told")
    func exhausted() throws {
        var mesh = TestMesh { _, addresses in addresses.limit = 1 }
        mesh.add(Facts.service("cart"), Facts.service())
        #expect(try mesh.service(self.name).addresses.isEmpty)
        #expect(mesh.compiler.findings.map(\.code) == [.addressesExhausted])
        #expect(mesh.compiler.findings.first?.subject == self.name)
    }

    static func text(_ balancing: IstioWorkload.LoadBalancing?) -> String? {
        guard let balancing else { return nil }
        let modes: [IstioWorkload.LoadBalancing.Mode: String] = [
            .unspecified: "", .strict: "strict", .failover: "failover", .passthrough: "passthrough",
        ]
        let scopes: [IstioWorkload.LoadBalancing.Scope: String] = [
            .region: "region", .zone: "zone", .subzone: "subzone", .node: "node", .cluster: "cluster",
            .network: "network",
        ]
        let words = [modes[balancing.mode] ?? "?"] + balancing.routingPreference.map { scopes[$0] ?? "?" }
        return words.joined(separator: " ")
    }
}
