extension GoogleProtobuf {
    /// A flag whose presence matters.
    package struct BoolValue: ProtoMessage {
        /// The flag.
        package var value: Bool = false

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.value, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.value, 1)
        }
    }

    /// A moment.
    package struct Timestamp: ProtoMessage {
        /// Seconds since 1970.
        package var seconds: Int64 = 0
        /// Nanoseconds after that, 0...999999999.
        package var nanos: Int32 = 0

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.seconds, field)
            case 2: try reader.read(&self.nanos, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.seconds, 1)
            writer.write(self.nanos, 2)
        }
    }
}
