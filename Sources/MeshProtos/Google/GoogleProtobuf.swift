/// The messages of package `google.protobuf` that others embed.
package enum GoogleProtobuf {}

extension GoogleProtobuf {
    /// `Any`: a message and the name of its type.
    package struct AnyMessage: ProtoMessage {
        /// The type.
        package var typeURL = ""
        /// The message's bytes.
        package var value: [UInt8] = []

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.typeURL, field)
            case 2: try reader.read(&self.value, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.typeURL, 1)
            writer.write(self.value, 2)
        }
    }
}

extension GoogleProtobuf {
    /// A span of time.
    package struct Duration: ProtoMessage {
        /// Whole seconds.
        package var seconds: Int64 = 0
        /// Nanoseconds, of the same sign.
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

extension GoogleProtobuf {
    /// A number whose presence matters.
    package struct UInt32Value: ProtoMessage {
        /// The number.
        package var value: UInt32 = 0

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
}
