/// The text of the families of ``RequestMetrics``.
struct RequestExposition: Expositional {
    let metrics: RequestMetrics

    let names = RequestMetric.allCases.map(\.name)
    let pieceCount = 1

    /// Nothing: ``beginText()`` gives what writes.
    func write(piece: Int, to writer: inout ExpositionWriter) {}

    func beginText() -> any Expositional { RequestExpositionText(metrics: self.metrics) }
}

/// One text of all series, a family and a few series a piece, so that many series never stand in memory as text.
private struct RequestExpositionText: Expositional {
    let metrics: RequestMetrics
    let series: [(series: RequestSeries, total: UInt64)]
    private let chunks: Int
    /// Metrics that had something to show when the text was begun.
    private let present: RequestMetric.Mask
    /// Series of one piece.
    private static let chunk = 64

    init(metrics: RequestMetrics) {
        self.metrics = metrics
        // The sums of before the text: what is counted while it is written has not been shown for sure.
        self.series = metrics.all().map { (series: $0, total: $0.total) }
        var present = RequestMetric.Mask()
        for metric in RequestMetric.allCases where self.series.contains(where: { $0.series.shows(metric) }) {
            present.insert(RequestMetric.Mask(metric))
        }
        self.present = present
        self.chunks = max(1, (self.series.count + Self.chunk - 1) / Self.chunk)
    }

    let names = RequestMetric.allCases.map(\.name)
    var pieceCount: Int { RequestMetric.allCases.count * self.chunks }

    func write(piece: Int, to writer: inout ExpositionWriter) {
        guard let metric = RequestMetric(rawValue: piece / self.chunks) else { return }
        let part = piece % self.chunks
        if self.present.has(metric) {
            if part == 0 {
                writer.family(metric.name, help: metric.help, type: metric.isHistogram ? "histogram" : "counter")
            }
            for (series, _) in self.series.dropFirst(part * Self.chunk).prefix(Self.chunk) where series.shows(metric) {
                self.write(series, metric, to: &writer)
            }
        }
        if piece == self.pieceCount - 1 { self.metrics.shown(self.series) }
    }

    private func write(_ series: RequestSeries, _ metric: RequestMetric, to writer: inout ExpositionWriter) {
        func sample(_ suffix: String, _ value: String, bound: String? = nil) {
            writer.sample(
                metric.name + suffix,
                names: series.key.names,
                values: series.key.values,
                extra: bound.map { (name: "le", value: $0) },
                value: value,
                showsEmpty: true
            )
        }
        guard metric.isHistogram else { return sample("", "\(series.value(metric))") }
        let (counts, sum) = series.histogram(metric)
        var running: UInt64 = 0
        for (bound, count) in zip(self.metrics.layout.buckets(metric).texts, counts) {
            running &+= count
            sample("_bucket", "\(running)", bound: bound)
        }
        sample("_sum", ExpositionWriter.text(sum))
        sample("_count", "\(running)")
    }
}
