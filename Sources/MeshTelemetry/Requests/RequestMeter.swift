/// Counts requests on one thread.
///
/// Remembers the series of the labels it has seen, so that a request costs a look-up by number and a few atomic
/// additions; only a new label set takes the table's lock.
package final class RequestMeter {
    private struct Known: Hashable {
        let labels: RequestLabels
        let group: ObjectIdentifier
        let worked: [String]
    }

    /// How many series are remembered; then all are forgotten and found again.
    private static let maximumKnown = 8_192

    private let metrics: RequestMetrics
    private var known: [Known: RequestSeries] = [:]
    /// Groups behind the identifiers in `known`: as long as they live, no other object has their identity.
    private var groups: [ObjectIdentifier: MetricGroup] = [:]
    private var generation: UInt64 = 0

    /// A meter that has seen nothing.
    package init(_ metrics: RequestMetrics) {
        self.metrics = metrics
    }

    /// Counts what has happened so far of a stream that goes on: bytes and the opening of an opaque connection, messages
    /// of gRPC. For the ticks of the reporting interval, 5 seconds by default.
    package func tick(_ record: inout RequestRecord, rules: MetricRules = .standard) {
        for group in rules.groups { self.progress(record, group) }
        Self.note(&record)
    }

    /// Counts the end of a request or connection; a second call for the same record counts nothing.
    package func end(_ record: inout RequestRecord, rules: MetricRules = .standard) {
        guard !record.reported.isEnded else { return }
        var isOverflow = false
        for group in rules.groups {
            self.progress(record, group)
            let mask = group.mask
            if record.kind == .tcp {
                guard mask.has(.tcpClosed) else { continue }
                let series = self.series(record, group)
                series.add(.tcpClosed)
                isOverflow = isOverflow || series.isOverflow
            } else {
                guard !mask.isDisjoint(with: Self.perRequest) else { continue }
                let series = self.series(record, group)
                isOverflow = isOverflow || series.isOverflow
                if mask.has(.requestCount) { series.add(.requestCount) }
                if mask.has(.requestDuration) { series.observe(.requestDuration, record.microseconds) }
                if mask.has(.requestSize) { series.observe(.requestSize, record.received.wire) }
                if mask.has(.responseSize) { series.observe(.responseSize, record.sent.wire) }
            }
        }
        if isOverflow { self.metrics.countOverflow() }
        Self.note(&record)
        record.reported.isEnded = true
    }

    private static let perRequest: RequestMetric.Mask = [
        .init(.requestCount), .init(.requestDuration), .init(.requestSize), .init(.responseSize),
    ]

    private func progress(_ record: RequestRecord, _ group: MetricGroup) {
        let mask = group.mask
        let reported = record.reported
        func add(_ metric: RequestMetric, _ amount: UInt64) {
            if amount > 0, mask.has(metric) { self.series(record, group).add(metric, amount) }
        }
        /// What came since; totals only grow.
        func since(_ before: UInt64, _ now: UInt64) -> UInt64 { now > before ? now - before : 0 }
        switch record.kind {
        case .tcp:
            if !reported.isOpened { add(.tcpOpened, 1) }
            add(.tcpSent, since(reported.sent, record.sent.body))
            add(.tcpReceived, since(reported.received, record.received.body))
        case .http where record.isGRPC:
            add(.requestMessages, since(reported.requestMessages, record.requestMessages))
            add(.responseMessages, since(reported.responseMessages, record.responseMessages))
        case .http: break
        }
    }

    private static func note(_ record: inout RequestRecord) {
        record.reported.isOpened = true
        record.reported.sent = record.sent.body
        record.reported.received = record.received.body
        record.reported.requestMessages = record.requestMessages
        record.reported.responseMessages = record.responseMessages
    }

    private func series(_ record: RequestRecord, _ group: MetricGroup) -> RequestSeries {
        let generation = self.metrics.currentGeneration
        if generation != self.generation || self.known.count >= Self.maximumKnown {
            self.generation = generation
            self.known.removeAll(keepingCapacity: true)
            self.groups.removeAll(keepingCapacity: true)
        }
        let key = Known(
            labels: RequestLabels(record),
            group: ObjectIdentifier(group),
            worked: group.worked(record)
        )
        if let known = self.known[key] { return known }
        let found = self.metrics.series(group.key(key.labels, record))
        self.known[key] = found
        self.groups[key.group] = group
        return found
    }
}
