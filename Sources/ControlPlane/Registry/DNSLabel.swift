/// Names from ECS as DNS labels: ECS allows upper case and `_`, DNS does not.
enum DNSLabel {
    /// The text in lower case with every other byte than a letter, a digit or `-` turned into `-`, without `-` at its
    /// ends, at most 63 bytes; nil when nothing is left.
    static func make(_ text: String) -> String? {
        var bytes = text.utf8.prefix(255).map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte + 32
            default: UInt8(ascii: "-")
            }
        }[...]
        bytes = bytes.drop { $0 == UInt8(ascii: "-") }.prefix(63)
        while bytes.last == UInt8(ascii: "-") { bytes.removeLast() }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }
}
