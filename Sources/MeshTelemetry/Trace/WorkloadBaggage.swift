/// What a peer's `baggage` header says about the workload behind it.
///
/// Nobody vouches for it: it fills telemetry where the mesh's own state knows nothing, and decides nothing.
package struct WorkloadBaggage: Hashable, Sendable {
    /// The cluster.
    package var cluster = ""
    /// The namespace.
    package var namespace = ""
    /// The workload's name.
    package var workload = ""
    /// What kind of controller owns it: `deployment`, `cronjob`, `pod` or `job`.
    package var kind = ""
    /// The canonical service.
    package var service = ""
    /// The canonical revision.
    package var revision = ""
    /// The region.
    package var region = ""
    /// The zone.
    package var zone = ""

    /// Baggage that says nothing.
    package init() {}

    /// The longest header that is read, in bytes.
    static let maximumBytes = 4_096
    /// The longest value that is kept, in bytes; longer ones, and those of other than visible ASCII, count as missing.
    static let maximumValueBytes = 255
    /// Members of one header that are looked at.
    static let maximumMembers = 64

    /// Reads the values of all `baggage` headers of a request. Unknown members are passed over; the last one of a name
    /// wins.
    package init(parsing headers: [String]) {
        for header in headers where header.utf8.count <= Self.maximumBytes {
            var header = header
            header.withUTF8 { bytes in
                for member in bytes.split(separator: UInt8(ascii: ",")).prefix(Self.maximumMembers) {
                    self.read(member)
                }
            }
        }
    }

    private typealias Bytes = Slice<UnsafeBufferPointer<UInt8>>

    private mutating func read(_ member: Bytes) {
        guard let sign = member.firstIndex(of: UInt8(ascii: "=")) else { return }
        // Properties after a semicolon mean nothing here (W3C Baggage §3.2).
        let value = Self.trimmed(member[(sign + 1)...].prefix { $0 != UInt8(ascii: ";") })
        let isPlain = value.count <= Self.maximumValueBytes && value.allSatisfy { $0 > 0x20 && $0 < 0x7f }
        let text = isPlain ? String(decoding: value, as: UTF8.self) : ""
        switch String(decoding: Self.trimmed(member[..<sign]), as: UTF8.self) {
        case _ where text.isEmpty: break
        case "k8s.cluster.name": self.cluster = text
        case "k8s.namespace.name": self.namespace = text
        case "k8s.deployment.name": (self.kind, self.workload) = ("deployment", text)
        case "k8s.cronjob.name": (self.kind, self.workload) = ("cronjob", text)
        case "k8s.pod.name": (self.kind, self.workload) = ("pod", text)
        case "k8s.job.name": (self.kind, self.workload) = ("job", text)
        case "service.name": self.service = text
        case "service.version": self.revision = text
        case "cloud.region": self.region = text
        case "cloud.availability_zone": self.zone = text
        default: break
        }
    }

    /// Whether it says nothing.
    package var isEmpty: Bool { self == WorkloadBaggage() }

    /// The labels of the workload it describes.
    /// - Parameter principal: the identity that mutual TLS proved; baggage never says who somebody is.
    package func labels(principal: String?) -> ConnectionLabels.Workload {
        var labels = ConnectionLabels.Workload()
        labels.name = self.workload
        labels.canonicalService = self.service
        labels.canonicalRevision = self.revision
        labels.namespace = self.namespace
        labels.principal = principal ?? ""
        labels.app = self.workload
        labels.cluster = self.cluster
        labels.region = self.region
        labels.zone = self.zone
        labels.isKnown = !self.isEmpty
        return labels
    }

    private static func trimmed(_ text: Bytes) -> Bytes {
        func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        var text = text.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text.removeLast() }
        return text
    }
}
