/// How much JSON a reader takes before it refuses.
package struct JSONLimits: Sendable, Hashable {
    /// Most bytes of text.
    package var bytes = 16 * 1024 * 1024
    /// Most levels of arrays and objects inside each other.
    package var depth = 64

    /// 16 MiB and 64 levels.
    package init() {}
}

/// Why a text is not JSON that we take; offsets count bytes from the start.
package enum JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// More bytes than the limit.
    case tooLarge(Int)
    /// More levels than the limit.
    case tooDeep(offset: Int)
    /// A byte that JSON's grammar has no place for.
    case unexpectedByte(offset: Int)
    /// The text stops in the middle of a value.
    case unexpectedEnd
    /// Bytes that are not UTF-8, or half of a surrogate pair.
    case invalidText(offset: Int)
    /// One object has this name twice.
    case duplicateName(offset: Int)

    package var description: String {
        switch self {
        case .tooLarge(let bytes): "JSON of \(bytes) bytes is over the limit"
        case .tooDeep(let offset): "JSON is nested too deeply at byte \(offset)"
        case .unexpectedByte(let offset): "unexpected byte in JSON at byte \(offset)"
        case .unexpectedEnd: "JSON ends too early"
        case .invalidText(let offset): "invalid text in JSON at byte \(offset)"
        case .duplicateName(let offset): "a name occurs twice in one JSON object, at byte \(offset)"
        }
    }
}

extension JSONValue {
    /// Reads one whole JSON text (RFC 8259), strictly: nothing may follow it, and no object may have a name twice.
    package init(parsing bytes: some Sequence<UInt8>, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        var parser = JSONParser(bytes: Array(bytes), limits: limits)
        self = try parser.document()
    }

    /// Reads one whole JSON text.
    package init(parsing text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        try self.init(parsing: text.utf8, limits: limits)
    }
}

/// A recursive reader; its depth is bounded by the limits.
private struct JSONParser {
    private let bytes: [UInt8]
    private let limits: JSONLimits
    private var offset = 0

    init(bytes: [UInt8], limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func document() throws(JSONError) -> JSONValue {
        guard self.bytes.count <= self.limits.bytes else { throw .tooLarge(self.bytes.count) }
        let value = try self.value(depth: 0)
        self.skipSpace()
        guard self.offset == self.bytes.count else { throw .unexpectedByte(offset: self.offset) }
        return value
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        self.skipSpace()
        switch self.peek {
        case nil: throw .unexpectedEnd
        case UInt8(ascii: "{"): return try self.object(depth: depth + 1)
        case UInt8(ascii: "["): return try self.array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try self.string())
        case UInt8(ascii: "t"): return try self.word("true", .bool(true))
        case UInt8(ascii: "f"): return try self.word("false", .bool(false))
        case UInt8(ascii: "n"): return try self.word("null", .null)
        default: return .number(try self.number())
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        guard depth <= self.limits.depth else { throw .tooDeep(offset: self.offset) }
        self.offset += 1
        var members = JSONObject()
        var names: Set<String> = []
        self.skipSpace()
        if self.take(UInt8(ascii: "}")) { return .object(members) }
        while true {
            self.skipSpace()
            let start = self.offset
            guard self.peek == UInt8(ascii: "\"") else { throw self.unexpected }
            let name = try self.string()
            // Strings that are equal to Swift may still be of other bytes, and then both are kept.
            guard names.insert(name).inserted || members[name] == nil else { throw .duplicateName(offset: start) }
            self.skipSpace()
            guard self.take(UInt8(ascii: ":")) else { throw self.unexpected }
            members.append(name, try self.value(depth: depth))
            self.skipSpace()
            if self.take(UInt8(ascii: "}")) { return .object(members) }
            guard self.take(UInt8(ascii: ",")) else { throw self.unexpected }
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        guard depth <= self.limits.depth else { throw .tooDeep(offset: self.offset) }
        self.offset += 1
        var values: [JSONValue] = []
        self.skipSpace()
        if self.take(UInt8(ascii: "]")) { return .array(values) }
        while true {
            values.append(try self.value(depth: depth))
            self.skipSpace()
            if self.take(UInt8(ascii: "]")) { return .array(values) }
            guard self.take(UInt8(ascii: ",")) else { throw self.unexpected }
        }
    }

    private mutating func string() throws(JSONError) -> String {
        let start = self.offset
        self.offset += 1
        var text: [UInt8] = []
        while let byte = self.peek {
            self.offset += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else { throw .invalidText(offset: start) }
                return string
            case UInt8(ascii: "\\"): text.append(contentsOf: try self.escape())
            case 0..<0x20: throw .unexpectedByte(offset: self.offset - 1)
            default: text.append(byte)
            }
        }
        throw .unexpectedEnd
    }

    private mutating func escape() throws(JSONError) -> [UInt8] {
        guard let byte = self.peek else { throw .unexpectedEnd }
        self.offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0c]
        case UInt8(ascii: "n"): return [0x0a]
        case UInt8(ascii: "r"): return [0x0d]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"):
            let start = self.offset
            var code = try self.fourHexDigits()
            if (0xd800..<0xdc00).contains(code) {
                guard self.take(UInt8(ascii: "\\")), self.take(UInt8(ascii: "u")) else {
                    throw .invalidText(offset: start)
                }
                let low = try self.fourHexDigits()
                guard (0xdc00..<0xe000).contains(low) else { throw .invalidText(offset: start) }
                code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw .invalidText(offset: start) }
            return Array(String(Character(scalar)).utf8)
        default: throw .unexpectedByte(offset: self.offset - 1)
        }
    }

    private mutating func fourHexDigits() throws(JSONError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = self.peek else { throw .unexpectedEnd }
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw .unexpectedByte(offset: self.offset)
            }
            code = code << 4 | UInt32(digit)
            self.offset += 1
        }
        return code
    }

    private mutating func number() throws(JSONError) -> JSONNumber {
        let start = self.offset
        _ = self.take(UInt8(ascii: "-"))
        if !self.take(UInt8(ascii: "0")) { try self.digits() }
        if self.take(UInt8(ascii: ".")) { try self.digits() }
        if self.peek == UInt8(ascii: "e") || self.peek == UInt8(ascii: "E") {
            self.offset += 1
            if !self.take(UInt8(ascii: "+")) { _ = self.take(UInt8(ascii: "-")) }
            try self.digits()
        }
        return JSONNumber(verified: String(decoding: self.bytes[start..<self.offset], as: UTF8.self))
    }

    private mutating func digits() throws(JSONError) {
        guard let first = self.peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            throw self.unexpected
        }
        while let byte = self.peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            self.offset += 1
        }
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for byte in word.utf8 {
            guard self.take(byte) else { throw self.unexpected }
        }
        return value
    }

    private var peek: UInt8? { self.offset < self.bytes.count ? self.bytes[self.offset] : nil }

    private var unexpected: JSONError {
        self.offset < self.bytes.count ? .unexpectedByte(offset: self.offset) : .unexpectedEnd
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard self.peek == byte else { return false }
        self.offset += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = self.peek, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d {
            self.offset += 1
        }
    }
}
