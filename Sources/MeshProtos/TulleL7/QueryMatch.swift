// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// A condition on a parameter of the query, compared without decoding.
    package struct QueryMatch: ProtoMessage {
        /// Name.
        package var name: String = ""
        /// Value.
        package var value: TulleL7.StringMatch?

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.name, field)
            case 2: try reader.read(&self.value, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.name, 1)
            writer.write(self.value, 2)
        }
    }
}
