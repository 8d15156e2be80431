import Foundation
import MeshTelemetry

@testable import Waypoint

extension WaypointBench {
    /// The metrics as a scraper reads them.
    var metricsText: String { String(decoding: self.context.registry.exposition(.prometheus), as: UTF8.self) }

    /// The spans for a provider, once nothing is under way any more.
    func spans(_ provider: String) throws -> [RequestSpan] {
        try self.settle()
        return self.context.sinks.spans(provider).take()
    }

    /// The lines of the access log, once there are so many and nothing is under way.
    func logged(_ count: Int) throws -> [String] {
        try self.settle()
        for _ in 0..<200 where self.lines.all.count < count { usleep(10_000) }
        return self.lines.all
    }

    private func settle() throws {
        for _ in 0..<200 {
            if try self.carried().requests == 0 { return }
            usleep(10_000)
        }
    }
}
