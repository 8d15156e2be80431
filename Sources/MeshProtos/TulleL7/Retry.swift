// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// When a request is tried again.
    package struct Retry: ProtoMessage {
        /// How often at most, beside the first time.
        package var attempts: UInt32 = 0
        /// Envoy's conditions: `5xx`, `connect-failure`, …
        package var conditions: [String] = []
        /// Status codes for `retriable-status-codes`.
        package var statusCodes: [UInt32] = []
        /// The least wait before the first; zero for 25.
        package var backoffMilliseconds: UInt32 = 0
        /// An endpoint that was tried may be tried again.
        package var sameEndpoint: Bool = false
        /// After two attempts other localities are preferred.
        package var otherLocalities: Bool = false
        /// Starts another attempt beside one that takes too long.
        package var hedges: Bool = false

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.attempts, field)
            case 2: try reader.read(&self.conditions, field)
            case 3: try reader.read(&self.statusCodes, field)
            case 4: try reader.read(&self.backoffMilliseconds, field)
            case 5: try reader.read(&self.sameEndpoint, field)
            case 6: try reader.read(&self.otherLocalities, field)
            case 7: try reader.read(&self.hedges, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.attempts, 1)
            writer.write(self.conditions, 2)
            writer.write(self.statusCodes, 3)
            writer.write(self.backoffMilliseconds, 4)
            writer.write(self.sameEndpoint, 5)
            writer.write(self.otherLocalities, 6)
            writer.write(self.hedges, 7)
        }
    }
}
