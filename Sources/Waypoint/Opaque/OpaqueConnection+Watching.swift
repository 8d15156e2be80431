import MeshTelemetry
import TunnelEngine

/// What is counted of a connection while it goes on, and what may end it from outside.
extension OpaqueConnection {
    func mark(_ point: RequestTiming.Point) {
        guard self.record.timing[point] == nil else { return }
        self.record.timing[point] = self.worker.microseconds(since: self.record.start)
    }

    func count() {
        let (received, sent) = (self.downstream.bytesReceived, self.downstream.bytesSent)
        if received != self.record.received.body || sent != self.record.sent.body {
            self.lastMoved = self.worker.loop.now
        }
        self.record.received = RequestRecord.Sizes(opaque: received)
        self.record.sent = RequestRecord.Sizes(opaque: sent)
        guard let upstream else { return }
        self.record.upstreamReceived = RequestRecord.Sizes(opaque: upstream.bytesReceived)
        self.record.upstreamSent = RequestRecord.Sizes(opaque: upstream.bytesSent)
    }

    /// Counts what was carried, and ends what stood still for too long.
    func sample(isReported: Bool) {
        guard self.upstream != nil, !self.isOver else { return }
        self.count()
        if isReported, self.isRelaying {
            self.worker.reporting.tick(&self.record, rules: self.inner.served.telemetry.metrics)
        }
        let most = self.cluster?.idleMilliseconds ?? 3_600_000
        if self.worker.loop.now &- self.lastMoved > most { self.fail([], "idle for \(most) ms") }
    }

    /// What was allowed may not be any more.
    func planChanged() {
        guard !self.isOver, !self.isAllowed() else { return }
        self.fail([], self.record.terminationDetails ?? "denied")
    }
}
