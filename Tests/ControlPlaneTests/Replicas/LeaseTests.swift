import AWSClient
import Logging
import Synchronization
import Testing

@testable import ControlPlane

struct LeaseTests {
    private let start = ContinuousClock.now

    private func at(_ seconds: Double) -> ContinuousClock.Instant { self.start + .seconds(seconds) }

    private func held(_ name: String, counter: Int64 = 1, at seconds: Double) -> Lease {
        var lease = Lease(name: "route53", replica: name)
        lease.saw(nil, at: self.at(seconds))
        let move = Lease.Move(from: nil, to: .init(holder: name, counter: counter))
        lease.took(move, sent: self.at(seconds))
        return lease
    }

    @Test func aFreeLeaseIsTakenAndHeldForFiveSeconds() throws {
        var lease = Lease(name: "route53", replica: "a")
        #expect(lease.needsLook && lease.held(at: self.start) == nil)
        lease.saw(nil, at: self.start)
        let move = try #require(lease.move(at: self.start))
        #expect(move.from == nil && move.to == .init(holder: "a", counter: 1))
        #expect(move.write(of: "route53").condition == .absent)
        lease.took(move, sent: self.start)
        #expect(!lease.needsLook && lease.held(at: self.at(4.9)) == self.at(5))
        #expect(lease.held(at: self.at(5)) == nil)
    }

    @Test func theHolderRaisesTheCounter() throws {
        var lease = self.held("a", at: 0)
        #expect(lease.pause(at: self.at(0.1), isSound: true) == .seconds(2))
        let move = try #require(lease.move(at: self.at(2)))
        #expect(move == .init(from: .init(holder: "a", counter: 1), to: .init(holder: "a", counter: 2)))
        #expect(move.write(of: "route53").condition == .equal(["holder": .string("a"), "counter": .number(1)]))
        lease.took(move, sent: self.at(2))
        #expect(lease.held(at: self.at(6.9)) != nil)
    }

    @Test func anotherTakesOverWhenTheCounterStoodStillForSixSeconds() throws {
        var lease = Lease(name: "route53", replica: "b")
        let first = Lease.Record(holder: "a", counter: 7)
        lease.saw(first, at: self.at(0))
        lease.saw(first, at: self.at(5.9))
        #expect(lease.move(at: self.at(5.9)) == nil)
        // It was alive.
        lease.saw(.init(holder: "a", counter: 8), at: self.at(6))
        #expect(lease.move(at: self.at(11.9)) == nil)
        lease.saw(.init(holder: "a", counter: 8), at: self.at(12))
        let move = try #require(lease.move(at: self.at(12)))
        #expect(move == .init(from: .init(holder: "a", counter: 8), to: .init(holder: "b", counter: 9)))
    }

    /// Whenever the write of `a` is seen, `a` has stopped before `b` may write.
    @Test(arguments: [0.0, 0.01, 0.5, 1.4])
    func theHolderStopsBeforeAnotherMayBegin(_ seenAfter: Double) throws {
        let holder = self.held("a", at: 0)
        var other = Lease(name: "route53", replica: "b")
        let record = try #require(holder.record)
        other.saw(record, at: self.at(seenAfter))
        var now = seenAfter
        while other.move(at: self.at(now)) == nil { now += 0.01 }
        #expect(now < 8 && holder.held(at: self.at(now - 0.99)) == nil)
    }

    @Test func aHolderWhoseAnswerWasLostGoesOnFromWhatIsThere() throws {
        var lease = self.held("a", at: 0)
        #expect(lease.pause(at: self.at(2), isSound: false) == Lease.retry)
        // The write of counter 2 was made, and we were not told.
        lease.refused(at: self.at(4), .init(holder: "a", counter: 2))
        #expect(lease.held(at: self.at(4.9)) == self.at(5), "no longer than before")
        #expect(lease.move(at: self.at(4.5))?.to == .init(holder: "a", counter: 3))
    }

    @Test func aLeaseThatAnotherTookIsLeftAtOnce() {
        var lease = self.held("a", at: 0)
        lease.refused(at: self.at(2), .init(holder: "b", counter: 2))
        #expect(lease.held(at: self.at(2)) == nil && lease.needsLook && lease.move(at: self.at(2)) == nil)
    }

    @Test func whatWasGivenBackIsTakenAtOnce() throws {
        let holder = self.held("a", at: 0)
        let release = try #require(holder.release(at: self.at(1)))
        #expect(holder.release(at: self.at(5)) == nil)
        var other = Lease(name: "route53", replica: "b")
        other.saw(release.to, at: self.at(1.1))
        #expect(other.move(at: self.at(1.1))?.to == .init(holder: "b", counter: 3))
    }
}

@Suite(.timeLimit(.minutes(1))) struct LeaseKeeperTests {
    /// Who works now, and the most that ever did at once.
    private final class Workers: Sendable {
        let now = Mutex<Set<Int>>([])
        let most = Mutex(0)

        func work(_ index: Int) async {
            let count = self.now.withLock {
                $0.insert(index)
                return $0.count
            }
            self.most.withLock { $0 = max($0, count) }
            while (try? await Task.sleep(for: .seconds(60))) != nil {}
            self.now.withLock { _ = $0.remove(index) }
        }
    }

    private static func keeper(_ name: String, _ table: MemoryTable) -> LeaseKeeper {
        LeaseKeeper(work: "events", replica: name, table: table, logger: Logger(label: "test"))
    }

    @Test func theWorkRunsAtOneReplicaAndMovesWhenItIsGivenBack() async throws {
        let table = MemoryTable()
        let keepers = [Self.keeper("a", table), Self.keeper("b", table)]
        let workers = Workers()
        await withTaskGroup(of: Void.self) { group in
            for (index, keeper) in keepers.enumerated() {
                group.addTask { await keeper.run { await workers.work(index) } }
            }
            for _ in 0..<500 where workers.now.withLock(\.isEmpty) { try? await Task.sleep(for: .milliseconds(10)) }
            let first = workers.now.withLock { $0.first } ?? 0
            #expect(keepers[first].status.isOurs && keepers[first].status.holder == ["a", "b"][first])
            await keepers[first].release()
            let other = 1 - first
            for _ in 0..<500 where !workers.now.withLock({ $0.contains(other) }) {
                try? await Task.sleep(for: .milliseconds(10))
            }
            #expect(workers.now.withLock { $0 } == [other])
            #expect(!keepers[first].status.isOurs)
            group.cancelAll()
        }
        #expect(workers.most.withLock { $0 } == 1 && workers.now.withLock(\.isEmpty))
    }

    @Test func aTableThatCannotBeReachedIsNoLease() async throws {
        let table = MemoryTable()
        table.failure = MemoryTable.gone
        let keeper = Self.keeper("a", table)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await keeper.run { Issue.record("it works without a lease") } }
            for _ in 0..<500 where keeper.status.error == nil { try? await Task.sleep(for: .milliseconds(10)) }
            #expect(keeper.status.error?.hasPrefix("dynamodb GetItem") == true && !keeper.status.isOurs)
            group.cancelAll()
        }
    }
}
