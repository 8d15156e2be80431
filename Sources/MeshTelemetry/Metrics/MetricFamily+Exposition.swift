extension MetricFamily: Expositional {
    var names: [String] { [self.name] }
    var pieceCount: Int { 1 }

    func write(piece: Int, to writer: inout ExpositionWriter) {
        let series = self.snapshot()
        guard let first = series.first else { return }
        switch first.metric {
        case is Counter: writer.family(self.name, help: self.help, type: "counter")
        case is Gauge: writer.family(self.name, help: self.help, type: "gauge")
        case is Histogram: writer.family(self.name, help: self.help, type: "histogram")
        default: return
        }
        for (values, metric) in series {
            if let counter = metric as? Counter {
                writer.sample(self.name, names: self.labels, values: values, value: "\(counter.value)")
            } else if let gauge = metric as? Gauge {
                writer.sample(self.name, names: self.labels, values: values, value: "\(gauge.value)")
            } else if let histogram = metric as? Histogram {
                self.write(histogram, values: values, to: &writer)
            }
        }
    }

    private func write(_ histogram: Histogram, values: [String], to writer: inout ExpositionWriter) {
        let (cumulative, sum) = histogram.snapshot
        let bounds = histogram.bounds.map { ExpositionWriter.text($0) } + ["+Inf"]
        for (bound, count) in zip(bounds, cumulative) {
            writer.sample(
                "\(self.name)_bucket",
                names: self.labels,
                values: values,
                extra: (name: "le", value: bound),
                value: "\(count)"
            )
        }
        writer.sample("\(self.name)_sum", names: self.labels, values: values, value: ExpositionWriter.text(sum))
        writer.sample("\(self.name)_count", names: self.labels, values: values, value: "\(cumulative.last ?? 0)")
    }
}
