extension MetricFamily: Readable {
    var names: [String] { [self.name] }

    func read(piece: Int) -> MetricReading? {
        let series = self.snapshot()
        guard let first = series.first else { return nil }
        let kind: MetricReading.Kind
        switch first.metric {
        case is Counter: kind = .counter
        case is Gauge: kind = .gauge
        case let histogram as Histogram: kind = .histogram(bounds: histogram.bounds)
        default: return nil
        }
        let points = series.compactMap { values, metric -> MetricReading.Point? in
            let value: MetricReading.Value
            if let counter = metric as? Counter {
                value = .count(counter.value)
            } else if let gauge = metric as? Gauge {
                value = .level(gauge.value)
            } else if let histogram = metric as? Histogram {
                let (counts, sum) = histogram.snapshot
                value = .histogram(counts: counts, sum: sum)
            } else {
                return nil
            }
            return MetricReading.Point(names: self.labels, values: values, value: value)
        }
        return MetricReading(name: self.name, help: self.help, kind: kind, points: points)
    }
}
