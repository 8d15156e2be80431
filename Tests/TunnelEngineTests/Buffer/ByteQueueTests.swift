import Testing

@testable import TunnelEngine

struct ByteQueueTests {
    @Test func keepsOrderAcrossGrowthAndConsumption() {
        var random = SplitMix(state: 7)
        var queue = ByteQueue()
        var expected: [UInt8] = []
        for _ in 0..<2000 {
            let bytes = (0..<Int(random.next() % 700)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            queue.append(bytes)
            expected += bytes
            let taken = min(Int(random.next() % 1000), expected.count)
            let front = queue.withBytes { Array($0.prefix(taken)) }
            #expect(front == Array(expected.prefix(taken)))
            queue.consume(taken)
            expected.removeFirst(taken)
            let count = queue.count
            #expect(count == expected.count)
        }
    }

    @Test func consumingTooMuchEmptiesIt() {
        var queue = ByteQueue()
        queue.append([1, 2, 3])
        queue.consume(10)
        let isEmpty = queue.isEmpty
        #expect(isEmpty)
        queue.append([4])
        let left = queue.withBytes { Array($0) }
        #expect(left == [4])
    }
}
