// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// Changes of headers, in this order.
    package struct HeaderChanges: ProtoMessage {
        /// Set.
        package var set: [TulleL7.Header] = []
        /// Add.
        package var add: [TulleL7.Header] = []
        /// Remove.
        package var remove: [String] = []

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.set, field)
            case 2: try reader.read(&self.add, field)
            case 3: try reader.read(&self.remove, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.set, 1)
            writer.write(self.add, 2)
            writer.write(self.remove, 3)
        }
    }
}
