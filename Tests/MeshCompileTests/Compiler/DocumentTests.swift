import MeshConfig
import MeshModel
import MeshProtos
import MeshXDS
import Testing

@testable import MeshCompile

/// From YAML as people write it to what data planes get, through the reader that checks it.
@Suite("Documents")
struct DocumentTests {
    private func read(_ text: String) throws -> [DeclaredResource] {
        let file = ConfigurationReader().read(text, path: "mesh.yaml")
        #expect(file.diagnostics.filter { $0.severity == .error }.isEmpty, "\(file.diagnostics)")
        let resources = file.documents.compactMap(\.resource)
        #expect(resources.count == file.documents.count)
        return resources
    }

    @Test("a namespace with a waypoint, an external database, and who may call whom")
    func shop() throws {
        var mesh = TestMesh()
        mesh.declare(
            try self.read(
                """
                apiVersion: v1
                kind: Namespace
                metadata:
                  name: shop
                  labels:
                    istio.io/use-waypoint: waypoint
                ---
                apiVersion: gateway.networking.k8s.io/v1
                kind: Gateway
                metadata:
                  name: waypoint
                  namespace: shop
                  labels:
                    istio.io/waypoint-for: service
                spec:
                  gatewayClassName: istio-waypoint
                  listeners:
                    - name: mesh
                      port: 15008
                      protocol: HBONE
                ---
                apiVersion: networking.istio.io/v1
                kind: ServiceEntry
                metadata:
                  name: database
                  namespace: shop
                  labels:
                    istio.io/use-waypoint: none
                spec:
                  hosts: [db.example.com]
                  addresses: [192.0.2.0/24]
                  ports:
                    - number: 5432
                      name: tcp-postgres
                      protocol: TCP
                  resolution: STATIC
                  endpoints:
                    - address: 192.0.2.10
                      ports:
                        tcp-postgres: 15432
                ---
                apiVersion: security.istio.io/v1
                kind: AuthorizationPolicy
                metadata:
                  name: orders
                  namespace: shop
                spec:
                  selector:
                    matchLabels:
                      app: orders
                  action: ALLOW
                  rules:
                    - from:
                        - source:
                            principals: ["cluster.local/ns/shop/sa/cart"]
                        - source:
                            namespaces: ["monitoring"]
                      to:
                        - operation:
                            ports: ["8080"]
                ---
                apiVersion: security.istio.io/v1
                kind: PeerAuthentication
                metadata:
                  name: orders
                  namespace: shop
                spec:
                  selector:
                    matchLabels:
                      app: orders
                  mtls:
                    mode: STRICT
                  portLevelMtls:
                    9090:
                      mode: PERMISSIVE
                """
            )
        )
        mesh.add(Facts.service(), Facts.service("waypoint"))
        mesh.add(Facts.task(1), Facts.task(2, of: "waypoint") { $0.tunnel = .none })

        let orders = try mesh.service("shop/orders.shop.mesh.internal")
        #expect(TestMesh.name(orders.waypoint) == "shop/waypoint.shop.mesh.internal")
        #expect(try mesh.workload("t2").nativeTunnel)
        let database = try mesh.service("shop/db.example.com")
        #expect(database.waypoint == nil)
        #expect(TestMesh.addresses(database) == ["192.0.2.0/24"])
        let endpoint = try mesh.workload("ecs-prod/networking.istio.io/ServiceEntry/shop/database/192.0.2.10")
        #expect(TestMesh.ports(endpoint.services["shop/db.example.com"]?.ports) == ["5432>15432"])
        #expect(mesh.compiler.findings.isEmpty)

        let workload = try mesh.workload("t1")
        #expect(workload.authorizationPolicies == ["shop/converted_peer_authentication_orders", "shop/orders"])
        let verdicts: [(peer: String?, namespace: String, port: UInt16, isAllowed: Bool)] = [
            ("cart", "shop", 8080, true), ("other", "shop", 8080, false), ("prometheus", "monitoring", 8080, true),
            ("cart", "shop", 9090, false), (nil, "", 8080, false), (nil, "", 9090, false),
        ]
        var identity = Workload(
            uid: "t1",
            identity: try SPIFFEID(trustDomain: "cluster.local", namespace: "shop", serviceAccount: "orders")
        )
        identity.authorizationPolicies = workload.authorizationPolicies
        var change = MeshChange()
        change.policies = try mesh.compiler.policyResources.values.map { try Wire.policy($0.bytes) }
        let snapshot = MeshSnapshot(change)
        for row in verdicts {
            let peer = try row.peer.map {
                try SPIFFEID(trustDomain: "cluster.local", namespace: row.namespace, serviceAccount: $0)
            }
            let facts = ConnectionFacts(
                peer: peer,
                sourceIP: IPAddress(v4: 10 << 24 | 5),
                destination: SocketAddress(ip: IPAddress(v4: 10 << 24 | 1), port: row.port)
            )
            #expect(authorize(facts, workload: identity, snapshot: snapshot).isAllowed == row.isAllowed, "\(row)")
        }
    }
}
