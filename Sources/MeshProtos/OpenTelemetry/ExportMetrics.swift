extension OpenTelemetry {
    /// `opentelemetry.proto.metrics.v1.ScopeMetrics`: metrics of one scope.
    package struct ScopeMetrics: ProtoMessage {
        /// The scope.
        package var scope: InstrumentationScope?
        /// Its metrics.
        package var metrics: [Metric] = []

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.scope, field)
            case 2: try reader.read(&self.metrics, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.scope, 1)
            writer.write(self.metrics, 2)
        }
    }
}

extension OpenTelemetry {
    /// `opentelemetry.proto.metrics.v1.ResourceMetrics`: metrics of one resource.
    package struct ResourceMetrics: ProtoMessage {
        /// The resource.
        package var resource: Resource?
        /// Its metrics by scope.
        package var scopeMetrics: [ScopeMetrics] = []

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.resource, field)
            case 2: try reader.read(&self.scopeMetrics, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.resource, 1)
            writer.write(self.scopeMetrics, 2)
        }
    }
}

extension OpenTelemetry {
    /// `ExportMetricsServiceRequest`: takes these metrics.
    package struct ExportMetricsServiceRequest: ProtoMessage {
        /// Metrics by resource.
        package var resourceMetrics: [ResourceMetrics] = []

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.resourceMetrics, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.resourceMetrics, 1)
        }
    }
}

extension OpenTelemetry {
    /// `ExportMetricsPartialSuccess`: what was not taken, and must not be sent again.
    package struct ExportMetricsPartialSuccess: ProtoMessage {
        /// How many.
        package var rejectedDataPoints: Int64 = 0
        /// Why, for people.
        package var errorMessage = ""

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.rejectedDataPoints, field)
            case 2: try reader.read(&self.errorMessage, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.rejectedDataPoints, 1)
            writer.write(self.errorMessage, 2)
        }
    }
}

extension OpenTelemetry {
    /// `ExportMetricsServiceResponse`: the answer.
    package struct ExportMetricsServiceResponse: ProtoMessage {
        /// What was not taken; nil when all was.
        package var partialSuccess: ExportMetricsPartialSuccess?

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
