/// The families of ``RequestMetrics``.
struct RequestExposition: Readable {
    let metrics: RequestMetrics

    let names = RequestMetric.allCases.map(\.name)

    /// Nothing: ``begin()`` gives what is read.
    func read(piece: Int) -> MetricReading? { nil }

    func begin() -> any Readable { RequestRound(metrics: self.metrics) }
}

/// One round of reading all series, a family and a few series a piece, so that many series never stand in memory as
/// text.
private struct RequestRound: Readable {
    let metrics: RequestMetrics
    let series: [(series: RequestSeries, total: UInt64)]
    private let chunks: Int
    /// By metric the first series that had something to show when the round began; those before it are left out.
    private let first: [Int?]
    /// Series of one piece.
    private static let chunk = 64

    init(metrics: RequestMetrics) {
        self.metrics = metrics
        // The sums of before the round: what is counted while it goes on has not been shown for sure.
        self.series = metrics.all().map { (series: $0, total: $0.total) }
        let series = self.series
        self.first = RequestMetric.allCases.map { metric in series.firstIndex { $0.series.shows(metric) } }
        self.chunks = max(1, (self.series.count + Self.chunk - 1) / Self.chunk)
    }

    let names = RequestMetric.allCases.map(\.name)
    var pieceCount: Int { RequestMetric.allCases.count * self.chunks }

    func read(piece: Int) -> MetricReading? {
        defer { if piece == self.pieceCount - 1 { self.metrics.shown(self.series) } }
        guard let metric = RequestMetric(rawValue: piece / self.chunks), let first = self.first[metric.rawValue] else {
            return nil
        }
        let start = piece % self.chunks * Self.chunk
        let chunk = self.series.prefix(start + Self.chunk).dropFirst(max(start, first))
        var reading = MetricReading(
            name: metric.name,
            help: metric.help,
            kind: metric.isHistogram ? .histogram(bounds: self.metrics.layout.buckets(metric).bounds) : .counter,
            points: chunk.compactMap { Self.point($0.series, metric) }
        )
        reading.isContinued = start > first
        reading.showsEmpty = true
        reading.hasPlainBounds = true
        return reading
    }

    private static func point(_ series: RequestSeries, _ metric: RequestMetric) -> MetricReading.Point? {
        guard series.shows(metric) else { return nil }
        let value: MetricReading.Value
        if metric.isHistogram {
            let (counts, sum) = series.histogram(metric)
            value = .histogram(counts: counts, sum: sum)
        } else {
            value = .count(series.value(metric))
        }
        return MetricReading.Point(names: series.key.names, values: series.key.values, value: value)
    }
}
