// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// What is reported: Istio's Telemetry, merged for the service.
    package struct Telemetry: ProtoMessage {
        /// Metrics.
        package var metrics: [TulleL7.Telemetry.MetricOverride] = []
        /// Access logs.
        package var accessLogs: [TulleL7.Telemetry.AccessLog] = []
        /// Tracing.
        package var tracing: TulleL7.Telemetry.Tracing?
        /// Reporting interval ms.
        package var reportingIntervalMilliseconds: UInt32 = 0

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.metrics, field)
            case 2: try reader.read(&self.accessLogs, field)
            case 3: try reader.read(&self.tracing, field)
            case 4: try reader.read(&self.reportingIntervalMilliseconds, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.metrics, 1)
            writer.write(self.accessLogs, 2)
            writer.write(self.tracing, 3)
            writer.write(self.reportingIntervalMilliseconds, 4)
        }
    }
}

extension TulleL7.Telemetry {
    /// A change of metrics' labels.
    package struct MetricOverride: ProtoMessage {
        /// Telemetry API's name, such as `REQUEST_COUNT`; empty for all.
        package var metric: String = ""
        /// Disabled.
        package var disabled: Bool = false
        /// Tags.
        package var tags: [TulleL7.Telemetry.TagOverride] = []

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.metric, field)
            case 2: try reader.read(&self.disabled, field)
            case 3: try reader.read(&self.tags, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.metric, 1)
            writer.write(self.disabled, 2)
            writer.write(self.tags, 3)
        }
    }
}

extension TulleL7.Telemetry {
    /// A TagOverride.
    package struct TagOverride: ProtoMessage {
        /// Tag.
        package var tag: String = ""
        /// Remove.
        package var remove: Bool = false
        /// A CEL expression.
        package var value: String = ""

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.tag, field)
            case 2: try reader.read(&self.remove, field)
            case 3: try reader.read(&self.value, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.tag, 1)
            writer.write(self.remove, 2)
            writer.write(self.value, 3)
        }
    }
}

extension TulleL7.Telemetry {
    /// A AccessLog.
    package struct AccessLog: ProtoMessage {
        /// A provider of the waypoint's settings.
        package var provider: String = ""
        /// A CEL expression; empty for all.
        package var filter: String = ""
        /// Disabled.
        package var disabled: Bool = false

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.provider, field)
            case 2: try reader.read(&self.filter, field)
            case 3: try reader.read(&self.disabled, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.provider, 1)
            writer.write(self.filter, 2)
            writer.write(self.disabled, 3)
        }
    }
}

extension TulleL7.Telemetry {
    /// A Tracing.
    package struct Tracing: ProtoMessage {
        /// Provider.
        package var provider: String = ""
        /// Sampling of requests that bring no decision, in millionths; missing for the mesh's default.
        package var sampling: TulleL7.Telemetry.Sampling?
        /// Disabled.
        package var disabled: Bool = false
        /// Tags.
        package var tags: [TulleL7.Telemetry.CustomTag] = []
        /// Keeps context.
        package var keepsContext: Bool = false

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.provider, field)
            case 2: try reader.read(&self.sampling, field)
            case 3: try reader.read(&self.disabled, field)
            case 4: try reader.read(&self.tags, field)
            case 5: try reader.read(&self.keepsContext, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.provider, 1)
            writer.write(self.sampling, 2)
            writer.write(self.disabled, 3)
            writer.write(self.tags, 4)
            writer.write(self.keepsContext, 5)
        }
    }
}

extension TulleL7.Telemetry {
    /// A Sampling.
    package struct Sampling: ProtoMessage {
        /// Fraction.
        package var fraction: UInt32 = 0

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.fraction, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.fraction, 1)
        }
    }
}

extension TulleL7.Telemetry {
    /// A CustomTag.
    package struct CustomTag: ProtoMessage {
        /// Tag.
        package var tag: String = ""
        /// One of the three.
        package var literal: String = ""
        /// Environment.
        package var environment: String = ""
        /// Header.
        package var header: String = ""
        /// Default value.
        package var defaultValue: String = ""

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.tag, field)
            case 2: try reader.read(&self.literal, field)
            case 3: try reader.read(&self.environment, field)
            case 4: try reader.read(&self.header, field)
            case 5: try reader.read(&self.defaultValue, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.tag, 1)
            writer.write(self.literal, 2)
            writer.write(self.environment, 3)
            writer.write(self.header, 4)
            writer.write(self.defaultValue, 5)
        }
    }
}
