// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// A TLS connection by its server name.
    package struct ServerNameRoute: ProtoMessage {
        /// Exact names, or `*.` and a suffix; none means any.
        package var names: [String] = []
        /// Clusters.
        package var clusters: [TulleL7.WeightedCluster] = []
        /// Name.
        package var name: String = ""

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.names, field)
            case 2: try reader.read(&self.clusters, field)
            case 3: try reader.read(&self.name, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.names, 1)
            writer.write(self.clusters, 2)
            writer.write(self.name, 3)
        }
    }
}
