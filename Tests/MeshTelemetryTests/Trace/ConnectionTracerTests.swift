import Synchronization
import Testing

@testable import MeshTelemetry

struct ConnectionTracerTests {
    private func span(_ start: UInt64) -> ConnectionSpan {
        var generator = SystemRandomNumberGenerator()
        return ConnectionSpan(
            context: TraceContext(using: &generator),
            caller: nil,
            kind: .client,
            start: start,
            end: start
        )
    }

    @Test func givesSpansInOrderAndABatchAtATime() {
        var limits = ConnectionTracer.Limits()
        limits.batch = 3
        let tracer = ConnectionTracer(sampler: TraceSampler(), limits: limits)
        for start in 0..<5 { tracer.add(self.span(UInt64(start))) }
        #expect(tracer.take().map(\.start) == [0, 1, 2])
        #expect(tracer.take().map(\.start) == [3, 4])
        #expect(tracer.take().isEmpty)
    }

    @Test func dropsAndCountsWhatFindsTheQueueFull() {
        var limits = ConnectionTracer.Limits()
        limits.spans = 4
        let tracer = ConnectionTracer(sampler: TraceSampler(), limits: limits)
        for start in 0..<10 { tracer.add(self.span(UInt64(start))) }
        #expect(tracer.dropped == 6)
        #expect(tracer.take().map(\.start) == [0, 1, 2, 3])
        tracer.lost(4)
        #expect(tracer.dropped == 10)
    }

    @Test func callsOnceForEachFullBatch() {
        var limits = ConnectionTracer.Limits()
        limits.batch = 2
        let tracer = ConnectionTracer(sampler: TraceSampler(), limits: limits)
        let calls = Calls()
        tracer.onBatch { calls.count.add(1, ordering: .relaxed) }
        for start in 0..<3 { tracer.add(self.span(UInt64(start))) }
        #expect(calls.count.load(ordering: .relaxed) == 1)
        _ = tracer.take()
        tracer.add(self.span(9))
        #expect(calls.count.load(ordering: .relaxed) == 2)
    }

    private final class Calls: Sendable {
        let count = Atomic(0)
    }
}
