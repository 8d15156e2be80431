import Synchronization
import Testing

@testable import ControlPlane

@Suite(.timeLimit(.minutes(1))) struct JoinTurnsTests {
    private let turns = JoinTurns(bytes: 10)
    private let order = Log()

    private final class Log: Sendable {
        private let names = Mutex<[String]>([])
        func add(_ name: String) { self.names.withLock { $0.append(name) } }
        var all: [String] { self.names.withLock { $0 } }
    }

    /// Starts a task that takes a turn, and returns when it has it or waits for it.
    private func start(_ name: String, _ bytes: Int) async -> Task<JoinTurns.Turn, Never> {
        let known = self.turns.waiting + self.order.all.count
        let task = Task {
            let turn = await self.turns.take(bytes: bytes)
            self.order.add(name)
            return turn
        }
        while self.turns.waiting + self.order.all.count == known { await Task.yield() }
        return task
    }

    @Test func whoComesFirstGoesFirst() async {
        let large = await self.start("large", 6)
        let second = await self.start("second", 6)
        let small = await self.start("small", 1)
        #expect(self.order.all == ["large"])
        #expect(self.turns.waiting == 2, "the small one does not overtake")
        await large.value.end()
        await second.value.end()
        await small.value.end()
        #expect(Set(self.order.all) == ["large", "second", "small"])
        // All bytes are free again, once.
        await large.value.end()
        let whole = await self.start("whole", 10)
        let none = await self.start("late", 1)
        #expect(self.turns.waiting == 1)
        await whole.value.end()
        await none.value.end()
    }

    @Test func oneThatIsLargerThanAllGoesAlone() async {
        let small = await self.start("small", 1)
        let huge = await self.start("huge", 1000)
        #expect(self.turns.waiting == 1)
        await small.value.end()
        let turn = await huge.value
        let next = await self.start("next", 1)
        #expect(self.turns.waiting == 1)
        turn.end()
        await next.value.end()
    }

    @Test func whoIsCancelledWaitsNoLonger() async {
        let first = await self.start("first", 10)
        let second = await self.start("second", 10)
        second.cancel()
        await second.value.end()
        #expect(self.turns.waiting == 0)
        await first.value.end()
        await self.start("third", 10).value.end()
    }
}
