import Foundation
import Testing

/// The Grafana dashboards ask only for metrics that there are.
struct DashboardTests {
    private static let names = ["mesh", "service", "workload", "ztunnel", "waypoint", "control-plane"]
    /// Words of PromQL that are no metrics.
    private static let words: Set<String> = [
        "by", "without", "on", "ignoring", "and", "or", "unless", "offset", "bool",
    ]

    private func text(_ path: String) throws -> String {
        try String(contentsOf: PackageDescription.root.appending(path: path), encoding: .utf8)
    }

    /// Every query below a value of JSON: of panels and of variables.
    private func queries(_ value: Any) -> [String] {
        if let object = value as? [String: Any] {
            let own = ["expr", "definition"].compactMap { object[$0] as? String }
            return own + object.values.flatMap { self.queries($0) }
        }
        return (value as? [Any])?.flatMap { self.queries($0) } ?? []
    }

    /// The metrics that a query names, without the suffixes of histograms.
    private func metrics(_ query: String) throws -> Set<String> {
        var found: Set<String> = []
        for match in query.matches(of: try Regex<(Substring, Substring)>("__name__=~?\"([^\"]+)\"")) {
            found.formUnion(match.output.1.split(separator: "|").map(String.init))
        }
        var rest = query
        if rest.hasPrefix("label_values("), let comma = rest.lastIndex(of: ",") {
            rest = String(rest[..<comma].dropFirst("label_values(".count))
        }
        for noise in [
            "\"[^\"]*\"", "\\{[^}]*\\}", "\\[[^\\]]*\\]",
            "\\b(by|without|on|ignoring|group_left|group_right)\\s*\\([^)]*\\)",
        ] { rest = rest.replacing(try Regex(noise), with: "") }
        for match in rest.matches(of: try Regex<(Substring, Substring, Substring)>("([a-zA-Z_:][\\w:]*)\\s*(\\(?)")) {
            if match.output.2.isEmpty, !Self.words.contains(String(match.output.1)) {
                found.insert(String(match.output.1))
            }
        }
        let suffix = try Regex("_(bucket|sum|count)$")
        return Set(found.map { $0.replacing(suffix, with: "") })
    }

    @Test func findsMetricsInQueries() throws {
        let query =
            "histogram_quantile(0.9, sum by (le, a) (rate(x_seconds_bucket{b=~\"$c\"}[$__rate_interval]))) / y_total - time()"
        #expect(try self.metrics(query) == ["x_seconds", "y_total"])
        #expect(try self.metrics("label_values(x_total{a=\"b, c\"}, d)") == ["x_total"])
        #expect(try self.metrics("query_result(sum by (a) ({__name__=~\"x|y\"}))") == ["x", "y"])
    }

    @Test("asks only for metrics that the page lists and a program shows", arguments: names)
    func listed(_ name: String) throws {
        let data = Data(try self.text("deploy/grafana/\(name).json").utf8)
        let board = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(board["uid"] as? String == "tulle-\(name)")
        let page = try self.text("docs/metrics.md")
        var sources = ""
        for room in [
            "MeshTelemetry", "ZTunnel", "ControlPlane", "MeshDNS", "MeshXDS", "TunnelEngine", "DataPlane", "Waypoint",
        ] {
            let folder = PackageDescription.root.appending(path: "Sources/\(room)")
            guard FileManager.default.fileExists(atPath: folder.path) else { continue }
            for file in try SourceFile.all(in: "Sources/\(room)") { sources += try self.text(file.path) }
        }
        let queries = self.queries(board)
        #expect(queries.count >= 15)
        for query in queries {
            let metrics = try self.metrics(query)
            #expect(!metrics.isEmpty, "\(query) asks for nothing")
            for metric in metrics {
                // A histogram's family may end like a part of one, as `…_count` of a counter does.
                let shown = [metric, metric + "_count"].first { sources.contains("\"\($0)\"") }
                #expect(shown != nil, "no program shows \(metric) of \(query)")
                #expect(page.contains("`\(shown ?? metric)`"), "docs/metrics.md does not list \(metric) of \(query)")
            }
        }
    }
}
