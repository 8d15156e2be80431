// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// A condition on a header, a pseudo header or a claim (`@request.auth.claims…`).
    package struct HeaderMatch: ProtoMessage {
        /// Lower-case name; a claim as it was written.
        package var name: String = ""
        /// Value.
        package var value: TulleL7.StringMatch?
        /// The condition must not hold.
        package var invert: Bool = false

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.name, field)
            case 2: try reader.read(&self.value, field)
            case 3: try reader.read(&self.invert, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.name, 1)
            writer.write(self.value, 2)
            writer.write(self.invert, 3)
        }
    }
}
