/// The head of an HTTP/1.1 message: its first line and its fields, read strictly.
///
/// Lines end with CR LF and nothing else; folded lines, control bytes and white space before the colon are refused,
/// because two readers that disagree on them can be played against each other (RFC 9112 §2.2, §5).
package struct HTTPHead: Hashable {
    /// The first line without its end.
    package var startLine: String
    /// The fields in order.
    package var fields: [HTTPField]

    /// Why a head was refused.
    package enum Malformation: Error, Hashable {
        /// A line holds a byte that must not be there.
        case invalidByte
        /// A field line is folded, has no colon or an invalid name.
        case invalidField
        /// There are more fields than ``maximumFields``.
        case tooManyFields
    }

    /// How many fields a head may have.
    package static let maximumFields = 128

    /// Parses a head without the blank line at its end.
    package init(parsing bytes: some Collection<UInt8>) throws(Malformation) {
        var lines: [[UInt8]] = []
        var line: [UInt8] = []
        var sawReturn = false
        for byte in bytes {
            if sawReturn {
                guard byte == UInt8(ascii: "\n") else { throw .invalidByte }
                guard lines.count <= Self.maximumFields else { throw .tooManyFields }
                lines.append(line)
                line = []
                sawReturn = false
            } else if byte == UInt8(ascii: "\r") {
                sawReturn = true
            } else {
                guard byte >= 0x20 && byte != 0x7f || byte == UInt8(ascii: "\t") else { throw .invalidByte }
                line.append(byte)
            }
        }
        guard !sawReturn else { throw .invalidByte }
        guard lines.count <= Self.maximumFields else { throw .tooManyFields }
        lines.append(line)
        self.startLine = String(decoding: lines.first ?? [], as: UTF8.self)
        self.fields = []
        for line in lines.dropFirst() {
            self.fields.append(try Self.field(line))
        }
    }

    private static func field(_ line: [UInt8]) throws(Malformation) -> HTTPField {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0,
            line[..<colon].allSatisfy(Self.isTokenByte)
        else { throw .invalidField }
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        var value = line[(colon + 1)...].drop(while: isSpace)
        while let last = value.last, isSpace(last) { value.removeLast() }
        return HTTPField(
            name: String(decoding: line[..<colon], as: UTF8.self),
            value: String(decoding: value, as: UTF8.self)
        )
    }

    /// Whether `byte` may occur in a method or field name (RFC 9110 §5.6.2).
    package static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default:
            "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
