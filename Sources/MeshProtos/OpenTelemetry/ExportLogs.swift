extension OpenTelemetry {
    /// `opentelemetry.proto.logs.v1.ScopeLogs`: log records of one scope.
    package struct ScopeLogs: ProtoMessage {
        /// The scope.
        package var scope: InstrumentationScope?
        /// Its log records.
        package var logRecords: [LogRecord] = []

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.scope, field)
            case 2: try reader.read(&self.logRecords, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.scope, 1)
            writer.write(self.logRecords, 2)
        }
    }
}

extension OpenTelemetry {
    /// `opentelemetry.proto.logs.v1.ResourceLogs`: log records of one resource.
    package struct ResourceLogs: ProtoMessage {
        /// The resource.
        package var resource: Resource?
        /// Its log records by scope.
        package var scopeLogs: [ScopeLogs] = []

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.resource, field)
            case 2: try reader.read(&self.scopeLogs, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.resource, 1)
            writer.write(self.scopeLogs, 2)
        }
    }
}

extension OpenTelemetry {
    /// `ExportLogsServiceRequest`: takes these log records.
    package struct ExportLogsServiceRequest: ProtoMessage {
        /// Log records by resource.
        package var resourceLogs: [ResourceLogs] = []

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.resourceLogs, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.resourceLogs, 1)
        }
    }
}

extension OpenTelemetry {
    /// `ExportLogsPartialSuccess`: what was not taken, and must not be sent again.
    package struct ExportLogsPartialSuccess: ProtoMessage {
        /// How many.
        package var rejectedLogRecords: Int64 = 0
        /// Why, for people.
        package var errorMessage = ""

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.rejectedLogRecords, field)
            case 2: try reader.read(&self.errorMessage, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.rejectedLogRecords, 1)
            writer.write(self.errorMessage, 2)
        }
    }
}

extension OpenTelemetry {
    /// `ExportLogsServiceResponse`: the answer.
    package struct ExportLogsServiceResponse: ProtoMessage {
        /// What was not taken; nil when all was.
        package var partialSuccess: ExportLogsPartialSuccess?

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
