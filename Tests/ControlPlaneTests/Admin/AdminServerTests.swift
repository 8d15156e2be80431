import AWSClient
import CertificateAuthority
import ControlPlane
import Foundation
import Logging
import MeshConfig
import MeshModel
import Testing

@Suite(.timeLimit(.minutes(1))) struct AdminServerTests {
    private func withPages(
        _ body: (@Sendable (String, String) async throws -> TransportResponse) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let state = try StateDirectory(path: directory.path)
        let authority = try SigningAuthority(
            state: state,
            trustDomain: "cluster.local",
            lifetimes: AuthorityLifetimes(),
            now: Date()
        )
        let store = ResourceStore()
        let metrics = ControlPlaneMetrics()
        let logger = Logger(label: "test")
        let publisher = try RegistryPublisher(
            settings: TestObservations.settings(),
            workers: ["us-east-1"],
            store: store,
            addressFile: VIPFile(state: state),
            zones: nil,
            metrics: metrics,
            quiet: .milliseconds(1),
            patience: .milliseconds(10),
            logger: logger
        )
        let pages = AdminPages(
            bootstrap: { BootstrapDocument(TulledConfiguration(), trustBundle: authority.trustBundle) },
            authority: authority,
            journal: IssuanceJournal(state: state, logger: logger),
            publisher: publisher,
            store: store,
            connections: ConnectionTable(limit: 10),
            zones: nil,
            metrics: metrics
        )
        let api = AdminAPI(pages: pages)
        let server = AdminServer(
            address: SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 0),
            logger: logger
        ) { await api.answer($0) }
        let transport = NetworkTransport()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask { await publisher.run() }
            let port = try #require(await server.port)
            let orders = TestObservations.service("orders")
            publisher.observe(
                TestObservations.snapshot([orders], [TestObservations.task(1, of: orders)]),
                of: "us-east-1"
            )
            for _ in 0..<500 where !store.isReady { try await Task.sleep(for: .milliseconds(10)) }
            try await body { method, path in
                try await transport.send(
                    TransportRequest(method: method, url: "http://127.0.0.1:\(port)\(path)", headers: []),
                    deadline: .seconds(5),
                    bodyLimit: 1 << 20
                )
            }
            group.cancelAll()
        }
        await transport.shutdown()
    }

    @Test func bootstrapHoldsWhatATokenNeeds() async throws {
        try await self.withPages { get in
            let response = try await get("GET", "/bootstrap")
            #expect(response.status == 200)
            #expect(response.header("content-type") == "application/json")
            let document = try #require(
                try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: String]
            )
            #expect(
                Set(document.keys) == [
                    "url", "trustBundle", "trustDomain", "network", "cluster", "meshDomain", "audience",
                ]
            )
            #expect(document["trustBundle"]?.contains("BEGIN CERTIFICATE") == true)
            #expect(document["trustBundle"]?.contains("PRIVATE") == false)
        }
    }

    @Test func pagesShowTheMeshAndNoSecret() async throws {
        try await self.withPages { get in
            #expect(try await get("GET", "/healthz").status == 200)
            for (path, text) in [
                ("/debug/registry", "shop/orders.shop.mesh.internal"),
                ("/debug/resources", "ecs-prod/ecs.amazonaws.com/Task/shop/"),
                ("/debug/connections", "[\n\n]"), ("/debug/certificates", "intermediateExpiry"),
                ("/v1/workloads", "\"app\" : \"orders\""), ("/metrics", "pilot_services 1"), ("/", "/debug/registry"),
            ] {
                let response = try await get("GET", path)
                let body = String(decoding: response.body, as: UTF8.self)
                #expect(response.status == 200)
                #expect(body.contains(text), "\(path): \(body.prefix(300))")
                #expect(!body.contains("PRIVATE KEY"))
            }
        }
    }

    @Test func otherPathsAndMethodsAreRefused() async throws {
        try await self.withPages { get in
            let missing = try await get("GET", "/nothing")
            #expect(missing.status == 404)
            let posted = try await get("POST", "/bootstrap")
            #expect(posted.status == 405)
            let head = try await get("HEAD", "/bootstrap")
            #expect(head.body.isEmpty)
        }
    }
}
