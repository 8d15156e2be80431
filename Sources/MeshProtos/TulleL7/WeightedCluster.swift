// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// A share of the requests.
    package struct WeightedCluster: ProtoMessage {
        /// The name of a cluster of the same resource; empty where the destination is not valid: its share gets `failure`.
        package var cluster: String = ""
        /// Weight.
        package var weight: UInt32 = 0
        /// Request headers.
        package var requestHeaders: TulleL7.HeaderChanges?
        /// Response headers.
        package var responseHeaders: TulleL7.HeaderChanges?
        /// Rewrite.
        package var rewrite: TulleL7.Rewrite?
        /// Redirect.
        package var redirect: TulleL7.Redirect?
        /// Failure.
        package var failure: TulleL7.Failure?

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.cluster, field)
            case 2: try reader.read(&self.weight, field)
            case 3: try reader.read(&self.requestHeaders, field)
            case 4: try reader.read(&self.responseHeaders, field)
            case 5: try reader.read(&self.rewrite, field)
            case 6: try reader.read(&self.redirect, field)
            case 7: try reader.read(&self.failure, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.cluster, 1)
            writer.write(self.weight, 2)
            writer.write(self.requestHeaders, 3)
            writer.write(self.responseHeaders, 4)
            writer.write(self.rewrite, 5)
            writer.write(self.redirect, 6)
            writer.write(self.failure, 7)
        }
    }
}
