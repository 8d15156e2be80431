import Synchronization

/// The counts of all request metrics that share one set of labels.
///
/// All counts stand in one allocation, and counting is a few relaxed atomic additions from any thread.
///
/// `@unchecked Sendable`: the pointer is set once, its memory lives as long as the object and holds nothing but
/// atomics; what else changes is changed under the table's lock.
final class RequestSeries: @unchecked Sendable {
    /// Where the counts of a kind of series stand.
    struct Layout: Sendable {
        let duration: RequestBuckets
        let bytes: RequestBuckets

        /// Counts without the histograms.
        static let plainCount = RequestMetric.allCases.count

        /// The first bucket of a histogram; behind its buckets stands its sum.
        func offset(_ metric: RequestMetric) -> Int {
            let (one, two) = (self.duration.limits.count + 2, self.bytes.limits.count + 2)
            return switch metric {
            case .requestDuration: Self.plainCount
            case .requestSize: Self.plainCount + one
            case .responseSize: Self.plainCount + one + two
            default: metric.rawValue
            }
        }

        func buckets(_ metric: RequestMetric) -> RequestBuckets {
            metric == .requestDuration ? self.duration : self.bytes
        }

        /// All counts of a series.
        func count(isTCP: Bool) -> Int {
            isTCP ? Self.plainCount : self.offset(.responseSize) + self.bytes.limits.count + 2
        }
    }

    /// The names and values of the labels.
    let key: SeriesKey
    /// The order in which series were made.
    let number: UInt64
    /// Whether it stands for all label sets that found no place.
    let isOverflow: Bool
    private let layout: Layout
    private let counts: UnsafeMutablePointer<Atomic<UInt64>>
    private let count: Int
    /// Under the table's lock: the sum of counts when last looked at, and when it last changed, in seconds.
    var lastTotal: UInt64 = 0
    var lastChange: UInt64
    /// Under the table's lock: the sum of counts when they were last shown.
    var shown: UInt64?

    init(key: SeriesKey, number: UInt64, isOverflow: Bool, layout: Layout, now: UInt64) {
        self.key = key
        self.number = number
        self.isOverflow = isOverflow
        self.layout = layout
        self.lastChange = now
        self.count = layout.count(isTCP: key.isTCP)
        self.counts = .allocate(capacity: self.count)
        for index in 0..<self.count { (self.counts + index).initialize(to: Atomic(0)) }
    }

    deinit {
        self.counts.deinitialize(count: self.count)
        self.counts.deallocate()
    }

    private func add(_ amount: UInt64, at index: Int) {
        guard index < self.count else { return }
        self.counts[index].wrappingAdd(amount, ordering: .relaxed)
    }

    private func load(_ index: Int) -> UInt64 {
        index < self.count ? self.counts[index].load(ordering: .relaxed) : 0
    }

    /// Adds to a counter.
    func add(_ metric: RequestMetric, _ amount: UInt64 = 1) { self.add(amount, at: metric.rawValue) }

    /// Adds an observation to a histogram: microseconds or bytes.
    func observe(_ metric: RequestMetric, _ value: UInt64) {
        let buckets = self.layout.buckets(metric)
        let start = self.layout.offset(metric)
        self.add(1, at: start + buckets.index(of: value))
        self.add(value, at: start + buckets.limits.count + 1)
    }

    /// The value of a counter.
    func value(_ metric: RequestMetric) -> UInt64 { self.load(metric.rawValue) }

    /// A histogram's counts by bucket, not cumulative, and its sum in milliseconds or bytes.
    func histogram(_ metric: RequestMetric) -> (counts: [UInt64], sum: Double) {
        let buckets = self.layout.buckets(metric)
        let start = self.layout.offset(metric)
        let counts = (0...buckets.limits.count).map { self.load(start + $0) }
        let sum = Double(self.load(start + buckets.limits.count + 1))
        return (counts, metric == .requestDuration ? sum / 1_000 : sum)
    }

    /// Whether a metric has anything to show.
    func shows(_ metric: RequestMetric) -> Bool {
        guard metric.isTCP == self.key.isTCP else { return false }
        guard metric.isHistogram else { return self.value(metric) > 0 }
        let start = self.layout.offset(metric)
        return (0...self.layout.buckets(metric).limits.count).contains { self.load(start + $0) > 0 }
    }

    /// The sum of all counts, which changes whenever one of them does.
    var total: UInt64 { (0..<self.count).reduce(0) { $0 &+ self.load($1) } }
}

/// The labels that tell a series from others.
struct SeriesKey: Hashable, Sendable {
    let names: [String]
    let values: [String]
    let isTCP: Bool
}
