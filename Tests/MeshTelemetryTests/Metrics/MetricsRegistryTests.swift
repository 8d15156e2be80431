import Testing

@testable import MeshTelemetry

struct MetricsRegistryTests {
    private func text(_ registry: MetricsRegistry, _ format: ExpositionFormat = .prometheus) -> String {
        String(decoding: registry.exposition(format), as: UTF8.self)
    }

    @Test func showsCountersWithTheirLabels() {
        let registry = MetricsRegistry()
        let family = registry.counters("requests_total", help: "Requests.", labels: ["code", "method"])
        family.with("200", "GET").add(3)
        family.with("200", "GET").add()
        family.with("500", "GET").add()
        #expect(
            self.text(registry) == """
                # HELP requests_total Requests.
                # TYPE requests_total counter
                requests_total{code="200",method="GET"} 4
                requests_total{code="500",method="GET"} 1

                """
        )
    }

    @Test func namesACounterFamilyWithoutTotalInOpenMetrics() {
        let registry = MetricsRegistry()
        registry.counters("requests_total", help: "Requests.").with().add()
        #expect(
            self.text(registry, .openMetrics) == """
                # HELP requests Requests.
                # TYPE requests counter
                requests_total 1
                # EOF

                """
        )
    }

    @Test func leavesOutFamiliesWithoutSeries() {
        let registry = MetricsRegistry()
        _ = registry.counters("requests_total", help: "Requests.", labels: ["code"])
        #expect(self.text(registry).isEmpty)
    }

    @Test func escapesLabelValues() {
        let registry = MetricsRegistry()
        registry.gauges("open", help: "Open.", labels: ["name"]).with("a\"b\\c\nd").set(-2)
        #expect(self.text(registry).contains(#"open{name="a\"b\\c\nd"} -2"#))
    }

    @Test func leavesOutLabelsWithoutValue() {
        let registry = MetricsRegistry()
        let family = registry.gauges("open", help: "Open.", labels: ["a", "b"])
        family.with("", "x").set(1)
        family.with("y").set(2)
        #expect(self.text(registry).contains("open{b=\"x\"} 1\nopen{a=\"y\"} 2\n"))
    }

    @Test func ignoresValuesPastTheLastLabel() {
        let family = MetricsRegistry().counters("a_total", help: "A.", labels: ["x"])
        #expect(family.with("1", "2") === family.with("1"))
    }

    @Test func sendsSeriesPastTheLimitToOneOverflowSeries() {
        let registry = MetricsRegistry(seriesLimit: 2)
        let family = registry.counters("requests_total", help: "Requests.", labels: ["code"])
        for code in 0..<10 { family.with("\(code)").add() }
        family.with("0").add()
        let text = self.text(registry)
        #expect(text.contains("requests_total{code=\"0\"} 2\n"))
        #expect(text.contains("requests_total{code=\"overflow\"} 8\n"))
        #expect(text.split(separator: "\n").count == 5)
    }

    @Test func showsHistogramsCumulatively() {
        let registry = MetricsRegistry()
        let histogram = registry.histograms("wait_seconds", help: "Wait.", bounds: [1, 0.5, 1, .infinity]).with()
        for value in [0.25, 0.5, 0.75, 7, .nan] { histogram.observe(value) }
        #expect(
            self.text(registry) == """
                # HELP wait_seconds Wait.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{le="0.5"} 2
                wait_seconds_bucket{le="1.0"} 3
                wait_seconds_bucket{le="+Inf"} 4
                wait_seconds_sum 8.5
                wait_seconds_count 4

                """
        )
    }

    @Test func asksSampledGaugesWhenShown() {
        let registry = MetricsRegistry()
        registry.sampled("process_open_fds", help: "Open descriptors.") { 12 }
        registry.sampled("absent", help: "Absent.") { nil }
        #expect(self.text(registry).hasSuffix("process_open_fds 12.0\n"))
    }

    @Test(arguments: [
        (nil, "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        (
            "application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
            "application/openmetrics-text;charset=utf-8;version=1.0.0"
        ),
    ])
    func choosesTheFormatByAccept(_ accept: String?, _ type: String) {
        #expect(ExpositionFormat(accept: accept).contentType == type)
    }

    @Test func saysWhichFamiliesMayChange() {
        let registry = MetricsRegistry(stable: ["kept_total"])
        registry.counters("kept_total", help: "Kept.").with().add()
        registry.sampled("new", help: "New.") { 1 }
        let text = self.text(registry)
        #expect(text.contains("# HELP kept_total Kept.\n"))
        #expect(text.contains("# HELP new New. (unstable)\n"))
        #expect(self.text(registry, .openMetrics).contains("# HELP kept Kept.\n"))
    }

    @Test func givesTheSameFamilyToWhoeverAsksForItsName() {
        let registry = MetricsRegistry()
        let first = registry.counters("requests_total", help: "Requests.", labels: ["code"])
        let second = registry.counters("requests_total", help: "Requests.", labels: ["code"])
        #expect(first === second)
        registry.sampled("open", help: "Open.") { 1 }
        registry.sampled("open", help: "Open.") { 2 }
        first.with("1").add()
        #expect(registry.names == ["requests_total", "open"])
        #expect(self.text(registry).hasSuffix("# TYPE open gauge\nopen 2.0\n"))
    }

    @Test func showsSampledSeriesWithTheirLabels() {
        let registry = MetricsRegistry()
        registry.sampledCounter("turns_total", help: "Turns.", labels: ["loop"]) { [(["0"], 3), (["1"], 4.5)] }
        registry.sampledCounter("none_total", help: "None.", labels: ["loop"]) { [] }
        #expect(
            self.text(registry) == """
                # HELP turns_total Turns.
                # TYPE turns_total counter
                turns_total{loop="0"} 3
                turns_total{loop="1"} 4.5

                """
        )
    }

    @Test func givesTheSameTextInPieces() {
        let registry = MetricsRegistry()
        _ = ConnectionMetrics(registry: registry).opened(ConnectionLabels(reporter: .source))
        registry.sampled("open", help: "Open.") { 1 }
        var text = registry.text(.openMetrics)
        var pieces: [[UInt8]] = []
        while let piece = text.next() { pieces.append(piece) }
        #expect(pieces.count == 5)
        #expect(pieces.allSatisfy { !$0.isEmpty })
        #expect(Array(pieces.joined()) == registry.exposition(.openMetrics))
    }
}
