extension OpenTelemetry {
    /// `opentelemetry.proto.metrics.v1.NumberDataPoint`: a number of one set of labels.
    package struct NumberDataPoint: ProtoMessage {
        /// The kinds.
        package enum Kind: Hashable, Sendable {
            /// A number with a fraction.
            case asDouble(Double)
            /// A whole number.
            case asInt(Int64)
        }

        /// Since when it counts, in nanoseconds since 1970.
        package var startTimeUnixNano: UInt64 = 0
        /// When it was so, in nanoseconds since 1970.
        package var timeUnixNano: UInt64 = 0
        /// The number.
        package var value: Kind?
        /// The labels.
        package var attributes: [KeyValue] = []

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch (field.number, field.wireType) {
            case (2, _): try reader.readFixed(&self.startTimeUnixNano, field)
            case (3, _): try reader.readFixed(&self.timeUnixNano, field)
            case (4, .fixed64):
                var number = 0.0
                try reader.read(&number, field)
                self.value = .asDouble(number)
            case (6, .fixed64):
                var bits: UInt64 = 0
                try reader.readFixed(&bits, field)
                self.value = .asInt(Int64(bitPattern: bits))
            case (7, _): try reader.read(&self.attributes, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.writeFixed(self.startTimeUnixNano, 2)
            writer.writeFixed(self.timeUnixNano, 3)
            if case .asDouble(let number) = self.value { writer.writeAlways(number, 4) }
            if case .asInt(let number) = self.value { writer.writeFixedAlways(UInt64(bitPattern: number), 6) }
            writer.write(self.attributes, 7)
        }
    }
}

extension OpenTelemetry {
    /// `opentelemetry.proto.metrics.v1.HistogramDataPoint`: a histogram of one set of labels.
    package struct HistogramDataPoint: ProtoMessage {
        /// Since when it counts, in nanoseconds since 1970.
        package var startTimeUnixNano: UInt64 = 0
        /// When it was so, in nanoseconds since 1970.
        package var timeUnixNano: UInt64 = 0
        /// All observations.
        package var count: UInt64 = 0
        /// The sum of their values.
        package var sum: Double?
        /// Observations by bucket, one a bound and one more, not cumulative.
        package var bucketCounts: [UInt64] = []
        /// Upper bounds, rising.
        package var explicitBounds: [Double] = []
        /// The labels.
        package var attributes: [KeyValue] = []

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 2: try reader.readFixed(&self.startTimeUnixNano, field)
            case 3: try reader.readFixed(&self.timeUnixNano, field)
            case 4: try reader.readFixed(&self.count, field)
            case 5:
                guard field.wireType == .fixed64 else { return try reader.skip(field) }
                var number = 0.0
                try reader.read(&number, field)
                self.sum = number
            case 6: try reader.readFixed(&self.bucketCounts, field)
            case 7: try reader.read(&self.explicitBounds, field)
            case 9: try reader.read(&self.attributes, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.writeFixed(self.startTimeUnixNano, 2)
            writer.writeFixed(self.timeUnixNano, 3)
            writer.writeFixed(self.count, 4)
            if let sum = self.sum { writer.writeAlways(sum, 5) }
            writer.writeFixed(self.bucketCounts, 6)
            writer.write(self.explicitBounds, 7)
            writer.write(self.attributes, 9)
        }
    }
}
