import CertificateAuthority
import ControlPlane
import Foundation
import Logging
import MeshConfig
import MeshProtos
import MeshXDS
import Testing

/// The routes over a small mesh, with providers in memory.
final class TestAdmin: Sendable {
    let directory: TemporaryDirectory
    let resources = TestResources()
    let tokens = TestTokens()
    let rotation = TestRotation()
    let sessions = TestSessions()
    let store = ResourceStore()
    let journal: IssuanceJournal
    let pages: AdminPages
    let api: AdminAPI

    /// - Parameter isReady: whether the mesh was looked at once.
    init(isReady: Bool = true) throws {
        self.directory = try TemporaryDirectory()
        let state = try StateDirectory(path: self.directory.path)
        let logger = Logger(label: "test")
        let metrics = ControlPlaneMetrics()
        self.journal = IssuanceJournal(state: state, logger: logger)
        let publisher = try RegistryPublisher(
            settings: TestObservations.settings(),
            workers: ["us-east-1"],
            store: self.store,
            addressFile: VIPFile(state: state),
            zones: nil,
            metrics: metrics,
            quiet: .milliseconds(1),
            patience: .milliseconds(10),
            logger: logger
        )
        let authority = try SigningAuthority(
            state: state,
            trustDomain: "cluster.local",
            lifetimes: AuthorityLifetimes(),
            now: Date()
        )
        self.pages = AdminPages(
            bootstrap: { BootstrapDocument(TulledConfiguration(), trustBundle: authority.trustBundle) },
            authority: authority,
            journal: self.journal,
            publisher: publisher,
            store: self.store,
            connections: ConnectionTable(limit: 10),
            zones: nil,
            metrics: metrics
        )
        self.api = AdminAPI(
            pages: self.pages,
            resources: self.resources,
            tokens: self.tokens,
            rotation: self.rotation,
            sessions: self.sessions
        )
        guard isReady else { return }
        var compiler = TestObservations.compiler()
        let shop = TestObservations.service("orders")
        let bank = TestObservations.service("ledger", namespace: "bank")
        self.store.publish(
            compiler.compile([
                TestObservations.snapshot(
                    [shop, bank],
                    [TestObservations.task(1, of: shop), TestObservations.task(2, of: bank)]
                )
            ])
        )
        let policy = IstioSecurity.Authorization.with {
            $0.name = "allow"
            $0.namespace = "shop"
            $0.scope = .workloadSelector
            $0.action = .deny
            $0.rules = [
                .with {
                    $0.clauses = [
                        .with {
                            $0.matches = [
                                .with {
                                    $0.notPrincipals = [.with { $0.kind = .presence }]
                                    $0.destinationPorts = [80]
                                    $0.sourceIPs = [
                                        .with {
                                            $0.address = [10, 0, 0, 0]
                                            $0.length = 8
                                        }
                                    ]
                                }
                            ]
                        }
                    ]
                }
            ]
        }
        self.store.publish([
            ResourceChange(
                XDSTypes.authorization,
                changed: [ResourceCatalog.Resource(name: "shop/allow", bytes: policy.serialized)]
            )
        ])
    }

    func call(
        _ method: String,
        _ target: String,
        _ body: String = "",
        type: String = "application/json",
        as caller: AdminCaller = .loopback(mayWrite: true)
    ) async throws -> (status: Int, json: [String: Any]) {
        let answer = try await self.answer(method, target, body, type: type, as: caller)
        let json = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
        return (answer.status, try #require(json))
    }

    func answer(
        _ method: String,
        _ target: String,
        _ body: String = "",
        type: String = "application/json",
        as caller: AdminCaller = .loopback(mayWrite: true)
    ) async throws -> AdminAnswer {
        await self.api.answer(
            try AdminRequest(
                method: method,
                target: target,
                contentType: type,
                body: Array(body.utf8),
                caller: caller
            )
        )
    }
}
