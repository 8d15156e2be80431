extension OpenTelemetry {
    /// `opentelemetry.proto.logs.v1.LogRecord`: one line of a log.
    package struct LogRecord: ProtoMessage {
        /// When it happened, in nanoseconds since 1970.
        package var timeUnixNano: UInt64 = 0
        /// 1 to 24; 9 is information, 17 an error.
        package var severityNumber: Int32 = 0
        /// The line.
        package var body: AnyValue?
        /// Facts about it.
        package var attributes: [KeyValue] = []
        /// The trace flags in the low byte.
        package var flags: UInt32 = 0
        /// 16 bytes, or none.
        package var traceID: [UInt8] = []
        /// 8 bytes, or none.
        package var spanID: [UInt8] = []
        /// When it was written down, in nanoseconds since 1970.
        package var observedTimeUnixNano: UInt64 = 0

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.readFixed(&self.timeUnixNano, field)
            case 2: try reader.read(&self.severityNumber, field)
            case 5: try reader.read(&self.body, field)
            case 6: try reader.read(&self.attributes, field)
            case 8: try reader.readFixed(&self.flags, field)
            case 9: try reader.read(&self.traceID, field)
            case 10: try reader.read(&self.spanID, field)
            case 11: try reader.readFixed(&self.observedTimeUnixNano, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.writeFixed(self.timeUnixNano, 1)
            writer.write(self.severityNumber, 2)
            writer.write(self.body, 5)
            writer.write(self.attributes, 6)
            writer.writeFixed(self.flags, 8)
            writer.write(self.traceID, 9)
            writer.write(self.spanID, 10)
            writer.writeFixed(self.observedTimeUnixNano, 11)
        }
    }
}
