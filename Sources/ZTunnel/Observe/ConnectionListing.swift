import DataPlane

/// What `GET /connections` shows: every live connection, oldest first, as one JSON array.
///
/// Ours: Istio's ztunnel has no such page. The text is made piece by piece.
package struct ConnectionListing {
    private let entries: [(workload: String, entry: ConnectionEntry)]
    private let omitted: Int
    private var writer = JSONWriter(pretty: true)
    private var index = 0
    private var isEnded = false

    private static let pieceBytes = 32 * 1024

    /// Takes the connections of this moment.
    package init(_ census: ConnectionCensus) {
        self.entries = census.shares
            .flatMap { share in share.connections.map { (workload: share.key, entry: $0) } }
            .sorted { ($1.entry.ageMilliseconds, $0.entry.source) < ($0.entry.ageMilliseconds, $1.entry.source) }
        self.omitted = census.shares.reduce(0) { $0 + $1.omitted }
        self.writer.beginObject()
        self.writer.member("live", self.entries.count + self.omitted)
        self.writer.member("omitted", self.omitted)
        self.writer.name("connections")
        self.writer.beginArray()
    }

    /// The next piece of the text; nil at the end.
    package mutating func next() -> [UInt8]? {
        guard !self.isEnded else { return nil }
        while self.index < self.entries.count, self.writer.bytes.count < Self.pieceBytes {
            let (workload, entry) = self.entries[self.index]
            self.index += 1
            self.write(workload, entry)
        }
        if self.index == self.entries.count {
            self.writer.endArray()
            self.writer.endObject()
            self.isEnded = true
        }
        return self.writer.take()
    }

    private mutating func write(_ workload: String, _ entry: ConnectionEntry) {
        self.writer.object { writer in
            func optional(_ name: String, _ value: String?) {
                if let value, !value.isEmpty { writer.member(name, value) }
            }
            optional("workload", workload)
            writer.member("direction", entry.isOutbound ? "outbound" : "inbound")
            writer.member("src", entry.source)
            optional("originalDst", entry.originalDestination)
            optional("dst", entry.destination)
            writer.member("protocol", entry.transport.rawValue)
            optional("authority", entry.authority)
            optional("peer", entry.peer)
            optional("service", entry.service)
            writer.member("state", entry.isEstablished ? "established" : "opening")
            writer.member("ageMilliseconds", entry.ageMilliseconds)
            writer.member("bytesReceived", entry.bytesReceived)
            writer.member("bytesSent", entry.bytesSent)
        }
    }
}
