package import MeshTelemetry

/// What an exporter sends. Used on the exporter's loop only.
package protocol OTLPSource: AnyObject {
    /// What kind it is.
    var signal: OTLPSignal { get }
    /// Elements that wait, or at least one while there are any.
    var waiting: Int { get }
    /// Elements that were lost.
    var dropped: UInt64 { get }
    /// Takes the next batch as an encoded request; nil when there is nothing.
    func take(as sender: OTLPSender) -> (bytes: [UInt8], count: Int)?
    /// Counts elements that were taken and could not be sent.
    func lost(_ count: Int)
    /// Sets who is called, on any thread, whenever a batch is full.
    func onBatch(_ wake: @escaping @Sendable () -> Void)
    /// The process ends: all that is known now must still be taken.
    func prepareLast()
}

extension OTLPSource {
    /// Nothing: what waits is taken anyway.
    package func prepareLast() {}
}

/// Spans of connections.
package final class ConnectionSpanSource: OTLPSource {
    private let tracer: ConnectionTracer

    /// Sends what a tracer keeps.
    package init(_ tracer: ConnectionTracer) { self.tracer = tracer }

    package let signal = OTLPSignal.traces
    package var waiting: Int { self.tracer.waiting }
    package var dropped: UInt64 { self.tracer.dropped }
    package func lost(_ count: Int) { self.tracer.lost(count) }
    package func onBatch(_ wake: @escaping @Sendable () -> Void) { self.tracer.onBatch(wake) }

    package func take(as sender: OTLPSender) -> (bytes: [UInt8], count: Int)? {
        let spans = self.tracer.take()
        return spans.isEmpty ? nil : (SpanEncoding.request(spans, sender: sender), spans.count)
    }
}

/// Spans of requests.
package final class RequestSpanSource: OTLPSource {
    private let queue: ExportQueue<RequestSpan>

    /// Sends what a queue keeps.
    package init(_ queue: ExportQueue<RequestSpan>) { self.queue = queue }

    package let signal = OTLPSignal.traces
    package var waiting: Int { self.queue.waiting }
    package var dropped: UInt64 { self.queue.dropped }
    package func lost(_ count: Int) { self.queue.lost(count) }
    package func onBatch(_ wake: @escaping @Sendable () -> Void) { self.queue.onBatch(wake) }

    package func take(as sender: OTLPSender) -> (bytes: [UInt8], count: Int)? {
        let spans = self.queue.take()
        return spans.isEmpty ? nil : (SpanEncoding.request(spans, sender: sender), spans.count)
    }
}

/// Lines of access logs.
package final class AccessLogSource: OTLPSource {
    private let queue: ExportQueue<AccessLogRecord>

    /// Sends what a queue keeps.
    package init(_ queue: ExportQueue<AccessLogRecord>) { self.queue = queue }

    package let signal = OTLPSignal.logs
    package var waiting: Int { self.queue.waiting }
    package var dropped: UInt64 { self.queue.dropped }
    package func lost(_ count: Int) { self.queue.lost(count) }
    package func onBatch(_ wake: @escaping @Sendable () -> Void) { self.queue.onBatch(wake) }

    package func take(as sender: OTLPSender) -> (bytes: [UInt8], count: Int)? {
        let records = self.queue.take()
        guard !records.isEmpty else { return nil }
        let bytes = LogEncoding.request(records, observed: WallClock.nanoseconds, sender: sender)
        return (bytes, records.count)
    }
}
