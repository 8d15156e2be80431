// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// Sends the client elsewhere.
    package struct Redirect: ProtoMessage {
        /// Empty keeps the request's.
        package var scheme: String = ""
        /// Host.
        package var host: String = ""
        /// Zero: by `port_rule`.
        package var port: UInt32 = 0
        /// Port rule.
        package var portRule: TulleL7.Redirect.PortRule = TulleL7.Redirect.PortRule(rawValue: 0)
        /// Missing keeps the path.
        package var path: TulleL7.PathChange?
        /// 301, 302, 303, 307 or 308.
        package var status: UInt32 = 0

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.scheme, field)
            case 2: try reader.read(&self.host, field)
            case 3: try reader.read(&self.port, field)
            case 4: try reader.read(&self.portRule, field)
            case 5: try reader.read(&self.path, field)
            case 6: try reader.read(&self.status, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.scheme, 1)
            writer.write(self.host, 2)
            writer.write(self.port, 3)
            writer.write(self.portRule, 4)
            writer.write(self.path, 5)
            writer.write(self.status, 6)
        }
    }
}

extension TulleL7.Redirect {
    /// Which port follows where none was written.
    package struct PortRule: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// Gateway API: the scheme's where one was written, else the one that was asked.
        package static let gateway = Self(rawValue: 0)
        /// The scheme's.
        package static let protocolDefault = Self(rawValue: 1)
        /// The one that was asked.
        package static let request = Self(rawValue: 2)
        /// As the request's authority has it.
        package static let keep = Self(rawValue: 3)
    }
}
