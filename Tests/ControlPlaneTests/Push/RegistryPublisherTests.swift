import CertificateAuthority
import ControlPlane
import ECSDiscovery
import Foundation
import Logging
import MeshCompile
import MeshConfig
import MeshXDS
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct RegistryPublisherTests {
    private struct Bench {
        let directory: TemporaryDirectory
        let store = ResourceStore()
        let publisher: RegistryPublisher

        init(
            workers: Set<String> = ["us-east-1"],
            awaitsDeclarations: Bool = false,
            quiet: Duration = .milliseconds(20),
            patience: Duration = .seconds(1),
            startPatience: Duration = .seconds(60)
        ) throws {
            self.directory = try TemporaryDirectory()
            self.publisher = try RegistryPublisher(
                settings: TestObservations.settings(),
                workers: workers,
                awaitsDeclarations: awaitsDeclarations,
                store: self.store,
                addressFile: VIPFile(state: try StateDirectory(path: self.directory.path)),
                zones: nil,
                metrics: ControlPlaneMetrics(),
                quiet: quiet,
                patience: patience,
                startPatience: startPatience,
                logger: Logger(label: "test")
            )
        }

        func run(_ body: () async throws -> Void) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await self.publisher.run() }
                try await body()
                group.cancelAll()
            }
        }

        func eventually(_ condition: () -> Bool) async throws {
            for _ in 0..<1000 where !condition() { try await Task.sleep(for: .milliseconds(10)) }
            #expect(condition())
        }
    }

    @Test func nothingIsSaidBeforeEveryWorkerHasLooked() async throws {
        let bench = try Bench(workers: ["us-east-1", "eu-west-1"])
        try await bench.run {
            let orders = TestObservations.service("orders")
            bench.publisher.observe(TestObservations.snapshot([orders], []), of: "us-east-1")
            try await Task.sleep(for: .milliseconds(200))
            #expect(!bench.store.isReady)
            #expect(bench.store.catalog == nil)
            bench.publisher.observe(TestObservations.snapshot([], []), of: "eu-west-1")
            try await bench.eventually { bench.store.isReady }
            #expect(bench.store.catalog?.count(of: XDSTypes.address) == 1)
        }
    }

    @Test func nothingIsSaidBeforeThePoliciesAreKnown() async throws {
        let bench = try Bench(awaitsDeclarations: true)
        let first = Mutex<Int?>(nil)
        _ = bench.store.listen { _ in
            let policies = bench.store.catalog?.count(of: XDSTypes.authorization)
            first.withLock { $0 = $0 ?? policies }
        }
        let policy = DeclaredResource(
            apiVersion: "security.istio.io/v1",
            metadata: ResourceMetadata(name: "deny", namespace: "shop"),
            spec: .authorizationPolicy(.init(action: .deny, rules: [.init()])),
            origin: ResourceOrigin(file: "-", line: 1)
        )
        try await bench.run {
            bench.publisher.observe(
                TestObservations.snapshot([TestObservations.service("orders")], []),
                of: "us-east-1"
            )
            try await Task.sleep(for: .milliseconds(200))
            #expect(!bench.store.isReady)
            bench.publisher.declare([policy])
            try await bench.eventually { bench.store.isReady }
            #expect(first.withLock { $0 } == 1, "the first that anybody sees has them")
            #expect(bench.publisher.overview.statuses[policy.key]?.map(\.isTrue) == [true])
            bench.publisher.declare([])
            try await bench.eventually { bench.store.catalog?.count(of: XDSTypes.authorization) == 0 }
        }
    }

    @Test func anEmptyMeshIsReadyToo() async throws {
        let bench = try Bench()
        try await bench.run {
            bench.publisher.observe(TestObservations.snapshot([], []), of: "us-east-1")
            try await bench.eventually { bench.store.isReady }
        }
    }

    @Test func changesThatComeTogetherGoOutTogether() async throws {
        let bench = try Bench(quiet: .milliseconds(100))
        let notices = Mutex(0)
        _ = bench.store.listen { _ in notices.withLock { $0 += 1 } }
        try await bench.run {
            for count in 1...20 {
                let services = (0..<count).map { TestObservations.service("s\($0)") }
                bench.publisher.observe(TestObservations.snapshot(services, []), of: "us-east-1")
                try await Task.sleep(for: .milliseconds(5))
            }
            try await bench.eventually { bench.store.catalog?.count(of: XDSTypes.address) == 20 }
            #expect(notices.withLock { $0 } <= 3)
        }
    }

    @Test func changesWithoutAnEndGoOutAllTheSame() async throws {
        let bench = try Bench(quiet: .seconds(1), patience: .milliseconds(300))
        try await bench.run {
            let start = ContinuousClock.now
            var count = 0
            // There is news every few milliseconds, and never a second without.
            while !bench.store.isReady, ContinuousClock.now - start < .seconds(20) {
                count += 1
                let services = (0..<count % 50).map { TestObservations.service("s\($0)") }
                bench.publisher.observe(TestObservations.snapshot(services, []), of: "us-east-1")
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(bench.store.isReady)
        }
    }

    @Test func aClusterThatCannotBeReadHoldsUpTheStartForAWhileOnly() async throws {
        let bench = try Bench(startPatience: .milliseconds(600))
        var snapshot = TestObservations.snapshot([TestObservations.service("orders")], [])
        let arn = TestObservations.cluster + "2"
        snapshot.clusters[arn] = ClusterStatus(arn: arn, name: "c2")
        #expect(!snapshot.isComplete)
        let start = ContinuousClock.now
        try await bench.run {
            while !bench.store.isReady, ContinuousClock.now - start < .seconds(20) {
                bench.publisher.observe(snapshot, of: "us-east-1")
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(ContinuousClock.now - start >= .milliseconds(600))
            #expect(bench.store.catalog?.count(of: XDSTypes.address) == 1, "what can be read is told")
        }
    }

    @Test func addressesReachTheDisk() async throws {
        let bench = try Bench()
        try await bench.run {
            bench.publisher.observe(
                TestObservations.snapshot([TestObservations.service("orders")], []),
                of: "us-east-1"
            )
            try await bench.eventually { bench.store.isReady }
        }
        let text = try String(contentsOfFile: "\(bench.directory.path)/vips.json", encoding: .utf8)
        #expect(text.contains("shop/orders.shop.mesh.internal"))
    }
}
