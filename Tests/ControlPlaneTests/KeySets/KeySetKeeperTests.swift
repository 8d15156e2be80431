import CertificateAuthority
import Foundation
import Logging
import MeshCompile
import MeshConfig
import MeshProtos
import MeshXDS
import Synchronization
import Testing

@testable import ControlPlane

/// From a policy that asks for keys to what a waypoint is told of them.
@Suite("66: keys reach waypoints", .timeLimit(.minutes(1))) struct KeySetKeeperTests {
    private static let yaml = """
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, labels: {istio.io/use-waypoint: waypoint}}
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: waypoint, namespace: shop}
        spec:
          gatewayClassName: istio-waypoint
          addresses: [{type: Hostname, value: waypoint.example}]
          listeners: [{name: mesh, port: 15008, protocol: HBONE}]
        ---
        apiVersion: security.istio.io/v1
        kind: RequestAuthentication
        metadata: {name: jwt, namespace: shop}
        spec:
          targetRefs: [{kind: Service, name: orders}]
          jwtRules: [{issuer: a, jwksUri: 'https://a.example/keys'}]
        """

    private struct Unreachable: Error {}

    private final class Bench: Sendable {
        let store = ResourceStore()
        let publisher: RegistryPublisher
        let keeper: KeySetKeeper
        let asked = Mutex<[KeySource]>([])
        let answer: Mutex<String?>

        init(_ state: StateDirectory, answer: String?) throws {
            let publisher = try RegistryPublisher(
                settings: TestObservations.settings(),
                workers: ["us-east-1"],
                awaitsDeclarations: true,
                store: self.store,
                addressFile: VIPFile(state: state),
                zones: nil,
                metrics: ControlPlaneMetrics(),
                quiet: .milliseconds(1),
                patience: .milliseconds(50),
                logger: Logger(label: "test")
            )
            self.publisher = publisher
            self.answer = Mutex(answer)
            let box = Box()
            self.keeper = KeySetKeeper(
                publisher: publisher,
                file: KeySetFile(state: state),
                logger: Logger(label: "test")
            ) { source in
                guard let bench = box.bench.withLock({ $0 }) else { throw Unreachable() }
                bench.asked.withLock { $0.append(source) }
                guard let keys = bench.answer.withLock({ $0 }) else { throw Unreachable() }
                return keys
            }
            box.bench.withLock { $0 = self }
        }

        private final class Box: Sendable {
            let bench = Mutex<Bench?>(nil)
        }

        /// What the waypoint is told of the keys; nil before it is told of the service.
        var keys: String? {
            let type = XDSTypes.owned(XDSTypes.serviceRoutes, by: "cluster.local/ns/shop/sa/waypoint")
            guard let resource = self.store.catalog?.resources(of: type).first else { return nil }
            return (try? TulleL7.ServiceRoutes(decoding: resource.bytes))?.security?.tokens.first?.keys
        }

        func run(_ body: () async throws -> Void) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await self.publisher.run() }
                group.addTask { await self.keeper.run() }
                let orders = TestObservations.service("orders")
                self.publisher.observe(TestObservations.snapshot([orders], []), of: "us-east-1")
                self.publisher.declare(
                    ConfigurationReader().read(KeySetKeeperTests.yaml, path: "a").documents.compactMap(\.resource)
                )
                try await body()
                group.cancelAll()
            }
        }

        func eventually(_ what: Comment, _ condition: () -> Bool) async throws {
            for _ in 0..<1000 where !condition() { try await Task.sleep(for: .milliseconds(10)) }
            #expect(condition(), what)
        }
    }

    @Test("they are fetched when a policy asks for them, told to the waypoint, and kept over a restart")
    func fetched() async throws {
        let directory = try TemporaryDirectory()
        let state = try StateDirectory(path: directory.path)
        let bench = try Bench(state, answer: "{keys}")
        try await bench.run {
            try await bench.eventually("the keys are told") { bench.keys == "{keys}" }
            #expect(bench.asked.withLock { $0 } == [.url("https://a.example/keys")])
        }
        // A new control plane, while the issuer is away.
        let next = try Bench(state, answer: nil)
        try await next.run {
            try await next.eventually("the kept keys are told") { next.keys == "{keys}" }
        }
    }

    @Test("without them the waypoint is told that there are none, and so refuses every token")
    func missing() async throws {
        let directory = try TemporaryDirectory()
        let bench = try Bench(try StateDirectory(path: directory.path), answer: nil)
        try await bench.run {
            try await bench.eventually("they were asked for") { !bench.asked.withLock { $0 }.isEmpty }
            try await bench.eventually("the service is told of") { bench.keys != nil }
            #expect(bench.keys == "")
        }
    }
}
