import AWSClient
import ControlPlane
import Logging
import MeshConfig
import MeshModel
import Synchronization
import Testing

@Suite struct ZoneKeeperTests {
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
            owner: "ecs",
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
            values: ["\"heritage=tulle,owner=ecs\""]
        )
        zones.state.withLock { $0.records = [text] }
        let keeper = ZoneKeeper(service: zones, zones: [.name("shop")], owner: "ecs", logger: Logger(label: "test"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await keeper.run() }
            try await Task.sleep(for: .milliseconds(100))
            #expect(zones.state.withLock { $0.applied } == 0)
            keeper.update([])
            try await self.eventually { zones.state.withLock { $0.records.isEmpty } }
            group.cancelAll()
        }
    }
}
