extension GoogleProtobuf {
    /// A JSON-like object.
    package struct Struct: ProtoMessage {
        /// Its members.
        package var fields: [String: Value] = [:]

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.fields, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.fields, 1)
        }

        /// The member `name` if it is a string.
        package func string(_ name: String) -> String? {
            guard case .string(let text) = self.fields[name]?.kind else { return nil }
            return text
        }
    }

    /// A JSON-like value.
    package struct Value: ProtoMessage {
        /// The kinds of value.
        package indirect enum Kind: Hashable, Sendable {
            case null
            case number(Double)
            case string(String)
            case bool(Bool)
            case object(Struct)
            case list([Value])
        }

        /// The value; nil when the sender set none.
        package var kind: Kind?

        package init() {}

        /// A value of one kind.
        package init(_ kind: Kind) { self.kind = kind }

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch (field.number, field.wireType) {
            case (1, .varint):
                try reader.skip(field)
                self.kind = .null
            case (2, .fixed64):
                var number = 0.0
                try reader.read(&number, field)
                self.kind = .number(number)
            case (3, .bytes):
                var text = ""
                try reader.read(&text, field)
                self.kind = .string(text)
            case (4, .varint):
                var flag = false
                try reader.read(&flag, field)
                self.kind = .bool(flag)
            case (5, .bytes):
                var object = Struct()
                if case .object(let earlier) = self.kind { object = earlier }
                try reader.read(&object, field)
                self.kind = .object(object)
            case (6, .bytes):
                var list = ListValue()
                if case .list(let earlier) = self.kind { list.values = earlier }
                try reader.read(&list, field)
                self.kind = .list(list.values)
            default:
                try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            switch self.kind {
            case .null: writer.writeVarint(0, 1)
            case .number(let number): writer.writeAlways(number, 2)
            case .string(let text): writer.writeAlways(text, 3)
            case .bool(let flag): writer.writeVarint(flag ? 1 : 0, 4)
            case .object(let object): writer.writeAlways(object, 5)
            case .list(let values): writer.writeAlways(ListValue(values: values), 6)
            case nil: break
            }
        }
    }

    /// `ListValue`: the message around a list of values.
    private struct ListValue: ProtoMessage {
        var values: [Value] = []

        init() {}
        init(values: [Value]) { self.values = values }

        mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.values, field)
            default: try reader.skip(field)
            }
        }

        func encode(into writer: inout ProtoWriter) {
            writer.write(self.values, 1)
        }
    }
}
