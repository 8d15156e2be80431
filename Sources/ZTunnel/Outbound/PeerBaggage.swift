package import MeshModel

/// What a peer says of a workload in the header `baggage`: facts for telemetry, never for a decision.
package struct PeerBaggage: Hashable, Sendable {
    private var values: [String: String] = [:]

    /// Longer headers, and longer values, are ignored.
    private static let maximumBytes = 4_096
    private static let maximumValueBytes = 255

    /// Reads `key=value` pairs between commas; what can't be read, or could not stand in a log, is left out.
    package init(parsing header: String) {
        guard header.utf8.count <= Self.maximumBytes else { return }
        for member in header.split(separator: ",") {
            // Properties after a semicolon say nothing that we use (W3C Baggage §3.1).
            let pair = member.split(separator: ";", maxSplits: 1).first ?? ""
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let key = parts.first, let value = parts.last else { continue }
            let text = Self.trimmed(value)
            guard (1...Self.maximumValueBytes).contains(text.utf8.count),
                text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
            else { continue }
            self.values[Self.trimmed(key)] = text
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    /// Whether it says nothing.
    package var isEmpty: Bool { self.values.isEmpty }

    /// Writes what the peer said over what is known of `workload`.
    package func describe(_ workload: inout Workload) {
        guard !self.isEmpty else { return }
        workload.clusterID = self.values["k8s.cluster.name"] ?? workload.clusterID
        for kind in Workload.Kind.allCases {
            guard let name = self.values["k8s.\(kind.rawValue).name"] else { continue }
            workload.kind = kind
            workload.workloadName = name
            workload.name = name
        }
        workload.canonicalName = self.values["service.name"] ?? workload.canonicalName
        workload.canonicalRevision = self.values["service.version"] ?? workload.canonicalRevision
        workload.locality.region = self.values["cloud.region"] ?? workload.locality.region
        workload.locality.zone = self.values["cloud.availability_zone"] ?? workload.locality.zone
    }
}
