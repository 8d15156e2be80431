// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// Bounds of connections and requests; zero for none.
    package struct ConnectionPool: ProtoMessage {
        /// Max connections.
        package var maxConnections: UInt32 = 0
        /// Max pending.
        package var maxPending: UInt32 = 0
        /// Max requests.
        package var maxRequests: UInt32 = 0
        /// Max retries.
        package var maxRetries: UInt32 = 0
        /// Max requests per connection.
        package var maxRequestsPerConnection: UInt32 = 0
        /// Max streams.
        package var maxStreams: UInt32 = 0
        /// Zero for ten seconds.
        package var connectTimeoutMilliseconds: UInt32 = 0
        /// Zero for an hour.
        package var idleTimeoutMilliseconds: UInt32 = 0
        /// Max connection ms.
        package var maxConnectionMilliseconds: UInt32 = 0

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.maxConnections, field)
            case 2: try reader.read(&self.maxPending, field)
            case 3: try reader.read(&self.maxRequests, field)
            case 4: try reader.read(&self.maxRetries, field)
            case 5: try reader.read(&self.maxRequestsPerConnection, field)
            case 6: try reader.read(&self.maxStreams, field)
            case 7: try reader.read(&self.connectTimeoutMilliseconds, field)
            case 8: try reader.read(&self.idleTimeoutMilliseconds, field)
            case 9: try reader.read(&self.maxConnectionMilliseconds, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.maxConnections, 1)
            writer.write(self.maxPending, 2)
            writer.write(self.maxRequests, 3)
            writer.write(self.maxRetries, 4)
            writer.write(self.maxRequestsPerConnection, 5)
            writer.write(self.maxStreams, 6)
            writer.write(self.connectTimeoutMilliseconds, 7)
            writer.write(self.idleTimeoutMilliseconds, 8)
            writer.write(self.maxConnectionMilliseconds, 9)
        }
    }
}
