import Synchronization

/// All metrics of a program, and their text.
///
/// Metrics are made at start-up and used from any thread. Families without series are left out of the text. Who asks
/// twice for the same name and type gets the same family, so that several workloads of one process share it.
package final class MetricsRegistry: Sendable {
    private let seriesLimit: Int
    private let stable: Set<String>?
    private let families = Mutex<[any Readable]>([])

    /// Makes an empty registry.
    /// - Parameters:
    ///   - seriesLimit: how many series a family may hold before the rest share the overflow series.
    ///   - stable: the families that are promised to stay; all others say `(unstable)` in their help. With nil none
    ///     says anything.
    package init(seriesLimit: Int = 2_000, stable: Set<String>? = nil) {
        self.seriesLimit = max(1, seriesLimit)
        self.stable = stable
    }

    /// The names of all families, in the order in which they were added.
    package var names: [String] { self.families.withLock { $0.flatMap(\.names) } }

    /// Adds counters under `name`, which ends in `_total`.
    package func counters(_ name: String, help: String, labels: [String] = []) -> MetricFamily<Counter> {
        self.add(
            MetricFamily(name: name, help: help, labels: labels, seriesLimit: self.seriesLimit) { Counter() }
        )
    }

    /// Adds gauges under `name`.
    package func gauges(_ name: String, help: String, labels: [String] = []) -> MetricFamily<Gauge> {
        self.add(MetricFamily(name: name, help: help, labels: labels, seriesLimit: self.seriesLimit) { Gauge() })
    }

    /// Adds histograms under `name`, all with the same upper bounds.
    package func histograms(
        _ name: String,
        help: String,
        labels: [String] = [],
        bounds: [Double]
    ) -> MetricFamily<Histogram> {
        self.add(
            MetricFamily(name: name, help: help, labels: labels, seriesLimit: self.seriesLimit) {
                Histogram(bounds: bounds)
            }
        )
    }

    /// Adds a gauge that is read when the text is made; `read` gives nil to leave it out.
    ///
    /// `read` runs on the thread that serves the text and must not block. A later one of the same name replaces it.
    package func sampled(_ name: String, help: String, read: @escaping @Sendable () -> Double?) {
        self.sampled(name, help: help, labels: []) { read().map { [(values: [], value: $0)] } ?? [] }
    }

    /// Adds gauges that are read when the text is made.
    /// - Parameter read: gives the series with the values of `labels`; runs on the thread that serves the text.
    package func sampled(
        _ name: String,
        help: String,
        labels: [String],
        read: @escaping @Sendable () -> [(values: [String], value: Double)]
    ) {
        self.register(SampledFamily(name: name, help: help, labels: labels, isCounter: false, read: read))
    }

    /// Adds a counter that is read when the text is made; its name ends in `_total`.
    package func sampledCounter(_ name: String, help: String, read: @escaping @Sendable () -> UInt64) {
        self.sampledCounter(name, help: help, labels: []) { [(values: [], value: Double(read()))] }
    }

    /// Adds counters that are read when the text is made; the name ends in `_total`.
    package func sampledCounter(
        _ name: String,
        help: String,
        labels: [String],
        read: @escaping @Sendable () -> [(values: [String], value: Double)]
    ) {
        self.register(SampledFamily(name: name, help: help, labels: labels, isCounter: true, read: read))
    }

    /// Adds counters that are read when the text is made, with label values by position; the name ends in `_total`.
    package func sampledCounters(
        _ name: String,
        help: String,
        labels: [String],
        read: @escaping @Sendable () -> [(values: [String], count: UInt64)]
    ) {
        self.sampledCounter(name, help: help, labels: labels) {
            read().map { (values: $0.values, value: Double($0.count)) }
        }
    }

    /// The text of all metrics, families in the order in which they were added.
    package func exposition(_ format: ExpositionFormat) -> [UInt8] {
        var text = self.text(format)
        var bytes: [UInt8] = []
        while let piece = text.next() { bytes += piece }
        return bytes
    }

    /// The same text piece by piece, so that a large one never stands in memory as a whole.
    package func text(_ format: ExpositionFormat) -> MetricsText {
        MetricsText(readings: self.read(), format: format, stable: self.stable)
    }

    /// The values of all metrics, family by family.
    package func read() -> MetricReadings { MetricReadings(families: self.families.withLock { $0 }) }

    func register(_ family: any Readable) {
        self.families.withLock { families in
            if let index = families.firstIndex(where: { $0.names == family.names }) {
                families[index] = family
            } else {
                families.append(family)
            }
        }
    }

    private func add<Metric>(_ family: MetricFamily<Metric>) -> MetricFamily<Metric> {
        self.families.withLock { families in
            guard let index = families.firstIndex(where: { $0.names == family.names }) else {
                families.append(family)
                return family
            }
            if let known = families[index] as? MetricFamily<Metric> { return known }
            families[index] = family
            return family
        }
    }
}

/// A family whose series are asked for when they are shown.
private struct SampledFamily: Readable {
    let name: String
    let help: String
    let labels: [String]
    let isCounter: Bool
    let read: @Sendable () -> [(values: [String], value: Double)]

    var names: [String] { [self.name] }

    func read(piece: Int) -> MetricReading? {
        let points = self.read().map { one in
            // Counts are shown whole; a double holds them exactly up to 2^53.
            let whole = self.isCounter ? UInt64(exactly: one.value) : nil
            return MetricReading.Point(
                names: self.labels,
                values: one.values,
                value: whole.map { .count($0) } ?? .number(one.value)
            )
        }
        return MetricReading(
            name: self.name,
            help: self.help,
            kind: self.isCounter ? .counter : .gauge,
            points: points
        )
    }
}
