import Synchronization

/// Istio's TCP metrics: `istio_tcp_connections_opened_total` and its kin.
package final class ConnectionMetrics: Sendable {
    /// A connection's labels together with how it ended.
    private struct EndKey: Hashable {
        var labels: ConnectionLabels
        var flag: ConnectionLabels.Flag
    }

    private let seriesLimit: Int
    private let open = Mutex<[ConnectionLabels: ConnectionSeries]>([:])
    private let ends = Mutex<[EndKey: Counter]>([:])
    private let sockets: MetricFamily<Gauge>

    /// Adds the metrics to `registry`.
    /// - Parameter seriesLimit: how many different label sets are kept; further ones share one that reads `overflow`.
    package init(registry: MetricsRegistry, seriesLimit: Int = 1_000) {
        self.seriesLimit = max(1, seriesLimit)
        self.sockets = registry.gauges(
            "istio_tcp_sockets_open",
            help: "Sockets open on the data path.",
            labels: ["reporter"]
        )
        registry.register(self)
    }

    /// The gauge of sockets that are open on `reporter`'s side.
    package func openSockets(_ reporter: ConnectionLabels.Reporter) -> Gauge {
        self.sockets.with(reporter.rawValue)
    }

    /// Counts a connection whose routing is decided, and gives the counters for its bytes.
    package func opened(_ labels: ConnectionLabels) -> ConnectionSeries {
        let series = self.open.withLock { open in
            if let known = open[labels] { return known }
            let kept = open.count >= self.seriesLimit ? Self.overflow(labels.reporter) : labels
            if let shared = open[kept] { return shared }
            let made = ConnectionSeries()
            open[kept] = made
            return made
        }
        series.opened.add()
        return series
    }

    /// Counts the end of a connection that ``opened(_:)`` counted.
    package func closed(_ labels: ConnectionLabels, flag: ConnectionLabels.Flag) {
        let counter = self.ends.withLock { ends in
            let key = EndKey(labels: labels, flag: flag)
            if let known = ends[key] { return known }
            let isFull = ends.count >= self.seriesLimit * 2
            let kept = isFull ? EndKey(labels: Self.overflow(labels.reporter), flag: flag) : key
            if let shared = ends[kept] { return shared }
            let made = Counter()
            ends[kept] = made
            return made
        }
        counter.add()
    }

    private static func overflow(_ reporter: ConnectionLabels.Reporter) -> ConnectionLabels {
        var labels = ConnectionLabels(reporter: reporter)
        labels.source.name = overflowLabel
        labels.destination.name = overflowLabel
        labels.service = overflowLabel
        return labels
    }
}

extension ConnectionMetrics: Expositional {
    func write(to writer: inout ExpositionWriter) {
        let open = self.open.withLock { open in open.map { (values: $0.key.values(flag: .none), series: $0.value) } }
            .sorted { $0.values.lexicographicallyPrecedes($1.values) }
        let ends = self.ends.withLock { ends in
            ends.map { (flag: $0.key.flag, values: $0.key.labels.values(flag: $0.key.flag), count: $0.value.value) }
        }
        .sorted { $0.values.lexicographicallyPrecedes($1.values) }

        Self.write(
            "istio_tcp_connections_opened_total",
            "Connections opened.",
            open.map { (values: $0.values, count: $0.series.opened.value) },
            to: &writer
        )
        Self.write(
            "istio_tcp_connections_closed_total",
            "Connections closed.",
            ends.map { (values: $0.values, count: $0.count) },
            to: &writer
        )
        Self.write(
            "istio_tcp_connections_failed_total",
            "Connections that ended with a failure.",
            ends.filter { $0.flag != .none }.map { (values: $0.values, count: $0.count) },
            to: &writer
        )
        Self.write(
            "istio_tcp_received_bytes_total",
            "Bytes from client to server.",
            open.map { (values: $0.values, count: $0.series.received.value) },
            to: &writer
        )
        Self.write(
            "istio_tcp_sent_bytes_total",
            "Bytes from server to client.",
            open.map { (values: $0.values, count: $0.series.sent.value) },
            to: &writer
        )
    }

    private static func write(
        _ name: String,
        _ help: String,
        _ samples: [(values: [String], count: UInt64)],
        to writer: inout ExpositionWriter
    ) {
        guard !samples.isEmpty else { return }
        writer.family(name, help: help, type: "counter")
        for sample in samples {
            writer.sample(name, names: ConnectionLabels.names, values: sample.values, value: "\(sample.count)")
        }
    }
}
