/// A word of an expression.
enum ExpressionToken: Hashable, Sendable {
    case name(String)
    case text(String)
    case number(Int64)
    /// An operator or a bracket.
    case mark(String)
}

/// Splits an expression's text into words.
struct ExpressionLexer {
    private static let pairs = ["&&", "||", "==", "!=", "<=", ">="]
    private static let singles = "()[]{},.!<>?:+-"

    private let bytes: [UInt8]
    private var next = 0

    init(_ text: String) { self.bytes = Array(text.utf8) }

    /// All words with the places where they begin.
    static func tokens(_ text: String, limit: Int) throws(ExpressionError) -> [(token: ExpressionToken, place: Int)] {
        var lexer = ExpressionLexer(text)
        var tokens: [(token: ExpressionToken, place: Int)] = []
        while let found = try lexer.token() {
            guard tokens.count < limit else { throw .tooComplex }
            tokens.append(found)
        }
        return tokens
    }

    private var byte: UInt8? { self.next < self.bytes.count ? self.bytes[self.next] : nil }

    private mutating func token() throws(ExpressionError) -> (token: ExpressionToken, place: Int)? {
        while let byte = self.byte, byte == 0x20 || (0x09...0x0d).contains(byte) { self.next += 1 }
        guard let byte = self.byte else { return nil }
        let place = self.next
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") { return (try self.text(byte), place) }
        if Self.isDigit(byte) { return (try self.number(), place) }
        if Self.isLetter(byte) {
            let start = self.next
            while let byte = self.byte, Self.isLetter(byte) || Self.isDigit(byte) { self.next += 1 }
            return (.name(String(decoding: self.bytes[start..<self.next], as: UTF8.self)), place)
        }
        let pair = String(decoding: self.bytes[place..<min(place + 2, self.bytes.count)], as: UTF8.self)
        if Self.pairs.contains(pair) {
            self.next += 2
            return (.mark(pair), place)
        }
        let single = Unicode.Scalar(byte)
        guard byte < 0x80, Self.singles.unicodeScalars.contains(single) else {
            throw .unexpected("character", at: place)
        }
        self.next += 1
        return (.mark(String(Character(single))), place)
    }

    private mutating func text(_ quote: UInt8) throws(ExpressionError) -> ExpressionToken {
        let place = self.next
        self.next += 1
        var content: [UInt8] = []
        while let byte = self.byte {
            self.next += 1
            if byte == quote {
                // The text was valid and is only cut at ASCII bytes, so this always is.
                return .text(String(decoding: content, as: UTF8.self))
            }
            guard byte == UInt8(ascii: "\\") else {
                content.append(byte)
                continue
            }
            guard let escaped = self.byte else { break }
            self.next += 1
            switch escaped {
            case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"), UInt8(ascii: "?"):
                content.append(escaped)
            case UInt8(ascii: "n"): content.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "r"): content.append(UInt8(ascii: "\r"))
            case UInt8(ascii: "t"): content.append(UInt8(ascii: "\t"))
            default: throw .invalidString(at: place)
            }
        }
        throw .invalidString(at: place)
    }

    private mutating func number() throws(ExpressionError) -> ExpressionToken {
        let place = self.next
        var value: Int64 = 0
        while let byte = self.byte, Self.isDigit(byte) {
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = scaled.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
            guard !overflow, !carry else { throw .invalidNumber(at: place) }
            value = sum
            self.next += 1
        }
        // `400u` is an unsigned number of CEL; they compare alike here.
        if self.byte == UInt8(ascii: "u") { self.next += 1 }
        if let byte = self.byte, Self.isLetter(byte) || byte == UInt8(ascii: ".") { throw .invalidNumber(at: place) }
        return .number(value)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
