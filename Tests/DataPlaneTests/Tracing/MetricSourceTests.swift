import MeshProtos
import MeshTelemetry
import Testing

@testable import DataPlane

struct MetricSourceTests {
    private let registry = MetricsRegistry(seriesLimit: 5_000)
    private let sender = OTLPSender(program: "waypoint", resource: [:])

    /// The metrics of one round, request by request.
    private func round(_ source: MetricSource) throws -> [[OpenTelemetry.Metric]] {
        var requests: [[OpenTelemetry.Metric]] = []
        while let (bytes, _) = source.take(as: self.sender) {
            #expect(source.waiting == 1)
            let request = try OpenTelemetry.ExportMetricsServiceRequest(decoding: bytes)
            requests.append(request.resourceMetrics.flatMap { $0.scopeMetrics.flatMap(\.metrics) })
        }
        #expect(source.waiting == 0)
        return requests
    }

    private final class Clock {
        var now: UInt64 = 100
    }

    @Test func writesEachKind() throws {
        self.registry.counters("istio_tcp_sent_bytes_total", help: "Bytes.", labels: ["reporter", "none"])
            .with("source", "").add(5)
        self.registry.gauges("open", help: "Open.").with().set(-2)
        self.registry.sampled("load", help: "Load.") { 0.5 }
        let wait = self.registry.histograms("wait_seconds", help: "Wait.", bounds: [1, 2]).with()
        for value in [0.5, 1.5, 9] { wait.observe(value) }
        let clock = Clock()
        let source = MetricSource(self.registry, isDelta: false) { clock.now }
        clock.now = 200
        let metrics = try #require(try self.round(source).first)
        #expect(metrics.map(\.name) == ["istio_tcp_sent_bytes_total", "open", "load", "wait_seconds"])
        #expect(metrics.map(\.unit) == ["By", "", "", "s"])
        guard case .sum(let sum) = metrics[0].data, case .gauge(let open) = metrics[1].data,
            case .gauge(let load) = metrics[2].data, case .histogram(let histogram) = metrics[3].data
        else {
            Issue.record("other kinds: \(metrics)")
            return
        }
        #expect(sum.dataPoints.first?.attributes == [.init("reporter", "source")])
        #expect(sum.dataPoints.first?.startTimeUnixNano == 100)
        #expect(sum.dataPoints.first?.timeUnixNano == 200)
        #expect(open.dataPoints.first?.value == .asInt(-2))
        #expect(open.dataPoints.first?.startTimeUnixNano == 0)
        #expect(load.dataPoints.first?.value == .asDouble(0.5))
        let point = try #require(histogram.dataPoints.first)
        #expect(point.bucketCounts == [1, 1, 1])
        #expect(point.explicitBounds == [1, 2])
        #expect(point.count == 3 && point.sum == 11)
    }

    @Test("deltas count from round to round, and a round without a change sends nothing")
    func deltas() throws {
        let hits = self.registry.counters("hits_total", help: "Hits.").with()
        hits.add(5)
        let clock = Clock()
        let source = MetricSource(self.registry, isDelta: true) { clock.now }
        var seen: [(value: OpenTelemetry.NumberDataPoint.Kind?, start: UInt64, time: UInt64)] = []
        for now in [UInt64(200), 300, 400] {
            clock.now = now
            if now == 300 { hits.add(2) }
            for metric in try self.round(source).flatMap({ $0 }) {
                guard case .sum(let sum) = metric.data, let point = sum.dataPoints.first else { continue }
                #expect(sum.aggregationTemporality == .delta)
                seen.append((point.value, point.startTimeUnixNano, point.timeUnixNano))
            }
        }
        #expect(seen.map(\.value) == [.asInt(5), .asInt(2)])
        #expect(seen.map(\.start) == [100, 200])
        #expect(seen.map(\.time) == [200, 300])
    }

    @Test("many series go in several requests, each once")
    func parts() throws {
        for family in 0..<6 {
            let counters = self.registry.counters("family\(family)_total", help: "F.", labels: ["n"])
            for number in 0..<400 { counters.with("\(number)").add() }
        }
        let source = MetricSource(self.registry, isDelta: false)
        let requests = try self.round(source)
        #expect(requests.count == 2)
        #expect(requests.flatMap { $0.map(\.name) }.count == 6)
        #expect(try self.round(source).count == 2)
        source.lost(3)
        #expect(source.dropped == 3)
    }

    @Test("what changes while a round goes on is sent before the end")
    func last() throws {
        let hits = self.registry.counters("hits_total", help: "Hits.").with()
        hits.add(3)
        let source = MetricSource(self.registry, isDelta: false)
        _ = source.take(as: self.sender)
        hits.add(4)
        source.prepareLast()
        let rest = try self.round(source)
        #expect(rest.count == 1)
        if case .sum(let sum) = rest.first?.first?.data {
            #expect(sum.dataPoints.first?.value == .asInt(7))
        } else {
            Issue.record("no sum")
        }
        source.prepareLast()
        #expect(try self.round(source).count == 1)
    }

    @Test func sendsNothingOfNothing() throws {
        #expect(try self.round(MetricSource(self.registry, isDelta: false)).isEmpty)
    }
}
