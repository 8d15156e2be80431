import AWSClient
import MeshConfig
import Testing

@testable import TulleCLI

@Suite("tulle get and describe")
struct ListResourcesTests {
    private static func list(
        _ kind: ResourceKind?,
        name: String? = nil,
        namespace: String? = nil,
        _ output: OutputFormat = .table
    ) async throws -> String {
        try await FakeControlPlane.run(ResourceFixtures.list) { admin, _ in
            try await ListResources(kind: kind, name: name, namespace: namespace).run(admin, output: .test(output))
        }
    }

    @Test("all kinds in one table, what is wrong in one word")
    func all() async throws {
        #expect(
            try await Self.list(nil) == """
                KIND                   NAMESPACE  NAME       STATE     REASON
                AuthorizationPolicy    shop       allow-web  accepted  -
                ServiceAccountBinding  -          web        accepted  -
                ServiceEntry           shop       payments   lastGood  WaypointIsNotReady
                """
        )
    }

    @Test("wide has origin and message")
    func wide() async throws {
        #expect(
            try await Self.list(.serviceEntry, namespace: "shop", .wide) == """
                NAMESPACE  NAME      STATE     REASON              ORIGIN  MESSAGE
                shop       payments  lastGood  WaypointIsNotReady  -:1     shop/waypoint is not ready
                """
        )
    }

    @Test("kinds without namespace have no such column, and no namespace hides them")
    func clusterWide() async throws {
        #expect(
            try await Self.list(.serviceAccountBinding, namespace: "elsewhere") == """
                NAME  STATE     REASON
                web   accepted  -
                """
        )
    }

    @Test("the filter is sent and kept to, whatever the control plane answers")
    func filters() async throws {
        try await FakeControlPlane.run(ResourceFixtures.list) { admin, fake in
            let found = try await admin.resources(kind: "ServiceEntry", namespace: "shop", name: "payments")
            #expect(found.map(\.key) == ["ServiceEntry/shop/payments"])
            #expect(fake.seen.first?.query == "kind=ServiceEntry&namespace=shop&name=payments")
            #expect(try await admin.resources(kind: "ServiceEntry", namespace: "other").isEmpty)
        }
    }

    @Test("YAML is what may be applied again")
    func yaml() async throws {
        #expect(
            try await Self.list(.authorizationPolicy, name: "allow-web", namespace: "shop", .yaml) == """
                apiVersion: security.istio.io/v1
                kind: AuthorizationPolicy
                metadata:
                  name: allow-web
                  namespace: shop
                  labels:
                    team: shop
                  annotations:
                    note: x y
                spec:
                  action: ALLOW
                  rules:
                  - from:
                    - source:
                        principals:
                        - "*"
                """
        )
    }

    @Test("JSON is the control plane's: one document, or items")
    func json() async throws {
        let one = try await Self.list(.serviceEntry, name: "payments", namespace: "shop", .json)
        #expect(try JSONValue(parsing: one) == ResourceFixtures.entry)
        let all = try await Self.list(nil, .json)
        #expect(try JSONValue(parsing: all)["items"]?.array?.count == 3)
    }

    @Test("a name that nothing has is a failure")
    func missing() async throws {
        let failure = await #expect(throws: CommandFailure.self) {
            try await Self.list(.serviceEntry, name: "other", namespace: "shop")
        }
        #expect(failure?.message == "there is no ServiceEntry \"other\" in namespace \"shop\"")
        let none = "nothing is declared"
        #expect(try await Self.list(.gateway) == none)
        #expect(try await Self.list(.gateway, namespace: "shop") == "\(none) here; -A lists all namespaces")
    }

    @Test("describe shows all that is known of one")
    func describe() throws {
        let resource = try #require(StoredResource(ResourceFixtures.entry))
        #expect(
            DescribeResource.text(resource) == """
                Name:       payments
                Namespace:  shop
                Kind:       ServiceEntry (networking.istio.io/v1)
                State:      lastGood
                Origin:     -:1
                Spec:
                  hosts:
                  - pay.example.com
                Conditions:
                  TYPE                      STATUS  REASON              MESSAGE
                  istio.io/WaypointBound    False   WaypointIsNotReady  shop/waypoint is not ready
                  istio.io/WaypointMissing  False   -
                Diagnostics:
                  -:9: error [out_of_range]: spec.ports[0].number: 0 is not allowed
                """
        )
    }

    @Test(
        "kinds go by many names",
        arguments: [
            ("ServiceEntry", ResourceKind.serviceEntry), ("serviceentries", .serviceEntry), ("se", .serviceEntry),
            ("AuthorizationPolicies.security.istio.io", .authorizationPolicy), ("gateways", .gateway),
            ("ns", .namespace),
            ("httproute", .httpRoute), ("telemetries", .telemetry), ("virtualservices", .virtualService),
            ("ecsaccounts", .ecsAccount), ("sab", .serviceAccountBinding),
        ]
    )
    func kinds(_ word: String, _ kind: ResourceKind) throws {
        #expect(try KindName.kind(word) == kind)
    }

    @Test("other words are refused with the list", arguments: ["", "pod", "serviceentrys", "s"])
    func noKind(_ word: String) {
        let failure = #expect(throws: CommandFailure.self) { try KindName.kind(word) }
        #expect(failure?.status == .usage)
        #expect(failure?.hint?.contains("ServiceEntry") == true)
        #expect(failure?.hint?.hasPrefix("did you mean ServiceEntry?") == (word == "serviceentrys"))
    }
}
