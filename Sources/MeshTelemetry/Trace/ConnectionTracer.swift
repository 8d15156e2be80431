import Synchronization

/// Takes the spans of ended connections from any thread and keeps them for who sends them away.
///
/// The queue is bounded: a span that finds it full is dropped and counted. Nothing here ever waits.
package final class ConnectionTracer: Sendable {
    /// How much is kept.
    package struct Limits: Sendable, Hashable {
        /// Spans that wait.
        package var spans = 2_048
        /// Spans that are sent together.
        package var batch = 512

        /// The default limits, which are OpenTelemetry's.
        package init() {}
    }

    private struct Queue {
        var spans: [ConnectionSpan] = []
        var wake: (@Sendable () -> Void)?
    }

    /// Decides which traces are recorded.
    package let sampler: TraceSampler
    private let limits: Limits
    private let queue = Mutex(Queue())
    private let droppedSpans = Counter()

    /// A tracer without spans.
    package init(sampler: TraceSampler, limits: Limits = Limits()) {
        self.sampler = sampler
        self.limits = limits
    }

    /// Spans that were lost because the queue was full, or nobody took them in time.
    package var dropped: UInt64 { self.droppedSpans.value }

    /// Spans that wait.
    package var waiting: Int { self.queue.withLock { $0.spans.count } }

    /// Sets who is called, on the adding thread, whenever a batch is full.
    package func onBatch(_ wake: @escaping @Sendable () -> Void) {
        self.queue.withLock { $0.wake = wake }
    }

    /// Adds the span of an ended connection.
    package func add(_ span: ConnectionSpan) {
        let wake: (@Sendable () -> Void)? = self.queue.withLock { queue in
            guard queue.spans.count < self.limits.spans else {
                self.droppedSpans.add()
                return nil
            }
            queue.spans.append(span)
            return queue.spans.count == self.limits.batch ? queue.wake : nil
        }
        wake?()
    }

    /// Takes the oldest spans, at most a batch.
    package func take() -> [ConnectionSpan] {
        self.queue.withLock { queue in
            let taken = Array(queue.spans.prefix(self.limits.batch))
            queue.spans.removeFirst(taken.count)
            return taken
        }
    }

    /// Counts spans that were taken and could not be sent.
    package func lost(_ count: Int) { self.droppedSpans.add(UInt64(max(0, count))) }
}
