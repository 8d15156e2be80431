import Glibc
import Testing

@testable import MeshTelemetry

/// Holds our text against Prometheus' own parser and linter, where it is installed.
@Suite(.enabled(if: access("/usr/bin/promtool", X_OK) == 0))
struct PromtoolTests {
    @Test func promtoolAcceptsTheText() throws {
        let registry = MetricsRegistry()
        let metrics = ConnectionMetrics(registry: registry)
        var labels = ConnectionLabels(reporter: .source)
        labels.source.name = "shell \"quoted\"\n"
        labels.destination.zone = "eu-west-1a"
        labels.isMutualTLS = true
        let series = metrics.opened(labels)
        series.received.add(12)
        series.closed(.denied)
        metrics.openSockets(.source).add(1)
        registry.histograms("wait_seconds", help: "Wait.", labels: ["kind"], bounds: [0.000_01, 1]).with("x").observe(2)
        registry.sampled("process_open_fds", help: "Open descriptors.") { 12 }

        let report = try #require(Self.promtool(registry.exposition(.prometheus)))
        #expect(report.status == 0, "\(report.output)")
        #expect(report.output.isEmpty)
    }

    @Test func promtoolAcceptsTheMetricsOfRequests() throws {
        let registry = MetricsRegistry()
        let meter = RequestMeter(RequestMetrics(registry: registry))
        var record = SampleRecord.http { $0.isGRPC = true }
        record.requestMessages = 2
        meter.end(&record)
        var connection = SampleRecord.tcp { $0.sent.body = 5 }
        meter.end(&connection)
        let report = try #require(Self.promtool(registry.exposition(.prometheus)))
        // It dislikes Istio's unit and the abbreviation, which are not ours to change.
        let lines = report.output.split(separator: "\n").filter { !$0.contains("istio_request_duration_milliseconds") }
        #expect(lines.isEmpty, "\(report.output)")
    }

    /// Runs `promtool check metrics` on `text`.
    private static func promtool(_ text: [UInt8]) -> (status: CInt, output: String)? {
        var template = Array("/tmp/tulle-promtool-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { return nil }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { unlink(path) }
        let written = text.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
        guard written == text.count, let pipe = popen("/usr/bin/promtool check metrics <\(path) 2>&1", "r") else {
            return nil
        }
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = fread(&chunk, 1, chunk.count, pipe)
            guard count > 0 else { break }
            output += chunk.prefix(count)
        }
        return (pclose(pipe), String(decoding: output, as: UTF8.self))
    }
}
