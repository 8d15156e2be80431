// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// Sends a request to one of several destinations, by their weights.
    package struct Forward: ProtoMessage {
        /// Clusters.
        package var clusters: [TulleL7.WeightedCluster] = []

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.clusters, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.clusters, 1)
        }
    }
}
