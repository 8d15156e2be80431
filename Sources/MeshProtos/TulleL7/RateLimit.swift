// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// Limits requests by token buckets of this waypoint.
    package struct RateLimit: ProtoMessage {
        /// For messages and logs: `<namespace>/<name>`.
        package var name: String = ""
        /// Match.
        package var match: TulleL7.RouteMatch?
        /// Requests.
        package var requests: UInt32 = 0
        /// Window ms.
        package var windowMilliseconds: UInt32 = 0
        /// Burst.
        package var burst: UInt32 = 0
        /// `principal`, `namespace`, `sourceIP`, `header:<name>`, `claim:<name>`: one bucket for each.
        package var key: [String] = []
        /// Status.
        package var status: UInt32 = 0

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.name, field)
            case 2: try reader.read(&self.match, field)
            case 3: try reader.read(&self.requests, field)
            case 4: try reader.read(&self.windowMilliseconds, field)
            case 5: try reader.read(&self.burst, field)
            case 6: try reader.read(&self.key, field)
            case 7: try reader.read(&self.status, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.name, 1)
            writer.write(self.match, 2)
            writer.write(self.requests, 3)
            writer.write(self.windowMilliseconds, 4)
            writer.write(self.burst, 5)
            writer.write(self.key, 6)
            writer.write(self.status, 7)
        }
    }
}
