import AWSClient
import ControlPlane
import Logging
import MeshConfig
import MeshModel
import Synchronization
import Testing

@Suite struct ZoneKeeperTests {
    private static let owner = ZoneOwner(trustDomain: "cluster.local", clusterID: "ecs")

    final class FakeZones: ZoneService {
        struct State: Sendable {
            var records: [RecordSet] = []
            var failures = 0
            var applied = 0
        }

        let state = Mutex(State())

        func privateZones(named name: String) async throws -> [String] { name == "shop" ? ["Z1"] : [] }

        func records(of zone: String) async throws -> [RecordSet] {
            try self.state.withLock { state in
                if state.failures > 0 {
                    state.failures -= 1
                    throw AWSError(
                        service: "route53",
                        action: "List",
                        code: "Throttling",
                        message: "slow",
                        kind: .throttled
                    )
                }
                return state.records
            }
        }

        func apply(_ changes: [RecordChange], to zone: String) async throws {
            self.state.withLock { state in
                state.applied += 1
                for change in changes {
                    switch change {
                    case .upsert(let record):
                        state.records.removeAll { $0.name == record.name && $0.type == record.type }
                        state.records.append(record)
                    case .delete(let record):
                        state.records.removeAll { $0 == record }
                    }
                }
            }
        }
    }

    private func service(_ name: String) -> MeshService {
        let hostname = "\(name).shop.mesh.internal"
        return MeshService(
            key: MeshService.Key(namespace: "shop", hostname: hostname),
            name: name,
            hostnames: [hostname, "\(name).shop"],
            ports: [],
            address: IPAddress(v4: 240 << 24 | 240 << 16 | 1),
            sources: []
        )
    }

    /// Waits until something is so, at most ten seconds.
    private func eventually(_ condition: () -> Bool) async throws {
        for _ in 0..<1000 where !condition() { try await Task.sleep(for: .milliseconds(10)) }
        #expect(condition())
    }

    @Test func keepsTheZoneThroughFailures() async throws {
        let zones = FakeZones()
        zones.state.withLock { $0.failures = 1 }
        let keeper = ZoneKeeper(
            service: zones,
            zones: [.name("shop"), .name("missing")],
            owner: Self.owner,
            logger: Logger(label: "test")
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await keeper.run() }
            keeper.update([self.service("echo")])
            try await self.eventually { zones.state.withLock { $0.records.map(\.name).contains("echo.shop.") } }
            try await self.eventually { keeper.status.first { $0.zone == "shop" }?.names == 1 }
            #expect(keeper.status.first { $0.zone == "missing" }?.error != nil, "one broken zone does not stop another")
            group.cancelAll()
        }
    }

    @Test func aMeshThatWasNotLookedAtEmptiesNoZone() async throws {
        let zones = FakeZones()
        let text = RecordSet(
            name: "_tulle.a.shop",
            type: "TXT",
            timeToLive: 5,
            values: [Self.owner.mark]
        )
        zones.state.withLock { $0.records = [text] }
        let keeper = ZoneKeeper(
            service: zones,
            zones: [.name("shop")],
            owner: Self.owner,
            logger: Logger(label: "test")
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await keeper.run() }
            try await Task.sleep(for: .milliseconds(100))
            #expect(zones.state.withLock { $0.applied } == 0)
            keeper.update([])
            try await self.eventually { zones.state.withLock { $0.records.isEmpty } }
            group.cancelAll()
        }
    }

    @Test func uninstallingTakesOutWhatIsOursAndNothingElse() async throws {
        let zones = FakeZones()
        func record(_ name: String, _ type: String, _ value: String) -> RecordSet {
            RecordSet(name: name, type: type, timeToLive: 5, values: [value])
        }
        let others = [
            record("shop", "SOA", "ns.example. a. 1 7200 900 1209600 86400"), record("db.shop", "A", "10.0.0.1"),
            record("web.shop", "A", "240.240.0.7"),
            record(
                "_tulle.web.shop",
                "TXT",
                ZoneOwner(trustDomain: "test.example", clusterID: "ecs").mark
            ),
            record("old.shop", "A", "240.240.0.8"), record("_tulle.old.shop", "TXT", "\"heritage=tulle,owner=ecs\""),
        ]
        let ours = [record("echo.shop", "A", "240.240.0.1"), record("_tulle.echo.shop", "TXT", Self.owner.mark)]
        zones.state.withLock { $0.records = others + ours }
        let keeper = ZoneKeeper(service: zones, zones: [.id("Z1")], owner: Self.owner, logger: Logger(label: "test"))
        let done = try await keeper.removeAll()
        #expect(done.map { $0.zone } == ["shop"] && done.map { $0.removed } == [2])
        #expect(done.first?.leftovers == ["old.shop"])
        #expect(zones.state.withLock { $0.records } == others)
        #expect(try await keeper.removeAll().map { $0.removed } == [0])
        #expect(zones.state.withLock { $0.applied } == 1)
    }
}
