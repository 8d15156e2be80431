// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// An answer that says what is wrong with the configuration.
    package struct Failure: ProtoMessage {
        /// 500 for the Gateway API, 503 for Istio's kinds.
        package var status: UInt32 = 0
        /// What is wrong, for the log.
        package var reason: String = ""

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.status, field)
            case 2: try reader.read(&self.reason, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.status, 1)
            writer.write(self.reason, 2)
        }
    }
}
