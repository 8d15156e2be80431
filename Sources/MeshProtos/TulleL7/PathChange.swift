// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// How a path becomes another.
    package struct PathChange: ProtoMessage {
        /// Kind.
        package var kind: TulleL7.PathChange.Kind = TulleL7.PathChange.Kind(rawValue: 0)
        /// Value.
        package var value: String = ""
        /// For regular expressions: what is looked for, with `value` in place of it.
        package var pattern: String = ""

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.kind, field)
            case 2: try reader.read(&self.value, field)
            case 3: try reader.read(&self.pattern, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.kind, 1)
            writer.write(self.value, 2)
            writer.write(self.pattern, 3)
        }
    }
}

extension TulleL7.PathChange {
    /// The ways to change.
    package struct Kind: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// All of it.
        package static let full = Self(rawValue: 0)
        /// The matched prefix, by segments.
        package static let segmentPrefix = Self(rawValue: 1)
        /// The matched prefix, by characters.
        package static let stringPrefix = Self(rawValue: 2)
        /// What the pattern finds, with `\1` for its groups.
        package static let regex = Self(rawValue: 3)
    }
}
