/// What follows a backslash.
extension RegularExpressionParser {
    /// An escape outside of a class, whose backslash is taken.
    mutating func escape() throws(RegularExpressionError) -> Node {
        switch self.rest.first {
        case "b": return self.assertion(.wordBoundary)
        case "B": return self.assertion(.noWordBoundary)
        case "A": return self.assertion(.textStart)
        case "z": return self.assertion(.textEnd)
        case "E":
            // Ends nothing here; RE2's admission lets it stand.
            self.rest.removeFirst()
            return .empty
        default: break
        }
        switch try self.escapedItem() {
        case .scalar(let scalar): return self.literal(scalar)
        case .set(let set): return .scalar(set)
        }
    }

    private mutating func assertion(_ assertion: Node.Assertion) -> Node {
        self.rest.removeFirst()
        return .assertion(assertion)
    }

    enum EscapedItem {
        case scalar(Unicode.Scalar)
        case set(ScalarSet)
    }

    /// An escape that stands for scalars, in a class or outside of one.
    mutating func escapedItem() throws(RegularExpressionError) -> EscapedItem {
        guard let letter = self.rest.popFirst() else { throw self.fault("the pattern ends with a backslash") }
        if let set = ScalarSet.perl(letter) { return .set(set) }
        switch letter {
        case "a": return .scalar("\u{07}")
        case "f": return .scalar("\u{0c}")
        case "t": return .scalar("\t")
        case "n": return .scalar("\n")
        case "r": return .scalar("\r")
        case "v": return .scalar("\u{0b}")
        case "0": return .scalar(self.octal())
        case "x": return .scalar(try self.hexadecimal())
        case "p": return .set(try self.property())
        case "P": return .set(try self.property().complement)
        case "1"..."9": throw self.fault("back references are not supported")
        default:
            let isNamed = letter == "_" ? false : ScalarSet.word.contains(letter.value)
            guard letter.isASCII, !isNamed else { throw self.fault("'\\\(letter)' is not supported") }
            return .scalar(letter)
        }
    }

    /// Up to two octal digits after `\0`.
    private mutating func octal() -> Unicode.Scalar {
        var value: UInt8 = 0
        for _ in 0..<2 {
            guard let digit = self.rest.first, ("0"..."7").contains(digit) else { break }
            self.rest.removeFirst()
            value = value * 8 + UInt8(truncatingIfNeeded: digit.value - 0x30)
        }
        return Unicode.Scalar(value)
    }

    private mutating func hexadecimal() throws(RegularExpressionError) -> Unicode.Scalar {
        var digits = self.rest.prefix(2)
        if self.take("{"), let end = self.rest.firstIndex(of: "}") {
            digits = self.rest[..<end]
            self.rest = self.rest[(end + 1)...]
            guard digits.count <= 6 else { throw self.fault("'\\x{' takes up to six digits") }
        } else {
            guard digits.count == 2 else { throw self.fault("'\\x' needs two digits, or up to six in braces") }
            self.rest = self.rest.dropFirst(2)
        }
        let text = String(String.UnicodeScalarView(digits))
        guard text.utf8.allSatisfy({ $0 != 0x2b && $0 != 0x2d }), let value = UInt32(text, radix: 16),
            let scalar = Unicode.Scalar(value)
        else { throw self.fault("'\\x' needs two digits, or up to six in braces") }
        return scalar
    }

    private mutating func property() throws(RegularExpressionError) -> ScalarSet {
        guard let first = self.rest.popFirst() else { throw self.fault("'\\p' needs a class") }
        var name = String(first)
        var isNegated = false
        if first == "{" {
            guard let end = self.rest.firstIndex(of: "}") else { throw self.fault("'\\p{' is not closed") }
            isNegated = self.take("^")
            name = String(String.UnicodeScalarView(self.rest[..<end]))
            self.rest = self.rest[(end + 1)...]
        }
        guard let set = ScalarSet.unicode(name) else { throw self.fault("'\\p{\(name)}' is not supported") }
        return isNegated ? set.complement : set
    }
}
