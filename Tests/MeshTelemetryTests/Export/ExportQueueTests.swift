import Synchronization
import Testing

@testable import MeshTelemetry

struct ExportQueueTests {
    private func limits(_ elements: Int, _ batch: Int) -> ExportQueue<Int>.Limits {
        var limits = ExportQueue<Int>.Limits()
        limits.elements = elements
        limits.batch = batch
        return limits
    }

    @Test func keepsOrderAndDropsTheOldest() {
        let queue = ExportQueue<Int>(limits: self.limits(5, 3))
        for number in 0..<8 { queue.add(number) }
        #expect(queue.dropped == 3)
        #expect(queue.waiting == 5)
        #expect(queue.take() == [3, 4, 5])
        queue.add(8)
        #expect(queue.take() == [6, 7, 8])
        #expect(queue.take().isEmpty)
        queue.add(9)
        #expect(queue.take() == [9])
        queue.lost(2)
        queue.lost(-1)
        #expect(queue.dropped == 5)
    }

    @Test("behaves as a simple list does")
    func model() {
        var generator = CountingGenerator()
        let queue = ExportQueue<Int>(limits: self.limits(7, 4))
        var model: [Int] = []
        for number in 0..<5_000 {
            if UInt8.random(in: 0..<4, using: &generator) == 0 {
                #expect(queue.take() == Array(model.prefix(4)))
                model.removeFirst(min(4, model.count))
            } else {
                queue.add(number)
                model.append(number)
                if model.count > 7 { model.removeFirst() }
            }
            #expect(queue.waiting == model.count)
        }
    }

    @Test func callsWhenABatchIsFull() {
        let calls = Counter()
        let queue = ExportQueue<Int>(limits: self.limits(10, 3))
        queue.onBatch { calls.add() }
        for number in 0..<5 { queue.add(number) }
        #expect(calls.value == 1)
        _ = queue.take()
        queue.add(5)
        #expect(calls.value == 2)
    }
}
