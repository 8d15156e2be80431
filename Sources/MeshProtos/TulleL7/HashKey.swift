// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// What a consistent choice depends on.
    package struct HashKey: ProtoMessage {
        /// Kind.
        package var kind: TulleL7.HashKey.Kind = TulleL7.HashKey.Kind(rawValue: 0)
        /// Of the header, cookie or parameter.
        package var name: String = ""
        /// Of a cookie that is made.
        package var cookiePath: String = ""
        /// Makes cookie.
        package var makesCookie: Bool = false
        /// Cookie seconds.
        package var cookieSeconds: UInt32 = 0
        /// Cookie attributes.
        package var cookieAttributes: [TulleL7.Header] = []

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.kind, field)
            case 2: try reader.read(&self.name, field)
            case 3: try reader.read(&self.cookiePath, field)
            case 4: try reader.read(&self.makesCookie, field)
            case 5: try reader.read(&self.cookieSeconds, field)
            case 6: try reader.read(&self.cookieAttributes, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.kind, 1)
            writer.write(self.name, 2)
            writer.write(self.cookiePath, 3)
            writer.write(self.makesCookie, 4)
            writer.write(self.cookieSeconds, 5)
            writer.write(self.cookieAttributes, 6)
        }
    }
}

extension TulleL7.HashKey {
    /// The kinds.
    package struct Kind: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// `SOURCE_IP`.
        package static let sourceIp = Self(rawValue: 0)
        /// `HEADER`.
        package static let header = Self(rawValue: 1)
        /// `COOKIE`.
        package static let cookie = Self(rawValue: 2)
        /// `QUERY`.
        package static let query = Self(rawValue: 3)
    }
}
