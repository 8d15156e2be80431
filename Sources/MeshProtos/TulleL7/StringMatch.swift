// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// How text is compared.
    package struct StringMatch: ProtoMessage {
        /// Kind.
        package var kind: TulleL7.StringMatch.Kind = TulleL7.StringMatch.Kind(rawValue: 0)
        /// Value.
        package var value: String = ""
        /// Ignore case.
        package var ignoreCase: Bool = false

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.kind, field)
            case 2: try reader.read(&self.value, field)
            case 3: try reader.read(&self.ignoreCase, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.kind, 1)
            writer.write(self.value, 2)
            writer.write(self.ignoreCase, 3)
        }
    }
}

extension TulleL7.StringMatch {
    /// The ways to compare.
    package struct Kind: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// All of it.
        package static let exact = Self(rawValue: 0)
        /// Its start.
        package static let prefix = Self(rawValue: 1)
        /// Its end.
        package static let suffix = Self(rawValue: 2)
        /// A regular expression for all of it.
        package static let regex = Self(rawValue: 3)
        /// It is there, be it empty.
        package static let present = Self(rawValue: 4)
    }
}
