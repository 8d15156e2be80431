import Synchronization

/// A named set of series that differ by their label values.
///
/// The number of series is bounded: once `seriesLimit` different label sets exist, further ones share one series
/// whose label values all read `overflow`, so that hostile or careless label values can't fill the memory.
package final class MetricFamily<Metric: Sendable>: Sendable {
    /// The metric's name with its unit and, for a counter, `_total`.
    package let name: String
    let help: String
    let labels: [String]
    private let seriesLimit: Int
    private let make: @Sendable () -> Metric
    private let series = Mutex<[[String]: Metric]>([:])

    init(
        name: String,
        help: String,
        labels: [String],
        seriesLimit: Int,
        make: @escaping @Sendable () -> Metric
    ) {
        self.name = name
        self.help = help
        self.labels = labels
        self.seriesLimit = seriesLimit
        self.make = make
    }

    /// The series with these label values, made when it is new.
    ///
    /// Values go with the family's label names by position. Missing values read as empty, and an empty value leaves
    /// its label out; values past the last name are ignored. Takes a lock: keep the series where it is used often.
    package func with(_ values: String...) -> Metric {
        self.series(values)
    }

    /// As ``with(_:)``, for values that are already in an array.
    package func series(_ values: [String]) -> Metric {
        let key = self.fitted(values)
        return self.series.withLock { series in
            if let known = series[key] { return known }
            let isFull = series.count >= self.seriesLimit
            let kept = isFull && !key.isEmpty ? key.map { _ in overflowLabel } : key
            if isFull, let shared = series[kept] { return shared }
            let made = self.make()
            series[kept] = made
            return made
        }
    }

    /// All series, sorted by label values so that the text is stable.
    func snapshot() -> [(values: [String], metric: Metric)] {
        let all = self.series.withLock { Array($0) }
        return all.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { (values: $0.key, metric: $0.value) }
    }

    private func fitted(_ values: [String]) -> [String] {
        if values.count == self.labels.count { return values }
        let missing = max(0, self.labels.count - values.count)
        return Array(values.prefix(self.labels.count)) + Array(repeating: "", count: missing)
    }
}

/// The value of every label of the series that takes what exceeds a family's limit.
let overflowLabel = "overflow"
