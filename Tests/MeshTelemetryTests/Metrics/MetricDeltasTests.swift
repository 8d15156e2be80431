import Testing

@testable import MeshTelemetry

struct MetricDeltasTests {
    private let registry = MetricsRegistry()

    /// The points of one round by family and label value.
    private func round(_ deltas: inout MetricDeltas) -> [String: MetricReading.Value] {
        var readings = self.registry.read()
        var found: [String: MetricReading.Value] = [:]
        while let reading = readings.next() {
            for point in deltas.subtract(reading).points {
                found[([reading.name] + point.values).joined(separator: "/")] = point.value
            }
        }
        deltas.endRound()
        return found
    }

    private func count(_ value: MetricReading.Value?) -> UInt64? {
        if case .count(let count) = value { return count }
        return nil
    }

    @Test func givesWhatWasAddedSinceTheLastRound() {
        let counters = self.registry.counters("hits_total", help: "Hits.", labels: ["kind"])
        let gauge = self.registry.gauges("open", help: "Open.").with()
        let histogram = self.registry.histograms("wait_seconds", help: "Wait.", bounds: [1, 2]).with()
        var deltas = MetricDeltas()
        counters.with("a").add(5)
        gauge.set(-3)
        histogram.observe(1.5)
        let first = self.round(&deltas)
        #expect(self.count(first["hits_total/a"]) == 5)
        counters.with("a").add(2)
        counters.with("b").add(1)
        histogram.observe(0.5)
        let second = self.round(&deltas)
        #expect(self.count(second["hits_total/a"]) == 2)
        #expect(self.count(second["hits_total/b"]) == 1)
        if case .level(let level) = second["open"] { #expect(level == -3) } else { Issue.record("no gauge") }
        if case .histogram(let counts, let sum) = second["wait_seconds"] {
            #expect(counts == [1, 0, 0])
            #expect(sum == 0.5)
        } else {
            Issue.record("no histogram")
        }
        let third = self.round(&deltas)
        #expect(third.keys.sorted() == ["open"])
    }

    @Test("a series that fell or came back begins anew")
    func returning() {
        let deltas = MetricDeltas()
        var moving = deltas
        func reading(_ count: UInt64) -> MetricReading {
            let point = MetricReading.Point(names: [], values: [], value: .count(count))
            return MetricReading(name: "hits_total", help: "", kind: .counter, points: [point])
        }
        #expect(self.count(moving.subtract(reading(7)).points.first?.value) == 7)
        moving.endRound()
        #expect(self.count(moving.subtract(reading(3)).points.first?.value) == 3)
        moving.endRound()
        // A round without the series forgets it.
        moving.endRound()
        #expect(self.count(moving.subtract(reading(4)).points.first?.value) == 4)
    }

    @Test func readsFamiliesOfManySeriesInParts() {
        let meter = RequestMeter(RequestMetrics(registry: self.registry))
        for code in 100..<300 {
            var record = SampleRecord.http { $0.responseCode = UInt16(code) }
            meter.end(&record)
        }
        var readings = self.registry.read()
        var parts: [MetricReading] = []
        while let reading = readings.next() {
            if reading.name == "istio_requests_total" { parts.append(reading) }
        }
        #expect(parts.map(\.isContinued) == [false, true, true, true])
        #expect(parts.reduce(0) { $0 + $1.points.count } == 200)
    }
}
