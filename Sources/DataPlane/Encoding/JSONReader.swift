/// A strict, bounded JSON parser: one document, nothing after it, no extensions of any kind.
package struct JSONReader {
    /// The largest document, in bytes.
    package static let byteLimit = 1024 * 1024
    /// How deep arrays and objects may nest.
    package static let depthLimit = 32
    /// The most members of one object; looking for repeated names costs their square.
    package static let memberLimit = 256

    private let bytes: [UInt8]
    private var index = 0

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Reads one document.
    ///
    /// - Throws: ``JSONError`` with the place of the first fault.
    package static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
        guard bytes.count <= byteLimit else { throw JSONError(kind: .tooLarge, offset: byteLimit) }
        var reader = JSONReader(bytes)
        reader.skipSpace()
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.index == bytes.count else { throw reader.error(.trailingBytes) }
        return value
    }

    private func error(_ kind: JSONError.Kind) -> JSONError { JSONError(kind: kind, offset: index) }

    private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
    }

    /// Goes past `byte`, or fails.
    private mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard let found = next else { throw error(.unexpectedEnd) }
        guard found == byte else { throw error(.unexpectedByte(found)) }
        index += 1
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        guard depth < Self.depthLimit else { throw error(.tooDeep) }
        guard let byte = next else { throw error(.unexpectedEnd) }
        switch byte {
        case UInt8(ascii: "{"): return .object(try object(depth: depth))
        case UInt8(ascii: "["): return .array(try array(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: throw error(.unexpectedByte(byte))
        }
    }

    private mutating func literal(_ text: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
        guard bytes.dropFirst(index).starts(with: text.utf8) else { throw error(.invalidLiteral) }
        index += text.utf8.count
        return value
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
        var object = JSONObject()
        index += 1
        skipSpace()
        if next == UInt8(ascii: "}") {
            index += 1
            return object
        }
        while true {
            skipSpace()
            let start = index
            guard next == UInt8(ascii: "\"") else {
                throw error(next.map { .unexpectedByte($0) } ?? .unexpectedEnd)
            }
            let name = try string()
            skipSpace()
            try expect(UInt8(ascii: ":"))
            skipSpace()
            let value = try value(depth: depth + 1)
            guard object.members.count < Self.memberLimit else { throw error(.tooManyMembers) }
            guard object.add(name, value) else { throw JSONError(kind: .duplicateName, offset: start) }
            skipSpace()
            if next == UInt8(ascii: ",") {
                index += 1
                continue
            }
            try expect(UInt8(ascii: "}"))
            return object
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> [JSONValue] {
        var elements: [JSONValue] = []
        index += 1
        skipSpace()
        if next == UInt8(ascii: "]") {
            index += 1
            return elements
        }
        while true {
            skipSpace()
            elements.append(try value(depth: depth + 1))
            skipSpace()
            if next == UInt8(ascii: ",") {
                index += 1
                continue
            }
            try expect(UInt8(ascii: "]"))
            return elements
        }
    }

    private mutating func number() throws(JSONError) -> String {
        let start = index
        if next == UInt8(ascii: "-") { index += 1 }
        if next == UInt8(ascii: "0") {
            index += 1
        } else {
            try digits()
        }
        if next == UInt8(ascii: ".") {
            index += 1
            try digits()
        }
        if let byte = next, byte | 0x20 == UInt8(ascii: "e") {
            index += 1
            if let sign = next, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { index += 1 }
            try digits()
        }
        if let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { throw error(.invalidNumber) }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func digits() throws(JSONError) {
        let start = index
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { index += 1 }
        guard index > start else { throw error(.invalidNumber) }
    }

    private mutating func string() throws(JSONError) -> String {
        let start = index
        index += 1
        var content: [UInt8] = []
        while true {
            guard let byte = next else { throw error(.unexpectedEnd) }
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw JSONError(kind: .invalidUTF8, offset: start)
                }
                return text
            case UInt8(ascii: "\\"): try escape(into: &content)
            case 0..<0x20:
                index -= 1
                throw error(.controlCharacter)
            default: content.append(byte)
            }
        }
    }

    private mutating func escape(into content: inout [UInt8]) throws(JSONError) {
        guard let byte = next else { throw error(.unexpectedEnd) }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"): content += try unicodeEscape().utf8
        default: throw error(.invalidEscape)
        }
    }

    /// The character of `\uXXXX`, or of a pair of them; the first `\u` is behind us.
    private mutating func unicodeEscape() throws(JSONError) -> String {
        let first = try hexadecimal()
        var scalar = first
        if (0xD800..<0xDC00).contains(first) {
            guard next == UInt8(ascii: "\\") else { throw error(.invalidEscape) }
            index += 1
            guard next == UInt8(ascii: "u") else { throw error(.invalidEscape) }
            index += 1
            let second = try hexadecimal()
            guard (0xDC00..<0xE000).contains(second) else { throw error(.invalidEscape) }
            scalar = 0x1_0000 + (first - 0xD800) << 10 + (second - 0xDC00)
        }
        guard let character = Unicode.Scalar(scalar) else { throw error(.invalidEscape) }
        return String(Character(character))
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next else { throw error(.unexpectedEnd) }
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw error(.invalidEscape)
            }
            value = value << 4 | UInt32(truncatingIfNeeded: digit)
            index += 1
        }
        return value
    }
}
