import Foundation
import Testing

/// `docs/metrics.md` names every family that our programs show.
struct MetricsPageTests {
    private func text(_ path: String) throws -> String {
        try String(contentsOf: PackageDescription.root.appending(path: path), encoding: .utf8)
    }

    /// Names of metrics as the code writes them, in quotation marks.
    private func names(in source: String) -> [String] {
        let prefixes = ["istio_", "tulle_", "process_", "workload_manager_", "pilot_", "citadel_", "istiod_"]
        let parts = source.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
        return parts.filter { $0.offset % 2 == 1 }.map { String($0.element) }.filter { name in
            prefixes.contains { name.hasPrefix($0) }
                && name.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "_") }
        }
    }

    @Test("every metric of our programs stands on the page")
    func complete() throws {
        let page = try self.text("docs/metrics.md")
        var found: Set<String> = []
        for room in [
            "MeshTelemetry", "DataPlane", "ZTunnel", "MeshDNS", "MeshXDS", "TunnelEngine", "ControlPlane", "Waypoint",
        ] {
            for file in try SourceFile.all(in: "Sources/\(room)") {
                for name in self.names(in: try self.text(file.path)) {
                    found.insert(name)
                    #expect(page.contains("`\(name)`"), "docs/metrics.md does not name \(name) of \(file.path)")
                }
            }
        }
        #expect(found.count >= 20, "the search for metrics found too little to mean anything: \(found.sorted())")
    }
}
