/// A text with operators, ready to be filled in.
struct AccessTemplate: Hashable, Sendable {
    /// A part of the text.
    enum Part: Hashable, Sendable {
        /// Bytes as they are.
        case bytes([UInt8])
        /// A value; of a text at most so many bytes.
        case value(AccessOperator, limit: Int)
    }

    /// The longest text that is read, in bytes.
    static let maximumBytes = 16_384
    /// The most parts of a text.
    static let maximumParts = 512
    /// The most bytes that one value shows.
    static let maximumValueBytes = 4_096

    let parts: [Part]

    /// Reads a text in which operators stand as `%NAME%`, `%NAME(ARGUMENT)%` or `%NAME(ARGUMENT):LENGTH%`.
    init(_ text: String, parser: inout AccessOperatorParser) throws(AccessLogError) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.maximumBytes else { throw .tooLong(limit: Self.maximumBytes) }
        var parts: [Part] = []
        var literal: [UInt8] = []
        var next = 0
        while next < bytes.count {
            guard bytes[next] == UInt8(ascii: "%") else {
                literal.append(bytes[next])
                next += 1
                continue
            }
            if next + 1 < bytes.count, bytes[next + 1] == UInt8(ascii: "%") {
                literal.append(UInt8(ascii: "%"))
                next += 2
                continue
            }
            if !literal.isEmpty { parts.append(.bytes(literal)) }
            literal = []
            let (name, argument, limit, end) = try Self.command(bytes, next)
            parts.append(.value(try parser.read(name, argument), limit: limit))
            guard parts.count <= Self.maximumParts else { throw .tooLong(limit: Self.maximumParts) }
            next = end
        }
        if !literal.isEmpty { parts.append(.bytes(literal)) }
        self.parts = parts
    }

    /// The operator whose percent sign stands at `start`, and the place behind it.
    private static func command(
        _ bytes: [UInt8],
        _ start: Int
    ) throws(AccessLogError) -> (name: String, argument: String?, limit: Int, end: Int) {
        var next = start + 1
        while next < bytes.count, Self.isNameByte(bytes[next]) { next += 1 }
        guard next > start + 1, next < bytes.count else { throw .malformed(at: start) }
        let name = String(decoding: bytes[(start + 1)..<next], as: UTF8.self)
        if let (limit, end) = Self.end(bytes, next) { return (name, nil, limit, end) }
        guard bytes[next] == UInt8(ascii: "(") else { throw .malformed(at: start) }
        // The argument may hold parentheses and percent signs: it ends where an operator can end.
        for place in next..<bytes.count where bytes[place] == UInt8(ascii: ")") {
            guard let (limit, end) = Self.end(bytes, place + 1) else { continue }
            guard let argument = String(validating: bytes[(next + 1)..<place], as: UTF8.self) else { break }
            return (name, argument, limit, end)
        }
        throw .malformed(at: start)
    }

    /// `%` or `:LENGTH%`.
    private static func end(_ bytes: [UInt8], _ start: Int) -> (limit: Int, end: Int)? {
        guard start < bytes.count else { return nil }
        if bytes[start] == UInt8(ascii: "%") { return (Self.maximumValueBytes, start + 1) }
        guard bytes[start] == UInt8(ascii: ":") else { return nil }
        var next = start + 1
        var limit = 0
        while next < bytes.count, (48...57).contains(bytes[next]), next - start <= 6 {
            limit = limit * 10 + Int(bytes[next] - 48)
            next += 1
        }
        guard limit > 0, next < bytes.count, bytes[next] == UInt8(ascii: "%") else { return nil }
        return (min(limit, Self.maximumValueBytes), next + 1)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (48...57).contains(byte) || (65...90).contains(byte)
    }
}

extension AccessTemplate {
    /// Appends the filled text; what isn't known shows as a dash.
    /// - Parameter escapesLiterals: whether the bytes between operators are escaped as well, for JSON.
    func append(_ record: RequestRecord, escapesLiterals: Bool = false, to bytes: inout [UInt8]) {
        for part in self.parts {
            switch part {
            case .bytes(let literal) where escapesLiterals:
                LogText.append(String(decoding: literal, as: UTF8.self), limit: literal.count, to: &bytes)
            case .bytes(let literal): bytes.append(contentsOf: literal)
            case .value(let operation, let limit):
                switch operation.value(record) {
                case .text(let text): LogText.append(Self.cut(text, limit), limit: Self.maximumValueBytes, to: &bytes)
                case .number(let number): bytes.append(contentsOf: "\(number)".utf8)
                case nil: bytes.append(UInt8(ascii: "-"))
                }
            }
        }
    }

    /// The value where the text is one operator and nothing else, so that JSON can show numbers as such.
    var single: (operation: AccessOperator, limit: Int)? {
        guard self.parts.count == 1, case .value(let operation, let limit) = self.parts.first else { return nil }
        return (operation, limit)
    }

    /// The first bytes of a text, never with half a character at the end. Only what the format asks to be cut is cut
    /// without a mark.
    static func cut(_ text: String, _ limit: Int) -> String {
        guard limit < Self.maximumValueBytes, text.utf8.count > limit else { return text }
        var kept = ""
        var left = limit
        for scalar in text.unicodeScalars {
            left -= UTF8.width(scalar)
            if left < 0 { break }
            kept.unicodeScalars.append(scalar)
        }
        return kept
    }
}
