// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// An answer without a destination.
    package struct DirectResponse: ProtoMessage {
        /// Status.
        package var status: UInt32 = 0
        /// Body.
        package var body: [UInt8] = []

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.status, field)
            case 2: try reader.read(&self.body, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.status, 1)
            writer.write(self.body, 2)
        }
    }
}
