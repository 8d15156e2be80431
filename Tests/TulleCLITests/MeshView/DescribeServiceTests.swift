import AWSClient
import Testing

@testable import TulleCLI

@Suite("tulle describe service")
struct DescribeServiceTests {
    private static let routes: [String: JSONValue] = {
        var routes = MeshFixtures.routes
        routes["GET /v1/resources"] = [
            "items": [
                [
                    "kind": "Gateway", "metadata": ["name": "waypoint", "namespace": "shop"],
                    "spec": ["gatewayClassName": "istio-waypoint"],
                    "status": ["conditions": [["type": "Programmed", "status": "True"]]],
                ],
                [
                    "kind": "AuthorizationPolicy", "metadata": ["name": "get-only", "namespace": "shop"],
                    "spec": ["action": "DENY", "targetRefs": [["kind": "Service", "name": "web"]]],
                ],
                [
                    "kind": "AuthorizationPolicy", "metadata": ["name": "gateway", "namespace": "shop"],
                    "spec": ["targetRef": ["kind": "Gateway", "name": "waypoint"]],
                ],
                [
                    "kind": "AuthorizationPolicy", "metadata": ["name": "db-only", "namespace": "data"],
                    "spec": ["targetRefs": [["kind": "Service", "name": "db"]]],
                ],
            ]
        ]
        return routes
    }()

    private static func describe(_ name: String, _ output: OutputFormat = .table) async throws -> String {
        try await FakeControlPlane.run(Self.routes) { admin, _ in
            try await DescribeService(name: name, namespace: nil).run(admin, output: .test(output))
        }
    }

    @Test("shows addresses, waypoint chain, endpoints and what is enforced where")
    func whole() async throws {
        let text = try await Self.describe("web")
        #expect(
            text == """
                Service:    shop/web
                Hostname:   web.shop.mesh.internal
                Addresses:  240.240.0.1
                Ports:      80→8080
                Balancing:  Failover by Network, Zone
                Waypoint:   shop/waypoint, 1 of 1 endpoints healthy, Programmed True
                Plain TCP:  refused by 1 of 2 endpoints (STRICT)
                Endpoints:  1 of 2 healthy
                  WORKLOAD  ADDRESS   NODE       PROTOCOL  STATUS     SERVICE ACCOUNT
                  web-1     10.0.0.1  fargate/1  HBONE     Healthy    web
                  web-2     10.0.0.2  fargate/2  HBONE     Unhealthy  web
                Policies enforced by ztunnel:
                  POLICY                              ACTION          SCOPE             ENDPOINTS
                  root/everywhere                     Allow           Global            2 of 2
                  root/istio_converted_static_strict  Deny            WorkloadSelector  1 of 2
                  shop/no-dev                         Deny (dry run)  Namespace         2 of 2
                  shop/only-front                     Allow           WorkloadSelector  2 of 2
                  shop/gone is listed and not known: connections are refused until it is
                Policies enforced by the waypoint:
                  shop/gateway ALLOW
                  shop/get-only DENY
                """
        )
    }

    @Test("a policy for a service without waypoint is said to have no effect")
    func noWaypoint() async throws {
        let text = try await Self.describe("data/db.data.mesh.internal")
        #expect(text.contains("Waypoint:   none; connections go to the endpoints directly"))
        #expect(text.contains("data/db-only ALLOW, without effect: the service has no waypoint"))
        #expect(text.contains("Plain TCP:  no endpoints"))
        #expect(text.contains("Policies enforced by ztunnel:\n  none: no endpoint has a ztunnel"))
    }

    @Test("goes by name, namespace/name and host name")
    func names() async throws {
        for name in ["web", "shop/web", "web.shop.mesh.internal"] {
            let json = try JSONValue(parsing: try await Self.describe(name, .json))
            #expect(json["hostname"] == "web.shop.mesh.internal")
        }
        await #expect(throws: CommandFailure.self) { try await Self.describe("data/web") }
    }

    @Test("a name that two have is refused with both")
    func ambiguous() throws {
        var document = MeshFixtures.document
        let more: JSONValue = ["name": "web", "namespace": "data", "hostname": "web.data.mesh.internal"]
        document["services"] = .array((document["services"]?.array ?? []) + [more])
        let failure = #expect(throws: CommandFailure.self) {
            try DescribeService(name: "web").service(in: MeshView(document))
        }
        #expect(
            failure?.message
                == "2 services are called \"web\": data/web.data.mesh.internal, shop/web.shop.mesh.internal"
        )
    }

    @Test(
        "plain TCP is read off the policies of endpoints",
        arguments: [
            ([["r/istio_converted_static_strict"]], "refused by all endpoints (STRICT)"),
            ([[]], "taken by all endpoints (PERMISSIVE)"),
            ([["shop/converted_peer_authentication_pa"]], "by port, see PeerAuthentication pa"),
        ]
    )
    func modes(_ policies: [[String]], _ text: String) {
        let workloads = policies.map {
            MeshView.Workload(["uid": "x", "protocol": "HBONE", "authorizationPolicies": .strings($0)])
        }
        #expect(PeerModes.text(workloads) == text)
        let outside = MeshView.Workload(["uid": "y", "protocol": "TCP"])
        #expect(PeerModes.text(workloads + [outside]) == "\(text); taken by 1 without a ztunnel")
        #expect(PeerModes.text([outside]) == "taken by all endpoints: none has a ztunnel")
    }
}
