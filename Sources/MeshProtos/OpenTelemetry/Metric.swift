extension OpenTelemetry {
    /// `AggregationTemporality`: since when points count.
    package struct AggregationTemporality: ProtoEnum {
        /// The number on the wire.
        package var rawValue: Int32

        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// Since the last export.
        package static let delta = AggregationTemporality(rawValue: 1)
        /// Since the beginning.
        package static let cumulative = AggregationTemporality(rawValue: 2)
    }
}

extension OpenTelemetry {
    /// `opentelemetry.proto.metrics.v1.Gauge`: what is so at a moment.
    package struct Gauge: ProtoMessage {
        /// One a set of labels.
        package var dataPoints: [NumberDataPoint] = []

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.dataPoints, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.dataPoints, 1)
        }
    }
}

extension OpenTelemetry {
    /// `opentelemetry.proto.metrics.v1.Sum`: what adds up.
    package struct Sum: ProtoMessage {
        /// One a set of labels.
        package var dataPoints: [NumberDataPoint] = []
        /// Since when points count.
        package var aggregationTemporality = AggregationTemporality(rawValue: 0)
        /// Whether it never falls.
        package var isMonotonic = false

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.dataPoints, field)
            case 2: try reader.read(&self.aggregationTemporality, field)
            case 3: try reader.read(&self.isMonotonic, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.dataPoints, 1)
            writer.write(self.aggregationTemporality, 2)
            writer.write(self.isMonotonic, 3)
        }
    }
}

extension OpenTelemetry {
    /// `opentelemetry.proto.metrics.v1.Histogram`: how often which values were seen.
    package struct Histogram: ProtoMessage {
        /// One a set of labels.
        package var dataPoints: [HistogramDataPoint] = []
        /// Since when points count.
        package var aggregationTemporality = AggregationTemporality(rawValue: 0)

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.dataPoints, field)
            case 2: try reader.read(&self.aggregationTemporality, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.dataPoints, 1)
            writer.write(self.aggregationTemporality, 2)
        }
    }
}

extension OpenTelemetry {
    /// `opentelemetry.proto.metrics.v1.Metric`: one metric with its points.
    package struct Metric: ProtoMessage {
        /// The kinds.
        package enum Kind: Hashable, Sendable {
            /// What is so at a moment.
            case gauge(Gauge)
            /// What adds up.
            case sum(Sum)
            /// How often which values were seen.
            case histogram(Histogram)
        }

        /// The name.
        package var name = ""
        /// What it is, for people.
        package var description = ""
        /// By the Unified Code for Units of Measure: `ms`, `By`, `1`.
        package var unit = ""
        /// The points; nil for none, or those of a kind that we do not read.
        package var data: Kind?

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch (field.number, field.wireType) {
            case (1, _): try reader.read(&self.name, field)
            case (2, _): try reader.read(&self.description, field)
            case (3, _): try reader.read(&self.unit, field)
            case (5, .bytes):
                var gauge = Gauge()
                if case .gauge(let known) = self.data { gauge = known }
                try reader.read(&gauge, field)
                self.data = .gauge(gauge)
            case (7, .bytes):
                var sum = Sum()
                if case .sum(let known) = self.data { sum = known }
                try reader.read(&sum, field)
                self.data = .sum(sum)
            case (9, .bytes):
                var histogram = Histogram()
                if case .histogram(let known) = self.data { histogram = known }
                try reader.read(&histogram, field)
                self.data = .histogram(histogram)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.name, 1)
            writer.write(self.description, 2)
            writer.write(self.unit, 3)
            switch self.data {
            case .gauge(let gauge): writer.writeAlways(gauge, 5)
            case .sum(let sum): writer.writeAlways(sum, 7)
            case .histogram(let histogram): writer.writeAlways(histogram, 9)
            case nil: break
            }
        }
    }
}
