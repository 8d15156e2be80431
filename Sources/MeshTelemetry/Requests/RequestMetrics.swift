import Synchronization

/// Istio's metrics of a waypoint: `istio_requests_total` and its kin, and those of opaque connections.
///
/// Holds the series; a ``RequestMeter`` a thread finds them without a lock. Series are bounded in number: what has no
/// place is counted under labels that read `other`. Series that stand still are let go once their last counts have been
/// shown, so that a scraper never sees a count fall, nor misses one.
///
/// Not to be used in one registry with ``ConnectionMetrics``, whose families have the same names.
package final class RequestMetrics: Sendable {
    /// How much is kept.
    package struct Limits: Sendable, Hashable {
        /// Series of each metric; further label sets share one that reads `other`.
        package var series = 20_000
        /// How long a series is kept that doesn't change; 0 keeps all for ever.
        package var idleSeconds: UInt64 = 1_800
        /// Bounds of the duration's histogram, in milliseconds.
        package var durationBounds = RequestBuckets.standard
        /// Bounds of the histograms of sizes, in bytes.
        package var byteBounds = RequestBuckets.standard

        /// The default limits.
        package init() {}
    }

    private struct Table {
        var http: [SeriesKey: RequestSeries] = [:]
        var tcp: [SeriesKey: RequestSeries] = [:]
        var httpOverflow: RequestSeries?
        var tcpOverflow: RequestSeries?
        var made: UInt64 = 0
        /// When still series were last looked for because the table was full.
        var swept: UInt64?
        /// What is let go at the next look unless somebody counts in it until then.
        var leaving: Set<UInt64> = []
    }

    let layout: RequestSeries.Layout
    private let limits: Limits
    private let clock: @Sendable () -> UInt64
    private let table = Mutex(Table())
    private let overflowed: Counter
    /// Changes whenever series are about to be let go: then meters forget the series that they know.
    private let generation = Atomic<UInt64>(0)

    /// Adds the metrics to `registry`.
    /// - Parameter clock: seconds that never go back.
    package init(
        registry: MetricsRegistry,
        limits: Limits = Limits(),
        clock: @escaping @Sendable () -> UInt64 = ConnectionMetrics.uptime
    ) {
        self.limits = limits
        self.clock = clock
        self.layout = RequestSeries.Layout(
            duration: RequestBuckets(limits.durationBounds, isDuration: true),
            bytes: RequestBuckets(limits.byteBounds, isDuration: false)
        )
        self.overflowed =
            registry.counters(
                "tulle_request_series_overflowed_total",
                help: "Requests and connections counted under labels that read other, as there are too many label sets."
            ).with()
        registry.register(RequestExposition(metrics: self))
    }

    /// Which series may be remembered; see ``RequestMeter``.
    var currentGeneration: UInt64 { self.generation.load(ordering: .acquiring) }

    /// The series of a key, made when it is new.
    func series(_ key: SeriesKey) -> RequestSeries {
        self.table.withLock { table in
            if let known = key.isTCP ? table.tcp[key] : table.http[key] {
                table.leaving.remove(known.number)
                return known
            }
            self.makeRoom(&table, isTCP: key.isTCP)
            if key.isTCP ? table.tcp.count < self.limits.series : table.http.count < self.limits.series {
                let made = self.make(key, isOverflow: false, &table)
                if key.isTCP { table.tcp[key] = made } else { table.http[key] = made }
                return made
            }
            if let shared = key.isTCP ? table.tcpOverflow : table.httpOverflow { return shared }
            let made = self.make(Self.overflow(isTCP: key.isTCP), isOverflow: true, &table)
            if key.isTCP { table.tcpOverflow = made } else { table.httpOverflow = made }
            return made
        }
    }

    /// Notes that a request or connection was counted under `other`.
    func countOverflow() { self.overflowed.add() }

    private func make(_ key: SeriesKey, isOverflow: Bool, _ table: inout Table) -> RequestSeries {
        table.made += 1
        return RequestSeries(
            key: key,
            number: table.made,
            isOverflow: isOverflow,
            layout: self.layout,
            now: self.clock()
        )
    }

    private static func overflow(isTCP: Bool) -> SeriesKey {
        let names = isTCP ? RequestLabels.tcpNames : RequestLabels.httpNames
        let values = names.map { name in
            switch name {
            case "reporter": "waypoint"
            case "request_protocol" where isTCP: "tcp"
            default: "other"
            }
        }
        return SeriesKey(names: names, values: values, isTCP: isTCP)
    }

    // MARK: Letting go

    /// All series in the order in which they were made.
    func all() -> [RequestSeries] {
        var all = self.table.withLock { table in
            Array(table.http.values) + Array(table.tcp.values)
                + [table.httpOverflow, table.tcpOverflow].compactMap { $0 }
        }
        all.sort { $0.number < $1.number }
        return all
    }

    /// Notes what a text showed: the sums of counts by series.
    func shown(_ totals: [(series: RequestSeries, total: UInt64)]) {
        self.table.withLock { table in
            for (series, total) in totals { series.shown = total }
            self.letGo(&table, mustBeShown: true)
        }
    }

    /// Looks for still series when the table is full. That walks over all of them, so it is done rarely.
    private func makeRoom(_ table: inout Table, isTCP: Bool) {
        guard (isTCP ? table.tcp.count : table.http.count) >= self.limits.series else { return }
        let now = self.clock()
        let pause = min(60, max(1, self.limits.idleSeconds / 8))
        if let swept = table.swept, now < swept + pause { return }
        table.swept = now
        self.letGo(&table, mustBeShown: false)
    }

    /// Lets go in two steps, so that no thread counts in a series that is gone already: the first makes the meters
    /// forget what they know, the second removes what still stands.
    private func letGo(_ table: inout Table, mustBeShown: Bool) {
        guard self.limits.idleSeconds > 0 else { return }
        let now = self.clock()
        var leaving: Set<UInt64> = []
        func stays(_ series: RequestSeries) -> Bool {
            let total = series.total
            if total != series.lastTotal {
                series.lastTotal = total
                series.lastChange = now
            }
            let isStill = now >= series.lastChange && now - series.lastChange >= self.limits.idleSeconds
            guard isStill, !mustBeShown || series.shown == total else { return true }
            if table.leaving.contains(series.number) { return false }
            leaving.insert(series.number)
            return true
        }
        let http = table.http.filter { stays($0.value) }
        let tcp = table.tcp.filter { stays($0.value) }
        // A filtered dictionary is a copy: keep the old one where nothing left.
        if http.count != table.http.count { table.http = http }
        if tcp.count != table.tcp.count { table.tcp = tcp }
        table.leaving = leaving
        if !leaving.isEmpty { self.generation.wrappingAdd(1, ordering: .releasing) }
    }
}
