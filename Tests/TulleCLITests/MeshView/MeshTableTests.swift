import AWSClient
import Testing

@testable import TulleCLI

@Suite("Services, workloads and policies")
struct MeshTableTests {
    @Test("workloads, by namespace and name")
    func workloads() {
        #expect(
            MeshTables.workloads(MeshFixtures.view) == """
                NAMESPACE  POD NAME    ADDRESS         NODE       WAYPOINT  PROTOCOL
                data       vm          vm.example.com             None      TCP
                shop       waypoint-1  10.0.0.3        fargate/3  None      HBONE
                shop       web-1       10.0.0.1        fargate/1  None      HBONE
                shop       web-2       10.0.0.2        fargate/2  None      HBONE
                """
        )
    }

    @Test("workloads of a namespace, a node and an address")
    func filtered() {
        let filter = MeshTables.Filter(namespace: "shop", node: "fargate/1", address: "10.0.0.1")
        #expect(
            MeshTables.workloads(MeshFixtures.view, filter, isWide: true) == """
                NAMESPACE  POD NAME  ADDRESS   NODE       WAYPOINT  PROTOCOL  STATUS   SERVICE ACCOUNT  UID
                shop       web-1     10.0.0.1  fargate/1  None      HBONE     Healthy  web              ecs//Task/shop/1
                """
        )
    }

    @Test("services with waypoint by name and endpoints as healthy of all")
    func services() {
        #expect(
            MeshTables.services(MeshFixtures.view)
                == """
                NAMESPACE  SERVICE NAME  SERVICE VIP   WAYPOINT  ENDPOINTS
                data       db            10.1.0.0/24   None      0/0
                shop       waypoint      /240.240.0.2  None      1/1
                shop       web           /240.240.0.1  waypoint  1/2
                """.replacing("/240", with: "240").replacing("VIP   W", with: "VIP  W").replacing(
                    "24   N",
                    with: "24  N"
                )
        )
    }

    @Test("policies")
    func policies() {
        #expect(
            MeshTables.policies(MeshFixtures.view, MeshTables.Filter(namespace: "shop")) == """
                NAMESPACE  POLICY NAME  ACTION          SCOPE
                shop       no-dev       Deny (dry run)  Namespace
                shop       only-front   Allow           WorkloadSelector
                """
        )
    }

    @Test("a document without endpoints, or with objects for lists, reads the same")
    func lenient() throws {
        var document = MeshFixtures.document
        let services = try #require(document["services"]?.array).map { service in
            var service = service
            service["endpoints"] = nil
            service["surprise"] = ["depth": [1]]
            return service
        }
        document["services"] = .object(
            JSONObject(services.enumerated().map { (name: "\($0.offset)", value: $0.element) })
        )
        #expect(MeshTables.services(MeshView(document)) == MeshTables.services(MeshFixtures.view))
        #expect(MeshView(["services": 7, "workloads": [["name": 1], "x"]]).workloads.count == 2)
    }

    @Test("tulle get services asks for the whole view and writes only its part")
    func listing() async throws {
        try await FakeControlPlane.run(MeshFixtures.routes) { admin, _ in
            let listing = try #require(MeshListing("svc"))
            let filter = MeshTables.Filter(namespace: "data")
            let table = try await listing.run(admin, filter: filter, output: .test(.table))
            #expect(table.split(separator: "\n").count == 2)
            let json = try JSONValue(parsing: await listing.run(admin, filter: filter, output: .test(.json)))
            #expect(json["services"]?.array?.compactMap { $0["name"]?.string } == ["db"])
            #expect(json.object?.names == ["services"])
        }
        #expect(MeshListing("serviceentries") == nil)
    }

    @Test("tulle get services NAME writes that one, by any of its names, and fails when there is none")
    func named() async throws {
        func names(_ kind: String, _ name: String, in namespace: String? = nil) async throws -> [String] {
            let listing = try #require(MeshListing(kind))
            let filter = MeshTables.Filter(namespace: namespace, name: name)
            return try await FakeControlPlane.run(MeshFixtures.routes) { admin, _ in
                let json = try JSONValue(parsing: await listing.run(admin, filter: filter, output: .test(.json)))
                return json[listing.rawValue]?.array?.compactMap { $0["name"]?.string } ?? []
            }
        }
        #expect(try await names("service", "web") == ["web"])
        #expect(try await names("workload", "web-1", in: "shop") == ["web-1"])
        #expect(try await names("workloads", "ecs//Task/shop/1") == ["web-1"])
        #expect(try await names("policy", "no-dev") == ["no-dev"])
        let failure = await #expect(throws: CommandFailure.self) { try await names("services", "web", in: "data") }
        #expect(failure?.message == "none of the services in namespace \"data\" is called \"web\"")
    }
}
