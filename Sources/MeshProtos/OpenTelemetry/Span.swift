extension OpenTelemetry {
    /// `Span.SpanKind`: which side of a call a span is.
    package struct SpanKind: ProtoEnum {
        /// The number on the wire.
        package var rawValue: Int32

        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// The side that answers.
        package static let server = SpanKind(rawValue: 2)
        /// The side that asks.
        package static let client = SpanKind(rawValue: 3)
    }

    /// `Status.StatusCode`: how a span ended.
    package struct StatusCode: ProtoEnum {
        /// The number on the wire.
        package var rawValue: Int32

        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// Nothing is said.
        package static let unset = StatusCode(rawValue: 0)
        /// It failed.
        package static let error = StatusCode(rawValue: 2)
    }
}

extension OpenTelemetry {
    /// `opentelemetry.proto.trace.v1.Status`: how a span ended.
    package struct Status: ProtoMessage {
        /// What went wrong, for people.
        package var message = ""
        /// Whether it failed.
        package var code = StatusCode.unset

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 2: try reader.read(&self.message, field)
            case 3: try reader.read(&self.code, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.message, 2)
            writer.write(self.code, 3)
        }
    }
}

extension OpenTelemetry {
    /// `opentelemetry.proto.trace.v1.Span`: one piece of work with a beginning and an end.
    package struct Span: ProtoMessage {
        /// 16 bytes, not all zero.
        package var traceID: [UInt8] = []
        /// 8 bytes, not all zero.
        package var spanID: [UInt8] = []
        /// 8 bytes, or none for the first span of a trace.
        package var parentSpanID: [UInt8] = []
        /// What was done, in a few words.
        package var name = ""
        /// The side of the call.
        package var kind = SpanKind(rawValue: 0)
        /// When it began, in nanoseconds since 1970.
        package var startTimeUnixNano: UInt64 = 0
        /// When it ended, in nanoseconds since 1970.
        package var endTimeUnixNano: UInt64 = 0
        /// Facts about it.
        package var attributes: [KeyValue] = []
        /// How it ended.
        package var status: Status?
        /// The trace flags in the low byte.
        package var flags: UInt32 = 0

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.traceID, field)
            case 2: try reader.read(&self.spanID, field)
            case 4: try reader.read(&self.parentSpanID, field)
            case 5: try reader.read(&self.name, field)
            case 6: try reader.read(&self.kind, field)
            case 7: try reader.readFixed(&self.startTimeUnixNano, field)
            case 8: try reader.readFixed(&self.endTimeUnixNano, field)
            case 9: try reader.read(&self.attributes, field)
            case 15: try reader.read(&self.status, field)
            case 16: try reader.readFixed(&self.flags, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.traceID, 1)
            writer.write(self.spanID, 2)
            writer.write(self.parentSpanID, 4)
            writer.write(self.name, 5)
            writer.write(self.kind, 6)
            writer.writeFixed(self.startTimeUnixNano, 7)
            writer.writeFixed(self.endTimeUnixNano, 8)
            writer.write(self.attributes, 9)
            writer.write(self.status, 15)
            writer.writeFixed(self.flags, 16)
        }
    }
}
