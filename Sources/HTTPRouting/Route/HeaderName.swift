/// Names of header fields (RFC 9110 §5.1).
package enum HeaderName {
    /// Whether a text is a token, as a field's name must be.
    package static func isValid(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy(self.isTokenByte)
    }

    package static func lowercased(_ name: String) -> String {
        if !name.utf8.contains(where: { $0.asciiLowercased != $0 }) { return name }
        return String(decoding: name.utf8.map(\.asciiLowercased), as: UTF8.self)
    }

    /// Whether a text can be a field's value: no line break, no NUL.
    package static func isValidValue(_ value: String) -> Bool {
        !value.utf8.contains { $0 == 0 || $0 == 0x0a || $0 == 0x0d }
    }

    /// Fields that say where a message ends or what a connection becomes. No rule may change them: whoever does makes
    /// two parsers see two messages.
    package static func isFraming(_ name: String) -> Bool {
        switch name {
        case "connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
            "upgrade":
            true
        default: false
        }
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
