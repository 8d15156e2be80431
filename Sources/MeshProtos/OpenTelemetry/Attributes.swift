extension OpenTelemetry {
    /// `opentelemetry.proto.common.v1.AnyValue`: a value of one of several kinds.
    package struct AnyValue: ProtoMessage {
        /// The kinds.
        package enum Kind: Hashable, Sendable {
            /// Words.
            case stringValue(String)
            /// Yes or no.
            case boolValue(Bool)
            /// A whole number.
            case intValue(Int64)
        }

        /// The value; nil for none, or one of a kind that we do not read.
        package var value: Kind?

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch (field.number, field.wireType) {
            case (1, .bytes):
                var text = ""
                try reader.read(&text, field)
                self.value = .stringValue(text)
            case (2, .varint):
                var flag = false
                try reader.read(&flag, field)
                self.value = .boolValue(flag)
            case (3, .varint):
                var number: Int64 = 0
                try reader.read(&number, field)
                self.value = .intValue(number)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            switch self.value {
            case .stringValue(let text): writer.writeAlways(text, 1)
            case .boolValue(let flag): writer.writeVarint(flag ? 1 : 0, 2)
            case .intValue(let number): writer.writeVarint(UInt64(bitPattern: number), 3)
            case nil: break
            }
        }
    }
}

extension OpenTelemetry {
    /// `opentelemetry.proto.common.v1.KeyValue`: a named value.
    package struct KeyValue: ProtoMessage {
        /// The name.
        package var key = ""
        /// The value.
        package var value: AnyValue?

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.key, field)
            case 2: try reader.read(&self.value, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.key, 1)
            writer.write(self.value, 2)
        }
    }
}

extension OpenTelemetry.KeyValue {
    /// Names words.
    package init(_ key: String, _ text: String) {
        self.init()
        self.key = key
        self.value = .with { $0.value = .stringValue(text) }
    }

    /// Names a number.
    package init(_ key: String, _ number: Int64) {
        self.init()
        self.key = key
        self.value = .with { $0.value = .intValue(number) }
    }
}

extension OpenTelemetry {
    /// `opentelemetry.proto.resource.v1.Resource`: the process that made the spans.
    package struct Resource: ProtoMessage {
        /// Facts about it.
        package var attributes: [KeyValue] = []

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.attributes, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.attributes, 1)
        }
    }
}

extension OpenTelemetry {
    /// `opentelemetry.proto.common.v1.InstrumentationScope`: the program text that made the spans.
    package struct InstrumentationScope: ProtoMessage {
        /// Its name.
        package var name = ""
        /// Its version.
        package var version = ""

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.name, field)
            case 2: try reader.read(&self.version, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.name, 1)
            writer.write(self.version, 2)
        }
    }
}
