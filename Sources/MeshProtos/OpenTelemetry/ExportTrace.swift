extension OpenTelemetry {
    /// `opentelemetry.proto.trace.v1.ScopeSpans`: spans of one scope.
    package struct ScopeSpans: ProtoMessage {
        /// The scope.
        package var scope: InstrumentationScope?
        /// Its spans.
        package var spans: [Span] = []

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.scope, field)
            case 2: try reader.read(&self.spans, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.scope, 1)
            writer.write(self.spans, 2)
        }
    }
}

extension OpenTelemetry {
    /// `opentelemetry.proto.trace.v1.ResourceSpans`: spans of one resource.
    package struct ResourceSpans: ProtoMessage {
        /// The resource.
        package var resource: Resource?
        /// Its spans by scope.
        package var scopeSpans: [ScopeSpans] = []

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.resource, field)
            case 2: try reader.read(&self.scopeSpans, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.resource, 1)
            writer.write(self.scopeSpans, 2)
        }
    }
}

extension OpenTelemetry {
    /// `ExportTraceServiceRequest`: takes these spans.
    package struct ExportTraceServiceRequest: ProtoMessage {
        /// Spans by resource.
        package var resourceSpans: [ResourceSpans] = []

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.resourceSpans, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.resourceSpans, 1)
        }
    }
}

extension OpenTelemetry {
    /// `ExportTracePartialSuccess`: what was not taken, and must not be sent again.
    package struct ExportTracePartialSuccess: ProtoMessage {
        /// How many.
        package var rejectedSpans: Int64 = 0
        /// Why, for people.
        package var errorMessage = ""

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.rejectedSpans, field)
            case 2: try reader.read(&self.errorMessage, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.rejectedSpans, 1)
            writer.write(self.errorMessage, 2)
        }
    }
}

extension OpenTelemetry {
    /// `ExportTraceServiceResponse`: the answer.
    package struct ExportTraceServiceResponse: ProtoMessage {
        /// What was not taken; nil when all was.
        package var partialSuccess: ExportTracePartialSuccess?

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.partialSuccess, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.partialSuccess, 1)
        }
    }
}
