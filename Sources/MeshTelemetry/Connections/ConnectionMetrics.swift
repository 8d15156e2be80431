import Glibc
import Synchronization

/// Istio's TCP metrics: `istio_tcp_connections_opened_total` and its kin.
///
/// Series are bounded in number, and those of workloads that went away are let go: once nothing is open, nothing
/// happened for a while and the last counts have been shown. So a scraper never sees a count fall, nor misses one.
package final class ConnectionMetrics: Sendable {
    /// How much is kept.
    package struct Limits: Sendable, Hashable {
        /// Different label sets; further ones share one that reads `overflow`.
        package var series = 1_000
        /// How long a label set is kept after its last connection began or ended.
        package var idleSeconds: UInt64 = 1_800

        /// The default limits.
        package init() {}
    }

    /// The families that Istio promises to keep.
    package static let stableNames: Set<String> = [
        "istio_tcp_connections_opened_total", "istio_tcp_connections_closed_total", "istio_tcp_received_bytes_total",
        "istio_tcp_sent_bytes_total",
    ]

    private struct Table {
        var series: [ConnectionLabels: ConnectionSeries] = [:]
        /// What takes the connections whose labels have no place any more, one a reporter.
        var overflow: [ConnectionLabels.Reporter: ConnectionSeries] = [:]
        /// When idle series were last looked for because the table was full.
        var swept: UInt64?
    }

    private let limits: Limits
    private let clock: @Sendable () -> UInt64
    private let table = Mutex(Table())
    private let sockets: MetricFamily<Gauge>
    private let failures: MetricFamily<Counter>

    /// Adds the metrics to `registry`.
    /// - Parameter clock: seconds that never go back.
    package init(
        registry: MetricsRegistry,
        limits: Limits = Limits(),
        clock: @escaping @Sendable () -> UInt64 = ConnectionMetrics.uptime
    ) {
        self.limits = limits
        self.clock = clock
        self.sockets = registry.gauges(
            "istio_tcp_sockets_open",
            help: "Sockets open on the data path.",
            labels: ["reporter"]
        )
        self.failures = registry.counters(
            "tulle_connection_failures_total",
            help: "Connections that failed, by the code that the access log shows; also those refused early.",
            labels: ["reporter", "code"]
        )
        registry.register(ConnectionExposition(metrics: self))
    }

    /// Seconds since the machine started.
    package static let uptime: @Sendable () -> UInt64 = {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(max(0, time.tv_sec))
    }

    /// The gauge of sockets that are open on `reporter`'s side.
    package func openSockets(_ reporter: ConnectionLabels.Reporter) -> Gauge {
        self.sockets.with(reporter.rawValue)
    }

    /// Counts a connection that failed; `code` is one of docs/errors.md.
    package func failed(_ reporter: ConnectionLabels.Reporter, code: String) {
        self.failures.with(reporter.rawValue, code).add()
    }

    /// Counts a connection whose routing is decided, and gives the counters for its bytes and its end.
    package func opened(_ labels: ConnectionLabels) -> ConnectionSeries {
        self.table.withLock { table in
            let series = self.find(labels, in: &table)
            // Within the lock: a series with an open connection is never let go.
            series.begin()
            return series
        }
    }

    private func find(_ labels: ConnectionLabels, in table: inout Table) -> ConnectionSeries {
        if let known = table.series[labels] { return known }
        let now = self.clock()
        if table.series.count >= self.limits.series, table.swept != now {
            table.swept = now
            table.series = table.series.filter { !$0.value.isIdle(for: self.limits.idleSeconds, mustBeShown: false) }
        }
        guard table.series.count >= self.limits.series else {
            let made = ConnectionSeries(labels: labels, clock: self.clock)
            table.series[labels] = made
            return made
        }
        if let shared = table.overflow[labels.reporter] { return shared }
        let made = ConnectionSeries(labels: Self.overflow(labels.reporter), clock: self.clock)
        table.overflow[labels.reporter] = made
        return made
    }

    /// All series in the order of their labels.
    fileprivate var sorted: [(values: [String], series: ConnectionSeries)] {
        self.table.withLock { Array($0.series.values) + Array($0.overflow.values) }
            .map { (values: $0.labels.values(flag: .none), series: $0) }
            .sorted { $0.values.lexicographicallyPrecedes($1.values) }
    }

    /// Lets go what nobody needs any more, now that all counts have been shown.
    fileprivate func expire() {
        self.table.withLock { table in
            table.series = table.series.filter { !$0.value.isIdle(for: self.limits.idleSeconds, mustBeShown: true) }
        }
    }

    private static func overflow(_ reporter: ConnectionLabels.Reporter) -> ConnectionLabels {
        var labels = ConnectionLabels(reporter: reporter)
        labels.source.name = overflowLabel
        labels.destination.name = overflowLabel
        labels.service = overflowLabel
        return labels
    }
}

/// The families that share the connection labels, one a piece.
private struct ConnectionExposition: Readable {
    let metrics: ConnectionMetrics

    let names = [
        "istio_tcp_connections_opened_total", "istio_tcp_connections_closed_total",
        "istio_tcp_connections_failed_total", "istio_tcp_received_bytes_total", "istio_tcp_sent_bytes_total",
    ]
    private let helps = [
        "Connections opened.", "Connections closed.", "Connections that ended with a failure.",
        "Bytes from client to server.", "Bytes from server to client.",
    ]

    var pieceCount: Int { self.names.count }

    func read(piece: Int) -> MetricReading? {
        guard self.names.indices.contains(piece) else { return nil }
        var points: [MetricReading.Point] = []
        func add(_ values: [String], _ count: UInt64) {
            points.append(MetricReading.Point(names: ConnectionLabels.names, values: values, value: .count(count)))
        }
        for (values, series) in self.metrics.sorted {
            switch piece {
            case 0: add(values, series.opened.value)
            case 1, 2:
                for (flag, count) in series.closedByFlag where piece == 1 || flag != .none {
                    add(series.labels.values(flag: flag), count)
                }
            case 3: add(values, series.received.value)
            default:
                add(values, series.sent.value)
                series.markShown()
            }
        }
        if piece == self.names.count - 1 { self.metrics.expire() }
        return MetricReading(name: self.names[piece], help: self.helps[piece], kind: .counter, points: points)
    }
}
