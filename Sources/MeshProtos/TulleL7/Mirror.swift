// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// A copy of requests, whose answers nobody sees.
    package struct Mirror: ProtoMessage {
        /// Cluster.
        package var cluster: String = ""
        /// How many of the requests.
        package var fraction: UInt32 = 0

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.cluster, field)
            case 2: try reader.read(&self.fraction, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.cluster, 1)
            writer.write(self.fraction, 2)
        }
    }
}
