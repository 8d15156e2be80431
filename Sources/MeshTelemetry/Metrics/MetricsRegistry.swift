import Synchronization

/// All metrics of a program, and their text.
///
/// Metrics are made at start-up and used from any thread. Families without series are left out of the text.
package final class MetricsRegistry: Sendable {
    private let seriesLimit: Int
    private let families = Mutex<[any Expositional]>([])

    /// Makes an empty registry.
    /// - Parameter seriesLimit: how many series a family may hold before the rest share the overflow series.
    package init(seriesLimit: Int = 2_000) {
        self.seriesLimit = max(1, seriesLimit)
    }

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
    /// `read` runs on the thread that serves the text and must not block.
    package func sampled(_ name: String, help: String, read: @escaping @Sendable () -> Double?) {
        self.register(SampledGauge(name: name, help: help, read: read))
    }

    /// Adds a counter that is read when the text is made; its name ends in `_total`.
    package func sampledCounter(_ name: String, help: String, read: @escaping @Sendable () -> UInt64) {
        self.register(SampledCounter(name: name, help: help, read: read))
    }

    /// Adds counters that are read when the text is made, with label values by position; the name ends in `_total`.
    package func sampledCounters(
        _ name: String,
        help: String,
        labels: [String],
        read: @escaping @Sendable () -> [(values: [String], count: UInt64)]
    ) {
        self.register(SampledCounters(name: name, help: help, labels: labels, read: read))
    }

    /// The text of all metrics, families in the order in which they were added.
    package func exposition(_ format: ExpositionFormat) -> [UInt8] {
        let families = self.families.withLock { $0 }
        var writer = ExpositionWriter(format: format)
        for family in families {
            family.write(to: &writer)
        }
        return writer.finished()
    }

    func register(_ family: any Expositional) {
        self.families.withLock { $0.append(family) }
    }

    private func add<Metric>(_ family: MetricFamily<Metric>) -> MetricFamily<Metric> {
        self.register(family)
        return family
    }
}

/// Something that writes itself as part of the metrics text.
protocol Expositional: Sendable {
    func write(to writer: inout ExpositionWriter)
}

/// A gauge whose value is asked for when it is shown.
private struct SampledGauge: Expositional {
    let name: String
    let help: String
    let read: @Sendable () -> Double?

    func write(to writer: inout ExpositionWriter) {
        guard let value = self.read() else { return }
        writer.family(self.name, help: self.help, type: "gauge")
        writer.sample(self.name, names: [], values: [], value: ExpositionWriter.text(value))
    }
}

/// A counter whose value is asked for when it is shown.
private struct SampledCounter: Expositional {
    let name: String
    let help: String
    let read: @Sendable () -> UInt64

    func write(to writer: inout ExpositionWriter) {
        writer.family(self.name, help: self.help, type: "counter")
        writer.sample(self.name, names: [], values: [], value: "\(self.read())")
    }
}

/// Counters whose values are asked for when they are shown.
private struct SampledCounters: Expositional {
    let name: String
    let help: String
    let labels: [String]
    let read: @Sendable () -> [(values: [String], count: UInt64)]

    func write(to writer: inout ExpositionWriter) {
        let series = self.read()
        guard !series.isEmpty else { return }
        writer.family(self.name, help: self.help, type: "counter")
        for (values, count) in series {
            writer.sample(self.name, names: self.labels, values: values, value: "\(count)")
        }
    }
}
