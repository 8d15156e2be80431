// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// Where spans go.
    package struct TraceProvider: ProtoMessage {
        /// Name.
        package var name: String = ""
        /// `http://host:port/path` or `grpc://host:port`.
        package var endpoint: String = ""
        /// Fraction.
        package var fraction: UInt32 = 0
        /// B3.
        package var b3: Bool = false

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.name, field)
            case 2: try reader.read(&self.endpoint, field)
            case 3: try reader.read(&self.fraction, field)
            case 4: try reader.read(&self.b3, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.name, 1)
            writer.write(self.endpoint, 2)
            writer.write(self.fraction, 3)
            writer.write(self.b3, 4)
        }
    }
}
